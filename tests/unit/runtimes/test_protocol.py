"""Runtimes come from entry points."""

from collections.abc import Iterator
from importlib.metadata import EntryPoint, EntryPoints

import pytest

from nbyard.errors import Invalid
from nbyard.host import entry_points
from nbyard.runtimes import protocol
from nbyard.runtimes.process import ProcessRuntime
from nbyard.settings import Settings

PROCESS = EntryPoint("process", "nbyard.runtimes.process:ProcessRuntime", protocol.GROUP)


@pytest.fixture(autouse=True)
def installed(monkeypatch) -> Iterator[None]:
    entry_points.entry_points_of.cache_clear()
    monkeypatch.setattr(entry_points, "installed", lambda: EntryPoints([PROCESS]))
    yield
    entry_points.entry_points_of.cache_clear()


class Plain:
    name = "plain"


def test_a_runtime_class_gets_the_settings(monkeypatch):
    plain = EntryPoint("plain", f"{__name__}:Plain", protocol.GROUP)
    monkeypatch.setattr(entry_points, "installed", lambda: EntryPoints([PROCESS, plain]))
    made = protocol.load_all(Settings(prepared_parent=True))
    assert isinstance(made["plain"], Plain)
    assert isinstance(made["process"], ProcessRuntime) and made["process"].parents is not None


def test_a_runtime_is_found_by_name() -> None:
    assert [*entry_points.entry_points_of(protocol.GROUP)] == ["process"]
    assert protocol.load_one(Settings(), "process").name == "process"
    with pytest.raises(Invalid, match="present: process"):
        protocol.load_one(Settings(), "moon")
