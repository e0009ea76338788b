"""dask-gateway and dask-jobqueue in an environment of their own, on top of ours."""

import hashlib
import shutil
import site
import subprocess
import sys

import pytest

from nbyard.testing.engine import cache_folder

PACKAGES = ("dask-gateway", "dask-gateway-server", "dask-jobqueue", "cryptography")


def python_with_peers() -> str:
    """Its Python; made once. Skips the test where they cannot be installed."""
    ours = [sys.prefix, sys.version, *site.getsitepackages(), *PACKAGES]
    digest = hashlib.sha256("\n".join(ours).encode()).hexdigest()[:12]
    folder = cache_folder() / f"dask-peers-{digest}"
    python, whole = folder / "bin" / "python", folder / "whole"
    if not whole.exists():
        shutil.rmtree(folder, ignore_errors=True)
        _run(sys.executable, "-m", "venv", str(folder))
        lines = [f"import site; site.addsitedir({path!r})" for path in site.getsitepackages()]
        (place,) = folder.glob("lib/python*/site-packages")
        (place / "ours.pth").write_text("\n".join(lines))
        _run(str(python), "-m", "pip", "install", "--quiet", *PACKAGES)
        whole.touch()
    return str(python)


def _run(*words: str) -> None:
    done = subprocess.run(words, capture_output=True, text=True, timeout=600, check=False)
    if done.returncode:
        pytest.skip(f"{' '.join(PACKAGES)} cannot be installed: {done.stderr.strip()[-500:]}")
