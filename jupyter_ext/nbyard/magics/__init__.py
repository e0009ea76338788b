"""The magics `%nbyard` and `%%nbyard`, with which notebooks use this machine's store."""

from typing import Any

from nbyard.magics.magic_verbs import Completion, NbyardMagics
from nbyard.magics.register_cells import register_decorated


def load_ipython_extension(shell: Any) -> None:
    """Register the magics and their completion. IPython calls this for `%load_ext nbyard`."""
    magics = NbyardMagics(shell)
    shell.register_magics(magics)
    complete = Completion(magics)
    for key in ("%nbyard", "%%nbyard"):
        shell.set_hook("complete_command", complete, str_key=key)
    shell.events.register("post_run_cell", lambda result: register_decorated(magics, result))
