"""The build back end: jupyter-packaging, with the editable installs that it lacks.

If the browser bundle has to be built and this machine has no recent Node, the build environment
gets one from PyPI.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from jupyter_packaging.build_api import build_sdist, build_wheel
from setuptools import build_meta
from setuptools.build_meta import (
    prepare_metadata_for_build_editable,
    prepare_metadata_for_build_wheel,
)

import bundle

__all__ = [
    "build_editable",
    "build_sdist",
    "build_wheel",
    "get_requires_for_build_editable",
    "get_requires_for_build_sdist",
    "get_requires_for_build_wheel",
    "prepare_metadata_for_build_editable",
    "prepare_metadata_for_build_wheel",
]

Settings = dict[str, Any] | None


def get_requires_for_build_sdist(config_settings: Settings = None) -> list[str]:
    """Return the packages for building an sdist (PEP 517)."""
    known = build_meta.get_requires_for_build_sdist(config_settings)
    return [*known, *bundle.requirements(Path.cwd())]


def get_requires_for_build_wheel(config_settings: Settings = None) -> list[str]:
    """Return the packages for building a wheel (PEP 517)."""
    known = build_meta.get_requires_for_build_wheel(config_settings)
    return [*known, *bundle.requirements(Path.cwd())]


def get_requires_for_build_editable(config_settings: Settings = None) -> list[str]:
    """Return the packages for an editable build (PEP 660)."""
    known = build_meta.get_requires_for_build_editable(config_settings)
    return [*known, *bundle.requirements(Path.cwd())]


def build_editable(
    wheel_directory: str, config_settings: Settings = None, metadata_directory: str | None = None
) -> str:
    """Build an editable wheel that enables the server extension (PEP 660)."""
    make = bundle.builder()
    if make:
        make()
    name = build_meta.build_editable(wheel_directory, config_settings, metadata_directory)
    return _add_server_config(Path(wheel_directory), name)


def _add_server_config(directory: Path, name: str) -> str:
    """Add the file that enables the server extension to an editable wheel.

    setuptools leaves data files out of editable wheels. The browser bundle stays out: uninstalling
    would delete it through the link of `jupyter labextension develop`.
    """
    with tempfile.TemporaryDirectory() as folder:
        _wheel("unpack", "--dest", folder, str(directory / name))
        (root,) = Path(folder).iterdir()
        target = root / f"{root.name}.data/data/etc/jupyter/jupyter_server_config.d"
        target.mkdir(parents=True)
        shutil.copy("jupyter_ext/nbyard/etc/nbyard.json", target)
        (directory / name).unlink()
        _wheel("pack", "--dest-dir", str(directory), str(root))
    (wheel,) = directory.glob("*.whl")
    return wheel.name


def _wheel(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "wheel", *arguments], check=True, stdout=sys.stderr)
