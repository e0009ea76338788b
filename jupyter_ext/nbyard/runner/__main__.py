"""The command line: `python runner/__main__.py FOLDER` or `python -m nbyard.runner FOLDER`.

Options: `--foreground`, `--alone` or `--serve` (see the package's docstring).

Exit status:
    0: a supervisor runs or has run the attempt in FOLDER, be it this one or another one
    2: FOLDER is missing on the command line, or its task.json cannot be read
    3: the supervisor cannot start
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys

# The modules that a supervisor starts as processes of their own.
WORK = {
    "--notebook": "work.run_notebook",
    "--call": "work.run_function",
    "--calls": "work.function_calls",
}
USAGE = "usage: runner [--foreground | --alone | --serve] FOLDER\n"


def _load_package() -> str:
    """Load the package `runner` from this file's folder, and return its name.

    Python runs this file as a script without a package, so relative imports would fail. The name
    cannot collide with an installed package.
    """
    # Python puts the folder of a script first on the path. There, modules such as `reasons` would
    # hide those of the work.
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry or ".") != here]
    spec = importlib.util.spec_from_file_location(
        "nbyard_runner", os.path.join(here, "__init__.py"), submodule_search_locations=[here]
    )
    assert spec is not None and spec.loader is not None
    package = importlib.util.module_from_spec(spec)
    sys.modules["nbyard_runner"] = package
    spec.loader.exec_module(package)
    return "nbyard_runner"


if not __package__:
    __package__ = _load_package()


def main(argv: list[str]) -> int:
    """Run a supervisor, a parent of supervisors or the work, as `argv` says.

    Return the exit status. The options in WORK and `--parent` are internal: nbyard passes them to
    its own child processes.
    """
    # Imported by name: each process loads only the modules of its own part and starts fast.
    if argv and argv[0] in WORK and len(argv) == 3:
        work = importlib.import_module(f".{WORK[argv[0]]}", __package__)
        return int(work.main(argv[1], int(argv[2])))
    if argv[:1] == ["--parent"] and len(argv) in (2, 4):
        from .prefork.parent import main as serve
        from .prefork.pool import Pool

        return serve(int(argv[1]), Pool(int(argv[2]), int(argv[3])) if argv[2:] else None)
    serving, foreground = "--serve" in argv, "--foreground" in argv
    folders = [word for word in argv if not word.startswith("--")]
    if len(folders) != 1:
        sys.stderr.write(USAGE)
        return 2
    from .supervision.start_supervisor import start_supervisor

    if serving or "--alone" in argv:
        from . import container_main

        return container_main.serve(folders[0]) if serving else container_main.run(folders[0])
    return start_supervisor(folders[0], foreground=foreground)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
