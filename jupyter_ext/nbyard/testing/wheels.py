"""Small wheels in a folder, from which pip and uv install when nothing else is reachable."""

import os
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest

TAG = "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


class Wheels:
    """The only place that packages come from, with an `ipykernel` in it that is none."""

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

    def add(self, name: str, version: str, needs: Sequence[str] = ()) -> Path:
        """A wheel with one module that knows its `version`."""
        head = f"{name}-{version}.dist-info"
        described = [f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"]
        described += [f"Requires-Dist: {need}\n" for need in needs]
        files = {
            f"{name}.py": f"version = {version!r}\n",
            f"{head}/METADATA": "".join(described),
            f"{head}/WHEEL": TAG,
        }
        record = "".join(f"{place},,\n" for place in [*files, f"{head}/RECORD"])
        path = self.folder / f"{name}-{version}-py3-none-any.whl"
        with zipfile.ZipFile(path, "w") as archive:
            for place, text in {**files, f"{head}/RECORD": record}.items():
                archive.writestr(zipfile.ZipInfo(place), text)
        return path
