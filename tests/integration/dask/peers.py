"""dask-gateway and dask-jobqueue in a separate environment, on top of that of the tests."""

import site
import subprocess
import sys
from pathlib import Path

import pytest
from tests.support.kept_folders import kept_folder

PACKAGES = ("dask-gateway", "dask-gateway-server", "dask-jobqueue", "cryptography")


def python_with_peers() -> str:
    """Return its Python; it is created once. Skip the test if the packages cannot be installed."""
    ours = [sys.prefix, sys.version, *site.getsitepackages(), *PACKAGES]
    return str(kept_folder("dask-peers", "\n".join(ours), _install) / "bin" / "python")


def _install(folder: Path) -> None:
    _run(sys.executable, "-m", "venv", str(folder))
    lines = [f"import site; site.addsitedir({path!r})" for path in site.getsitepackages()]
    (place,) = folder.glob("lib/python*/site-packages")
    (place / "ours.pth").write_text("\n".join(lines))
    _run(str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", *PACKAGES)


def _run(*words: str) -> None:
    done = subprocess.run(words, capture_output=True, text=True, timeout=600, check=False)
    if done.returncode:
        pytest.skip(f"{' '.join(PACKAGES)} cannot be installed: {done.stderr.strip()[-500:]}")
