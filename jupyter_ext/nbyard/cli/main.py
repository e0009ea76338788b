"""The command `nbyard`."""

import atexit
import gc
import os
import re
import sys
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import click
from traitlets import TraitError

from nbyard import __version__
from nbyard.cli.commands.run import run
from nbyard.cli.commands.system import doctor, openapi
from nbyard.cli.output.console import say
from nbyard.errors import Invalid, NbyardError, NotFound, PolicyRefused, Unavailable

SELDOM = 100_000
LINE = re.compile(r"^requirements\.(\d+)$")
ELSEWHERE = (
    "{name} is on this machine, and a server reads the files below its root folder. Copy the file"
    " there, with the files that it needs; nbyard datasets add sends a file of data."
)
EXIT_FAILED, EXIT_USAGE, EXIT_MISSING, EXIT_SERVER = 1, 2, 3, 5


class Nouns(click.Group):
    """A group of nouns in the plural, which also accepts the singular.

    Nouns are loaded only when one is named or all are listed, so that other commands start fast.
    """

    @cached_property
    def nouns(self) -> dict[str, click.Group]:
        from nbyard.cli.generated_commands import noun_groups

        return {str(group.name): group for group in noun_groups()}

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted([*super().list_commands(ctx), *self.nouns])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        own = super().get_command(ctx, cmd_name)
        return own or self.nouns.get(cmd_name) or self.nouns.get(f"{cmd_name}s")

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        name, command, rest = super().resolve_command(ctx, args)
        return (command.name if command else name), command, rest


@click.group(cls=Nouns, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="nbyard")
def nbyard() -> None:
    """Run notebooks, scripts and workflows.

    Everything is also available in JupyterLab.

    \b
    Examples:
      nbyard run analysis.ipynb -p alpha=0.1
      nbyard run pipeline.nbflow --name nightly --json
      nbyard runs log nightly
    """


nbyard.add_command(run)
nbyard.add_command(doctor)
nbyard.add_command(openapi)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; print an error as one sentence and exit with a code.

    Exit codes: 0 done, 1 the run failed or was cancelled, 2 usage, 3 not found, 5 server not
    reachable, 130 interrupted.
    """
    if arguments is None:  # a short command creates hardly any garbage
        gc.set_threshold(SELDOM)
        atexit.register(gc.freeze)  # skips the slow garbage collection at exit
    try:
        code = nbyard.main(arguments, prog_name="nbyard", standalone_mode=False)
        sys.exit(code if isinstance(code, int) else 0)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except click.Abort:
        sys.exit(130)
    except NbyardError as error:
        words = sys.argv[1:] if arguments is None else arguments
        sys.exit(_tell(error, words))
    except TraitError as error:  # raised by the settings
        say(f"Error: {error}")
        sys.exit(EXIT_USAGE)


def _tell(error: NbyardError, words: Sequence[str] = ()) -> int:
    say(f"Error: {error.message}")
    shown = error.message
    for detail in error.details:
        place = LINE.sub(r"requirements, line \1", detail.path)
        # Do not repeat a detail that the message already contains.
        is_told = len(error.details) == 1 or place in shown
        if not is_told or detail.message not in shown:
            say(f"  {place}: {detail.message}")
    if hint := error.hint or _elsewhere(error, words):
        say(hint)
    if isinstance(error, Invalid | PolicyRefused):
        return EXIT_USAGE
    if isinstance(error, NotFound):
        return EXIT_MISSING
    return EXIT_SERVER if isinstance(error, Unavailable) else EXIT_FAILED


def _elsewhere(error: NbyardError, words: Sequence[str]) -> str:
    """Return a hint if a local file was named to a server, which reads its own files only."""
    to_server = "NBYARD_SERVER" in os.environ or any(w.startswith("--server") for w in words)
    if not (to_server and isinstance(error, Invalid | NotFound)):
        return ""
    given = (word.rpartition("=")[2] for word in words)
    here = next((name for name in given if name in error.message and Path(name).is_file()), "")
    return ELSEWHERE.format(name=here) if here else ""


if __name__ == "__main__":
    main()
