"""Kinds come from entry points, ours as a stranger's would."""

from collections.abc import Iterator
from importlib.metadata import EntryPoint, EntryPoints

import pytest

from nbyard.errors import Invalid
from nbyard.host import entry_points
from nbyard.kinds import protocol

POINTS = [
    EntryPoint("notebook", "nbyard.kinds.notebook:NotebookKind", protocol.GROUP),
    EntryPoint("command", "nbyard.kinds.command:CommandKind", protocol.GROUP),
]


@pytest.fixture(autouse=True)
def installed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    forget()
    monkeypatch.setattr(entry_points, "installed", lambda: EntryPoints(POINTS))
    yield
    forget()


def forget() -> None:
    entry_points.entry_points_of.cache_clear()
    entry_points.load_entry_point.cache_clear()


def test_a_kind_is_found_by_name() -> None:
    assert protocol.kind_named("notebook").keeps_arguments
    with pytest.raises(Invalid, match="command, notebook"):
        protocol.kind_named("spell")


def test_a_named_kind_loads_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = EntryPoint("spell", "nbyard.kinds.nowhere:Spell", protocol.GROUP)
    monkeypatch.setattr(entry_points, "installed", lambda: EntryPoints([broken, *POINTS]))
    assert protocol.kind_named("command").name == "command"


@pytest.mark.parametrize(
    ("filename", "kind"),
    [("a.ipynb", "notebook"), ("A.IPYNB", "notebook"), ("a.py", "command"), ("tool", "command")],
)
def test_a_kind_is_found_by_file(filename: str, kind: str) -> None:
    assert protocol.kind_of(filename, b"").name == kind
