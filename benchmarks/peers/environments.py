"""Create the environments of peers once with uv or pip, in the user's cache folder."""

import hashlib
import os
import shutil
import subprocess
import sys
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

# Packages whose versions are the same for all peers.
SAME = ("ipykernel", "ipython", "jupyter_client", "nbclient", "nbformat", "papermill", "pyzmq")
SECONDS = 900
# Why a peer takes no part with --smallest.
NEEDS_OWN = "not chosen; it needs an environment of its own"


class CannotTakePart(Exception):
    """The peer cannot be installed or does not start; the message is for users."""


def python_with(name: str, packages: tuple[str, ...], same: tuple[str, ...] = SAME) -> Path:
    """Return the interpreter of an environment with these packages.

    The packages in `same` have the versions of our own environment.

    Raises:
        CannotTakePart: the installation failed; the message has the installer's last lines.
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
        _call(*_installer(python), "--quiet", *wishes)
        complete.touch()
    return python


def _installer(python: Path) -> list[str]:
    # For Elyra, pip searched for more than 20 minutes. uv sees in seconds that no versions fit.
    if find_spec("uv"):
        return [sys.executable, "-m", "uv", "pip", "install", f"--python={python}"]
    return [str(python), "-m", "pip", "install"]


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
