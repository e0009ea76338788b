"""Runtimes become environments and images, and variables become secrets."""

import pytest
from nbyard.importers.nb_workflows.project_reader import read_runtimes_file, read_variables
from nbyard.importers.nb_workflows.yaml_fields import Fields

from nbyard.domain.images.structs import NewImage, Recipe
from nbyard.errors import Invalid
from nbyard.reasons.structs import Reason, because

FILES = {"requirements.txt": b"polars>=1\n# a comment\n\n scikit-learn\n"}


def read(container, **more):
    left: list[Reason] = []
    runtimes = {"runtimes": {"gpu": {"container": container, **more}}}
    environments, images = read_runtimes_file(Fields(runtimes, "runtimes.yaml", left), FILES)
    return environments["gpu"], images, left


@pytest.mark.parametrize(
    ("requirements", "lines"),
    [
        ("requirements.txt", ["polars>=1", "scikit-learn"]),
        (["polars", "numpy"], ["polars", "numpy"]),
        (None, ["polars>=1", "scikit-learn"]),  # the usual file
    ],
)
def test_requirements(requirements, lines):
    entry, images, left = read({"requirements": requirements})
    assert (entry.requirements, images, left) == (lines, [], [])


def test_the_settings_of_an_image_are_kept():
    container = {
        "image": "nvidia/cuda:11.6.0-runtime-ubuntu20.04",
        "maintainer": "Ann <ann@example.org>",
        "user": {"uid": 1089, "gid": 1090},
        "build_packages": "build-essential  git ",
        "final_packages": ["python3-pip"],
        "gpu": {"cuda": 11.6},
    }
    _, images, left = read(container, version="1.2", registry="https://R.example.org/team")
    recipe = Recipe(
        base="nvidia/cuda:11.6.0-runtime-ubuntu20.04",
        system_packages=["python3-pip"],
        build_packages=["build-essential", "git"],
        uid=1089,
        gid=1090,
        cuda="11.6",
        labels={"maintainer": "Ann <ann@example.org>"},
    )
    assert images == [NewImage("gpu", tag="r.example.org/team/gpu:1.2", recipe=recipe)]
    assert left == []


def test_without_a_version_the_tag_has_none():
    _, images, _ = read({"image": "python:3.12"})
    assert images == [NewImage("gpu", tag="nbyard/gpu", recipe=Recipe(base="python:3.12"))]
    assert [each.recipe for each in read({}, version="7")[1]] == [Recipe()]


def test_unsupported_fields_of_an_image_are_listed():
    container = {
        "image": "Python 3",
        "user": {"uid": 0, "gid": 5, "name": "ann"},
        "build_packages": "gcc --force",
        "gpu": {"cuda": "new", "cudnn": "8.4"},
        "base_template": "Dockerfile.own",
    }
    _, images, left = read(container, version="a b", registry="r/?", machine="m", gpu_support=False)
    recipe = Recipe(gid=5, build_packages=["gcc"])
    assert images == [NewImage("gpu", tag="nbyard/gpu", recipe=recipe)]
    assert {(reason.code, reason.params["place"].split(".gpu.", 1)[1]) for reason in left} == {
        ("import-bad-value", "container.image"),
        ("import-bad-value", "container.user.uid"),
        ("import-no-field", "container.user.name"),
        ("import-bad-value", "container.build_packages"),
        ("import-bad-value", "container.gpu.cuda"),
        ("import-no-field", "container.gpu.cudnn"),
        ("import-no-field", "container.base_template"),
        ("import-bad-value", "version"),
        ("import-bad-value", "registry"),
        ("import-no-field", "machine"),
    }


def test_a_missing_file_is_listed():
    entry, _, left = read({"requirements": "gone.txt"})
    assert entry.requirements == []
    assert "gone.txt was not found" in str(left[0])


def test_a_usual_file_that_no_runtime_names_may_be_missing():
    left: list[Reason] = []
    runtimes = {"runtimes": {"gpu": {"container": {"requirements": None}}}}
    environments, _ = read_runtimes_file(Fields(runtimes, "runtimes.yaml", left), {})
    assert (environments["gpu"].requirements, left) == ([], [])


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
    assert left == [because("import-bad-line", place="local.nbvars:2")]
    with pytest.raises(Invalid):
        read_variables(b"A=\xff", "local.nbvars", left)
