"""What installed packages offer, by name."""

from collections.abc import Iterator
from importlib.metadata import EntryPoint, EntryPoints

import pytest

from nbyard.errors import Invalid
from nbyard.host import entry_points

GROUP = "anything"


@pytest.fixture(autouse=True)
def installed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    points = [EntryPoint("b", "collections:Counter", GROUP), EntryPoint("a", "no.where:A", GROUP)]
    entry_points.entry_points_of.cache_clear()
    monkeypatch.setattr(entry_points, "installed", lambda: EntryPoints(points))
    yield
    entry_points.entry_points_of.cache_clear()
    entry_points.load_entry_point.cache_clear()


def test_only_the_named_object_is_loaded() -> None:
    assert set(entry_points.entry_points_of(GROUP)) == {"a", "b"}
    assert (
        entry_points.load_entry_point(GROUP, "b") is entry_points.load_entry_point(GROUP, "b") == {}
    )


def test_an_unknown_name_is_refused_with_the_known_ones() -> None:
    assert entry_points.find_entry_point(GROUP, "a", "thing").value == "no.where:A"
    with pytest.raises(Invalid, match=r"'x+' .* \(present: a, b\)") as refused:
        entry_points.find_entry_point(GROUP, "x" * 1000, "thing")
    assert refused.value.details[0].path == "thing" and len(refused.value.message) < 200
