"""J2: runtimes become environments, and variables secrets."""

import pytest

from nbyard.errors import Invalid
from nbyard.importers.nb_workflows.runtime_reader import read_runtimes_file, read_variables
from nbyard.importers.nb_workflows.yaml_fields import Fields
from nbyard.reasons.structs import Reason

FILES = {"requirements.txt": b"polars>=1\n# a comment\n\n scikit-learn\n"}


def read(container, **more):
    left: list[Reason] = []
    runtimes = {"runtimes": {"gpu": {"container": container, **more}}}
    return read_runtimes_file(Fields(runtimes, "runtimes.yaml", left), FILES)["gpu"], left


@pytest.mark.parametrize(
    ("requirements", "lines"),
    [
        ("requirements.txt", ["polars>=1", "scikit-learn"]),
        (["polars", "numpy"], ["polars", "numpy"]),
        (None, ["polars>=1", "scikit-learn"]),  # the usual file
    ],
)
def test_requirements(requirements, lines):
    entry, left = read({"requirements": requirements})
    assert (entry.requirements, left) == (lines, [])


def test_what_belongs_to_an_image_is_listed():
    container = {"image": "python:3.11", "build_packages": "gcc", "user": {"uid": 1089}}
    entry, left = read(container, registry="r", machine="m", gpu_support=False, other=1)
    assert entry.requirements == ["polars>=1", "scikit-learn"]
    assert [str(one).split(". ")[0] for one in left] == [
        "runtimes.yaml.runtimes.gpu.container.image: python:3.11",
        "runtimes.yaml.runtimes.gpu.container.build_packages: gcc",
        "runtimes.yaml.runtimes.gpu.container.user: {'uid': 1089}",
        "runtimes.yaml.runtimes.gpu.registry: r",
        "runtimes.yaml.runtimes.gpu.machine: m",
        "runtimes.yaml.runtimes.gpu.other: 1",
    ]


def test_a_missing_file_is_listed():
    entry, left = read({"requirements": "gone.txt"})
    assert entry.requirements == []
    assert "the file gone.txt was not found" in str(left[0])


def test_a_usual_file_that_no_runtime_names_may_be_missing():
    left: list[Reason] = []
    runtimes = {"runtimes": {"gpu": {"container": {"requirements": None}}}}
    found = read_runtimes_file(Fields(runtimes, "runtimes.yaml", left), {})
    assert (found["gpu"].requirements, left) == ([], [])


@pytest.mark.parametrize("value", ["9" * 5_000, "9" * 19, 10**18, -(10**4_000)])
def test_numbers_with_many_digits_are_listed(value):
    left: list[Reason] = []
    assert Fields({"interval": value}, "workflows.yaml", left).number("interval") is None
    assert "too large" in str(left[0])
    assert Fields({"interval": "60"}, "workflows.yaml", []).number("interval") == 60


def test_variables():
    content = b'# all\nA="1"\nB = \'x y\'\nexport C=a=b\n\nD="\nE=\n'
    left: list[Reason] = []
    found = read_variables(content, "local.nbvars", left)
    assert found == {"A": "1", "B": "x y", "C": "a=b", "D": '"', "E": ""}
    assert left == []


def test_a_bad_line_is_named_without_its_text():
    left: list[Reason] = []
    assert read_variables(b"A=1\nmy s3cr3t\n", "local.nbvars", left) == {"A": "1"}
    assert [str(one) for one in left] == ['local.nbvars:2: the line is not KEY="value"']
    with pytest.raises(Invalid):
        read_variables(b"A=\xff", "local.nbvars", left)
