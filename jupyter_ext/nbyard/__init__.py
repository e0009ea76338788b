"""Drag notebooks into workflows, run them, serve the result: inside JupyterLab.

Importing this package loads nothing else: each host (Jupyter Server, JupyterLab, IPython) calls the
hook that it knows.
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"
HANDOFF = ("NotGiven", "Unfit", "executable", "input", "metric", "output", "port", "secret")


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    return [{"src": "labextension", "dest": "nbyard"}]


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    return [{"module": "nbyard.extension"}]


def __getattr__(name: str) -> Any:
    """What code of people uses, loaded when it is used."""
    if name in HANDOFF:
        return getattr(import_module("nbyard.handoff"), name)
    raise AttributeError(f"module 'nbyard' has no attribute {name!r}")


def load_ipython_extension(shell: Any) -> None:
    """`%load_ext nbyard`."""
    import_module("nbyard.magics").load_ipython_extension(shell)
