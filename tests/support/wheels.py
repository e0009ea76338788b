"""Create small wheels in a folder, for pip and uv without a network."""

import os
import zipfile
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PLAIN = {"extra": ""}
TAG = "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n"

# A build backend (PEP 517, PEP 660) that needs only Python.
BACKEND = """\
import os, zipfile
HERE = os.path.dirname(os.path.abspath(__file__))
HEAD = {head!r}
TOLD = {{HEAD + "/METADATA": {metadata!r}, HEAD + "/WHEEL": {tag!r}}}

def prepare_metadata_for_build_wheel(folder, settings=None):
    os.mkdir(os.path.join(folder, HEAD))
    for place, text in TOLD.items():
        with open(os.path.join(folder, place), "w") as file:
            file.write(text)
    return HEAD

prepare_metadata_for_build_editable = prepare_metadata_for_build_wheel

def build_wheel(folder, settings=None, metadata=None):
    with open(os.path.join(HERE, {module!r})) as file:
        return wheel(folder, {{{module!r}: file.read()}})

def build_editable(folder, settings=None, metadata=None):
    return wheel(folder, {{{name!r} + ".pth": HERE + os.linesep}})

def wheel(folder, files):
    files = {{**files, **TOLD}}
    files[HEAD + "/RECORD"] = "".join(place + ",,\\n" for place in [*files, HEAD + "/RECORD"])
    with zipfile.ZipFile(os.path.join(folder, {wheel!r}), "w") as archive:
        for place, text in files.items():
            archive.writestr(place, text)
    return {wheel!r}
"""
PROJECT = """\
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
[project]
name = "{name}"
version = "{version}"
dependencies = {needs}
"""


def project(folder: Path, name: str, version: str, needs: Sequence[str] = ()) -> Path:
    """Create a folder with the sources of one module with a `version`."""
    folder.mkdir(parents=True)
    fields = {"name": name, "head": f"{name}-{version}.dist-info", "tag": TAG}
    fields |= {"metadata": described(name, version, needs), "module": f"{name}.py"}
    fields |= {"wheel": f"{name}-{version}-py3-none-any.whl"}
    (folder / "backend.py").write_text(BACKEND.format(**fields))
    text = PROJECT.format(name=name, version=version, needs=list(needs))
    (folder / "pyproject.toml").write_text(text)
    (folder / f"{name}.py").write_text(f"version = {version!r}\n")
    return folder


def described(name: str, version: str, needs: Sequence[str]) -> str:
    """Return the METADATA of a wheel."""
    head = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    return head + "".join(f"Requires-Dist: {need}\n" for need in needs)


class Wheels:
    """The only source of packages, with a dummy `ipykernel` in it."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch):
        folder.mkdir()
        self.folder = folder
        for tool in ("PIP", "UV"):
            patch.setenv(f"{tool}_NO_INDEX", "1")
            patch.setenv(f"{tool}_FIND_LINKS", str(folder))
        patch.setenv("PIP_CONFIG_FILE", os.devnull)
        patch.setenv("UV_NO_CONFIG", "1")
        patch.setenv("UV_OFFLINE", "1")
        patch.setenv("UV_CACHE_DIR", str(folder / "cache"))
        self.add("ipykernel", "6.30.0")

    def take(self, name: str) -> None:
        """Add an installed package and its dependencies as wheels.

        Kernels that really start need them.
        """
        todo, seen = [name], set[str]()
        while todo:
            distribution = metadata.distribution(todo.pop())
            if (key := canonicalize_name(distribution.name)) not in seen:
                seen.add(key)
                self._pack(distribution)
                needs = [Requirement(line) for line in distribution.requires or ()]
                todo += [
                    need.name for need in needs if not need.marker or need.marker.evaluate(PLAIN)
                ]

    def _pack(self, distribution: metadata.Distribution) -> None:
        """Pack the files of a package, except those that its installation created."""
        name = f"{distribution.name.replace('-', '_')}-{distribution.version}"
        wheel_lines = (distribution.read_text("WHEEL") or "").splitlines()
        tags = [line[5:] for line in wheel_lines if line[:4] == "Tag:" and line[5:8] != "py2"]
        made = ("../", "INSTALLER", "REQUESTED", "direct_url.json")
        path = self.folder / f"{name}-{tags[0]}.whl"
        with zipfile.ZipFile(path, "w") as archive:
            for file in distribution.files or ():
                text = str(file)
                if not text.startswith(made) and not text.endswith((".pyc", *made[1:])):
                    archive.write(str(file.locate()), text)

    def add(self, name: str, version: str, needs: Sequence[str] = ()) -> Path:
        """Create a wheel with one module with a `version`."""
        head = f"{name}-{version}.dist-info"
        files = {
            f"{name}.py": f"version = {version!r}\n",
            f"{head}/METADATA": described(name, version, needs),
            f"{head}/WHEEL": TAG,
        }
        record = "".join(f"{place},,\n" for place in [*files, f"{head}/RECORD"])
        path = self.folder / f"{name}-{version}-py3-none-any.whl"
        with zipfile.ZipFile(path, "w") as archive:
            for place, text in {**files, f"{head}/RECORD": record}.items():
                # Without the present time, equal wheels have equal bytes and so equal hashes.
                archive.writestr(zipfile.ZipInfo(place), text)
        return path
