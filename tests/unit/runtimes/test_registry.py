"""Runtimes come from entry points."""

from collections.abc import Iterator
from importlib.metadata import EntryPoint

import pytest

from nbyard.errors import Invalid
from nbyard.host import entry_points
from nbyard.runtimes import registry


@pytest.fixture(autouse=True)
def installed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    entry_points.offered.cache_clear()
    point = EntryPoint("process", "nbyard.runtimes.process:ProcessRuntime", registry.GROUP)
    monkeypatch.setattr(entry_points, "entry_points", lambda group: [point])
    yield
    entry_points.offered.cache_clear()


def test_by_name() -> None:
    assert registry.names() == ["process"]
    assert registry.load("process").name == "process"
    with pytest.raises(Invalid, match="present: process"):
        registry.load("moon")
