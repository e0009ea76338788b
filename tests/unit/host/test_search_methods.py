"""Search methods of a document are checked at the edge; errors name the field."""

import importlib.util
from typing import Any

import pytest

from nbyard.domain.maps.structs import Map, Range, Search
from nbyard.domain.workflows.structs import Document, Node
from nbyard.errors import Invalid
from nbyard.host.entry_points import check_searches


def document(**search: Any) -> Document:
    each = Search({"lr": Range(0.0, 1.0)}, **search)
    return Document(1, nodes={"a": Node("executable", map=Map(each)), "b": Node("executable")})


@pytest.mark.parametrize("search", [{}, {"by": "halton"}, {"by": "optuna", "goal": "score"}])
def test_installed_methods_are_accepted(search: dict[str, Any]) -> None:
    check_searches(document(**search))


@pytest.mark.parametrize(
    ("search", "field", "text"),
    [
        ({"by": "grid-search"}, "by", "halton, optuna, random"),
        ({"by": "optuna"}, "goal", "metric"),
        ({"goal": "score"}, "goal", "random"),
    ],
)
def test_a_wrong_search_names_its_field(search: dict[str, Any], field: str, text: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_searches(document(**search))
    assert refused.value.details[0].path == f"document.nodes.a.map.each.{field}"
    assert text in refused.value.details[0].message


def test_a_missing_package_comes_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(Invalid, match="pip install optuna"):
        check_searches(document(by="optuna", goal="score"))
