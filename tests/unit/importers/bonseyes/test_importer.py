"""Manifests of dockerised pipelines become descriptions of Dockerfiles and a document."""

import pytest

from nbyard.domain.executables.nbexec_files import read_description
from nbyard.domain.workflows.structs import read_document
from nbyard.errors import Invalid, NbyardError
from nbyard.importers.bonseyes import BonseyesImporter
from nbyard.importers.protocol import ConvertedProject

PIPELINE = """
name: digits
description: Learns digits
artifacts:
  - {name: training-set, tool: split, parameters: {test-share: 0.2}}
  - {name: digits-model, tool: train, inputs: {training-set: training-set}}
"""
SPLIT = """
parameters:
  - {name: test-share, description: of the rows}
output: {name: rows, type: training-set, format: csv}
"""
TRAIN = """
parameters:
  - {name: training-set, kind: artifact, type: training-set}
  - {name: epochs, default: "3"}
  - {name: labels, kind: file}
output: {name: model, type: model}
"""


def convert(pipeline: str = PIPELINE, split: str = SPLIT, train: str = TRAIN) -> ConvertedProject:
    files = {"pipeline.yml": pipeline, "split/tool.yml": split, "train/tool.yml": train}
    paths = [*files, "split/Dockerfile", "train/Dockerfile"]
    return BonseyesImporter().convert({p: text.encode() for p, text in files.items()}, paths)


def test_a_tool_becomes_the_description_of_its_dockerfile():
    text = convert().files["train/Dockerfile.nbexec"].encode()
    arguments = read_description(text, "Dockerfile.nbexec").arguments or ()
    assert [(a.name, a.role, a.required, a.output_class) for a in arguments] == [
        ("training_set", "input", True, ""),
        ("epochs", "value", False, ""),
        ("labels", "input", True, ""),
        ("model", "output", False, "model"),
    ]


def test_a_pipeline_becomes_a_document_with_its_names():
    converted = convert()
    document = read_document(converted.files["pipeline.nbflow"])
    assert {name: node.path for name, node in document.nodes.items()} == {
        "training-set": "split/Dockerfile",
        "digits-model": "train/Dockerfile",
    }
    assert document.nodes["training-set"].arguments["test_share"].value == "0.2"
    (edge,) = document.edges.values()
    ends = (edge.source, edge.output, edge.target, edge.input)
    assert ends == ("training-set", "rows", "digits-model", "training_set")
    assert converted.definition.project.name == "digits"


@pytest.mark.parametrize(
    "wrong",
    [
        {"pipeline": "name: x"},
        {"pipeline": PIPELINE.replace("tool: train", "tool: ../train")},
        {"pipeline": PIPELINE.replace("tool: train", "tool: other")},
        {"pipeline": PIPELINE.replace("{training-set: training-set}", "{training-set: none}")},
        {"pipeline": PIPELINE.replace("{training-set: training-set}", "{rows: training-set}")},
        {"train": TRAIN.replace("type: training-set", "type: test-set")},
        {"train": TRAIN.replace("kind: file", "kind: port")},
        {"train": TRAIN.replace("name: labels", "name: epochs")},
        {"split": "output: [1]"},
        {"split": "\x00"},
    ],
)
def test_wrong_manifests_are_refused(wrong):
    with pytest.raises(NbyardError):
        convert(**wrong)


def test_a_tool_without_a_dockerfile_is_refused():
    files = {"pipeline.yml": PIPELINE.encode(), "split/tool.yml": SPLIT.encode()}
    with pytest.raises(Invalid):
        BonseyesImporter().convert(files, ["pipeline.yml", "split/tool.yml"])
