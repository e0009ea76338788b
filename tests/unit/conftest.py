"""What tests of several folders share."""

import subprocess
import sys
from pathlib import Path

import pytest

from nbyard.testing.kept_folders import kept_folder


@pytest.fixture
def nbdime(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make nbdime importable. Installed for all, its extensions would be part of each server."""

    def install(folder: Path) -> None:
        pip = (sys.executable, "-m", "pip", "install", "--quiet", "--no-deps")
        needs = ("nbdime>=4.0", "colorama", "GitPython", "gitdb", "smmap")
        subprocess.run([*pip, "--target", folder, *needs], check=True)

    monkeypatch.syspath_prepend(kept_folder("nbdime", sys.version, install))
