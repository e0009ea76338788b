"""The imports of a process that runs kernels: skips slow ones, and removes what kernels would lack.

Checks that the packages still have the internals that a forked kernel uses.
"""

from __future__ import annotations

import contextlib
import importlib
import sys
from collections.abc import Iterable, Iterator
from types import ModuleType
from typing import Any

# nbformat imports these to validate notebooks. The runner reads and writes notebooks itself.
CHECKER = {"jsonschema": ("Draft4Validator",), "jsonschema.exceptions": ("ErrorTree",)}
REFUSAL = "ValidationError"
# A quarter of ipykernel's start time. These kernels are not debugged from outside.
DEBUGGER = "debugpy"
# Imported by a kernel when it is asked to shut down.
OF_THE_END = "psutil"
RUNNER = str(__package__).rpartition(".")[0]

_of_kernels: set[str] = set()
_removed: dict[str, ModuleType] = {}  # held, as none of their parts may end in a kernel
# Names that a forked kernel relies on, by class. Some exist only while an instance is used.
OF_FORKED_KERNELS = {
    "ipykernel.iostream.OutStream": ("_watch_pipe_fd", "_should_watch", "_fid", "write"),
    "ipykernel.iostream.IOPubThread": ("schedule", "send_multipart", "stop", "close"),
    "ipykernel.iostream.BackgroundSocket": ("io_thread", "send_multipart"),
    "ipykernel.ipkernel.IPythonKernel": (
        *("do_execute", "do_shutdown", "dispatch_shell", "execution_count", "language_info"),
        *("shell", "shell_stream", "iopub_thread", "iopub_socket", "io_loop", "ident", "instance"),
        *("_abort_queues", "_execute_sleep", "_topic"),
    ),
    "ipykernel.kernelapp.IPKernelApp": (
        *("init_pdb", "init_blackhole", "configure_tornado_logger", "init_kernel", "init_shell"),
        *("init_io", "init_signal", "init_path", "init_extensions", "init_gui_pylab", "init_code"),
        *("iopub_thread", "iopub_socket", "displayhook", "session", "start", "connection_file"),
    ),
    "IPython.core.application.BaseIPythonApplication": ("initialize",),
    "IPython.core.interactiveshell.InteractiveShell": (
        *("history_manager", "starting_dir", "exit_now", "displayhook", "atexit_operations"),
    ),
    "jupyter_client.session.Session": ("serialize", "pid", "key"),
}


def session() -> Any:
    """Import nbclient and the module `session` without jsonschema. Return the module."""
    name = f"{__package__}.session"
    if name not in sys.modules and not CHECKER.keys() & sys.modules.keys():
        # Stand-ins for these modules have only the names that are imported from them.
        for checker, classes in CHECKER.items():
            module: Any = ModuleType(checker)
            for class_name in classes:
                setattr(module, class_name, type(class_name, (), {}))
            sys.modules[checker] = module
        setattr(sys.modules["jsonschema.exceptions"], REFUSAL, type(REFUSAL, (Exception,), {}))
        try:
            # other versions may use more of these modules when they are imported
            with contextlib.suppress(ImportError, AttributeError, TypeError):
                importlib.import_module(name)
        finally:
            for checker in CHECKER:
                del sys.modules[checker]
    return importlib.import_module(name)


@contextlib.contextmanager
def no_debugger() -> Iterator[None]:
    """Prevent imports of debugpy, the debugger of ipykernel, within the block."""
    # None makes an import raise ModuleNotFoundError, as if debugpy were not installed.
    sys.modules[DEBUGGER] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules[DEBUGGER]


def note_loaded() -> None:
    """Record the modules that are loaded now as modules that every kernel has."""
    _of_kernels.update(sys.modules)


def forget_others() -> dict[str, ModuleType]:
    """Remove from `sys.modules` what a spawned kernel would not have loaded.

    These are the runner's modules, and third-party modules that `note_loaded` has not recorded.
    Return the removed modules that the kernel needs at its shutdown.
    """
    for name in [*sys.modules]:
        top = name.partition(".")[0]
        # As in a spawned kernel, a file of the project that has the name of such a module must win.
        if top == RUNNER or (name not in _of_kernels and top not in sys.stdlib_module_names):
            _removed[name] = sys.modules.pop(name)
    return {name: module for name, module in _removed.items() if name.startswith(OF_THE_END)}


def check_known_insides() -> None:
    """Check that all internals that a forked kernel uses exist.

    Raises:
        ImportError: A module is missing.
        RuntimeError: A class, or a name of a class, is missing.
    """
    missing: list[str] = []
    for path, names in OF_FORKED_KERNELS.items():
        module, _, name = path.rpartition(".")
        kind = getattr(importlib.import_module(module), name, None)
        if kind is None:
            missing.append(path)
        else:
            known = _names(kind)
            missing += [f"{path}.{each}" for each in names if each not in known]
    if missing:
        raise RuntimeError(f"an unknown version, without {', '.join(missing)}")


def uses(kind: type, names: Iterable[str]) -> bool:
    """Return whether a class defines all of these names or refers to them in its methods."""
    return _names(kind).issuperset(names)


def _names(kind: type) -> set[str]:
    known = set(dir(kind))
    # A name that `__init__` sets is no attribute of the class, but appears in the method's code.
    for each in kind.__mro__:
        for part in vars(each).values():
            known.update(getattr(getattr(part, "__code__", None), "co_names", ()))
    return known
