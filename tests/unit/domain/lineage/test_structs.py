"""Parts of lineage graphs."""

import pytest

from nbyard.domain.lineage.structs import (
    STARTS,
    Lineage,
    LineageNode,
    Ref,
    check_start,
    hidden_node,
)
from nbyard.errors import Invalid


@pytest.mark.parametrize("kind", STARTS)
def test_a_lineage_starts_at_these_kinds(kind: str) -> None:
    assert check_start(kind) == kind


@pytest.mark.parametrize("kind", ["", "task", "file", "Artifact"])
def test_others_are_refused_with_the_field(kind: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_start(kind)
    assert refused.value.details[0].path == "kind"


def test_a_hidden_node_shows_only_its_kind() -> None:
    assert hidden_node("model") == LineageNode("", "model", is_visible=False)


def test_omitted_records_are_counted_on_both_sides() -> None:
    nodes = [LineageNode("a", "task", more_before=2), LineageNode("b", "task", more_after=3)]
    assert Lineage(nodes, []).left_out == 5
    assert Ref("task", "1").id == "task:1"
