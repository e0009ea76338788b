"""Checks that the packages a forked kernel relies on still have the internals that it uses.

These internals are not part of the packages' documented interfaces, so any version may change them.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable

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
