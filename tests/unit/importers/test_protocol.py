"""Importers come from entry points, ours as a stranger's would."""

import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoint, EntryPoints
from types import ModuleType
from typing import Any

import pytest

from nbyard.domain.executables.nbexec_files import Description
from nbyard.errors import NotFound
from nbyard.host import entry_points
from nbyard.importers import protocol
from nbyard.importers.cwl import CwlImporter
from nbyard.importers.protocol import Imported, Near


class Lines:
    """A file of lines, each the name of a program; nothing writes it."""

    name, suffixes = "lines", (".lines", ".one.lst")

    def read(self, content: bytes, filename: str, near: Near | None = None) -> Imported:
        return Imported(Description(kind="command", command=(content.decode().split()[0],)))


@pytest.fixture(autouse=True)
def installed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    module: Any = ModuleType("theirs")
    module.Lines = Lines
    monkeypatch.setitem(sys.modules, "theirs", module)
    points = [
        EntryPoint("lines", "theirs:Lines", protocol.GROUP),
        EntryPoint("cwl", "nbyard.importers.cwl:CwlImporter", protocol.GROUP),
    ]
    forget()
    monkeypatch.setattr(entry_points, "installed", lambda: EntryPoints(points))
    yield
    forget()


def forget() -> None:
    entry_points.entry_points_of.cache_clear()
    entry_points.load_entry_point.cache_clear()


@pytest.mark.parametrize(
    ("filename", "cls"),
    [("a.cwl", CwlImporter), ("A.CWL", CwlImporter), ("a.one.lst", Lines), ("a.lst", None)],
)
def test_an_importer_is_found_by_file(filename: str, cls: type | None) -> None:
    found = protocol.importer_of(filename)
    assert (None if found is None else type(found)) is cls


def test_some_importers_write() -> None:
    assert {name: suffix for name, (_, suffix) in protocol.exporters().items()} == {"cwl": ".cwl"}


def test_project_folders_are_known_by_their_files(monkeypatch: pytest.MonkeyPatch) -> None:
    point = EntryPoint(
        "nb-workflows", "nbyard.importers.nb_workflows:NbWorkflowsImporter", protocol.OF_PROJECTS
    )
    monkeypatch.setattr(entry_points, "installed", lambda: EntryPoints([point]))
    forget()
    found = protocol.project_importer_of(["a.ipynb", "labfile.yaml"])
    assert found.name == "nb-workflows"
    with pytest.raises(NotFound, match=r"labfile\.yaml, workflows\.yaml"):
        protocol.project_importer_of(["a.ipynb", "sub/labfile.yaml"])
