"""Create the environments of peers once with pip, in the user's cache folder."""

import hashlib
import os
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

# Packages whose versions are the same for all peers.
SAME = ("ipykernel", "ipython", "jupyter_client", "nbclient", "nbformat", "papermill", "pyzmq")
SECONDS = 3600
# Why a peer takes no part with --smallest.
NEEDS_OWN = "not chosen; it needs an environment of its own"


class CannotTakePart(Exception):
    """The peer cannot be installed or does not start; the message is for users."""


def python_with(name: str, packages: tuple[str, ...], same: tuple[str, ...] = SAME) -> Path:
    """Return the interpreter of an environment with these packages.

    The packages in `same` have the versions of our own environment.

    Raises:
        CannotTakePart: the installation failed; the message has pip's last lines.
    """
    wishes = [*packages, *(f"{one}=={version(one)}" for one in same)]
    key = hashlib.sha256("\n".join([sys.version, *sorted(wishes)]).encode()).hexdigest()[:10]
    folder = cache_folder() / f"{name}-{key}"
    python = folder / "bin" / "python"
    complete = folder / "complete"
    if not complete.exists():
        sys.stderr.write(f"installing {' '.join(packages)} in {folder}\n")
        shutil.rmtree(folder, ignore_errors=True)
        _call(sys.executable, "-m", "venv", str(folder))
        _call(str(python), "-m", "pip", "install", "--quiet", *wishes)
        complete.touch()
    return python


def cache_folder() -> Path:
    """Return the folder of environments in the user's cache."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    folder = Path(base) / "nbyard-benchmarks"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _call(*command: str) -> None:
    try:
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=SECONDS)
    except subprocess.CalledProcessError as error:
        lines = [line for line in error.stderr.splitlines() if line.strip()]
        raise CannotTakePart(" ".join(lines[-2:]) or str(error)) from None
    except subprocess.TimeoutExpired:
        raise CannotTakePart(f"it took more than {SECONDS} s") from None
