"""E10: a run of one executable."""

import pytest

from nbyard.domain.arguments import Argument
from nbyard.domain.datasets import FileSource, NewDataset
from nbyard.domain.runs import NewRun
from nbyard.errors import Invalid, TooLarge
from nbyard.services.single import given_values, single_document

ARGUMENTS = {
    a.name: a
    for a in (Argument("n", type="int"), Argument("s"), Argument("out", role="output"))
}  # fmt: skip


def test_inputs_become_data_nodes(yard, ann, tool, root):
    (root / "d.csv").write_text("a\n")
    body = NewRun(path=tool, parameters={"source": "d.csv"}, texts={"times": "2"})
    document, base = single_document(yard.parts, ann, body)
    assert set(document.nodes) == {"main", "in_source"}
    assert document.nodes["in_source"].path == "d.csv"
    assert document.nodes["main"].arguments["times"].value == 2
    assert base == "."


def test_an_input_that_is_not_there_is_named_as_its_argument(yard, ann, tool):
    with pytest.raises(Invalid) as refused:
        single_document(yard.parts, ann, NewRun(path=tool, parameters={"source": "gone.csv"}))
    assert [detail.path for detail in refused.value.details] == ["parameters.source"]
    assert "in_source" not in refused.value.message
    assert "gone.csv" in refused.value.message


def test_a_dataset_that_is_not_ready_is_named_as_the_argument(yard, ann, tool, root):
    (root / "d.csv").write_text("a\n")
    yard.services.datasets.create(ann, NewDataset(FileSource("d.csv"), "slow"))
    with pytest.raises(Invalid, match="'slow' is not ready") as refused:
        single_document(yard.parts, ann, NewRun(path=tool, parameters={"source": "slow"}))
    assert [detail.path for detail in refused.value.details] == ["parameters.source"]


def test_values_and_texts():
    body = NewRun(parameters={"s": "x"}, texts={"n": "5"})
    assert given_values(ARGUMENTS, body, "it") == {"s": "x", "n": 5}


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (NewRun(parameters={"zz": 1}), Invalid),
        (NewRun(parameters={"x = 1\nimport os": 1}), Invalid),
        (NewRun(parameters={"n": "5"}), Invalid),
        (NewRun(parameters={"n": True}), Invalid),
        (NewRun(texts={"n": "5.5"}), Invalid),
        (NewRun(parameters={"s": "a\0b"}), Invalid),
        (NewRun(parameters={"out": "x.csv"}), Invalid),
        (NewRun(texts={"out": "x.csv"}), Invalid),
        (NewRun(parameters={"s": "x" * 1_000_001}), TooLarge),
    ],
)
def test_what_is_refused_names_the_parameter(body, error):
    """Q1."""
    with pytest.raises(error) as refused:
        given_values(ARGUMENTS, body, "it")
    assert refused.value.details[0].path.startswith("parameters.")
