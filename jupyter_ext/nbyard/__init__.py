"""Drag notebooks into workflows, run them and serve the results, inside JupyterLab.

Importing this package loads nothing else. Each host (Jupyter Server, JupyterLab, IPython) calls
its own hook.
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"
HANDOFF = ("NotGiven", "Unfit", "executable", "input", "log_metric", "output", "port", "secret")


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    return [{"src": "labextension", "dest": "nbyard"}]


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    return [{"module": "nbyard.extension"}]


def __getattr__(name: str) -> Any:
    """Load the functions for users' code at their first use."""
    if name in HANDOFF:
        return getattr(import_module("nbyard.handoff"), name)
    raise AttributeError(f"module 'nbyard' has no attribute {name!r}")


def __dir__() -> list[str]:
    """Return the names for completion, also of functions that are not loaded yet."""
    return sorted({*globals(), *HANDOFF})


def load_ipython_extension(shell: Any) -> None:
    """Register the magics for `%load_ext nbyard`."""
    import_module("nbyard.magics").load_ipython_extension(shell)
