"""Values of references to found files, and names of files beside others."""

from typing import Any

import pytest

from nbyard.domain.arguments.bindings import Beside
from nbyard.reasons.structs import read_reason
from nbyard.runner.work.reference_values import (
    NoValue,
    companion_name,
    joined,
    look_up,
    names_of,
    value_of,
)

FILE = {"class": "File", "size": 3, **names_of("a.tar.gz")}
KNOWN: dict[str, Any] = {"self": [FILE, {"class": "Directory"}], "runtime": {"exitCode": 7}}


def test_a_single_reference_keeps_its_type() -> None:
    known: list[tuple[list[str], object]] = [
        (["self", "0", "size"], 3),
        (["self", "0", "nameroot"], "a.tar"),
        (["self", "1", "class"], "Directory"),
        (["self", "length"], 2),
        (["runtime", "exitCode"], 7),
    ]
    for path, value in known:
        assert value_of([{"of": path}], KNOWN) == look_up(path, KNOWN) == value
    parts: list[dict[str, Any]] = [{"is": "n="}, {"of": ["self", "length"]}, {"is": [True, None]}]
    assert value_of(parts, KNOWN) == joined(["n=", 2, [True, None]]) == "n=2[true, null]"


@pytest.mark.parametrize(
    ("path", "words"),
    [
        (["self", "0", "listing"], "there is no 'listing'"),
        (["self", "2"], "there is no '2'"),
        (["self", "length", "x"], "there is no 'length'"),
    ],
)
def test_a_path_may_lead_to_nothing(path: list[str], words: str) -> None:
    with pytest.raises(NoValue) as refused:
        value_of([{"of": path}], KNOWN)
    assert words in str(read_reason(refused.value.reason))


@pytest.mark.parametrize(
    ("basename", "root", "extension"),
    [("a.b", "a", ".b"), ("a", "a", ""), (".bam", ".bam", ""), ("..a.b", "..a", ".b")],
)
def test_a_period_at_the_start_begins_no_extension(
    basename: str, root: str, extension: str
) -> None:
    assert names_of(basename) == {"basename": basename, "nameroot": root, "nameext": extension}


@pytest.mark.parametrize(
    ("basename", "pattern", "name"),
    [
        ("a.b.bam", ".bai", "a.b.bam.bai"),
        ("a.b.bam", "^.bai", "a.b.bai"),
        ("a.b.bam", "^^.bai", "a.bai"),
        ("a.b.bam", "^^^^.bai", "a.bai"),
        ("bam", "^.bai", "bam.bai"),
        ("a.", "^.bai", "a.bai"),
        # The runner kept these names, unlike the server: it found no file for a `^`.
        (".bam", "^.bai", ".bai"),
        (".bam", "^^.bai", ".bai"),
        ("..", "^^^.bai", ".bai"),
        (".a.bam", "^^.bai", ".bai"),
    ],
)
def test_each_caret_removes_an_extension(basename: str, pattern: str, name: str) -> None:
    """Of CWL v1.2: "the last period `.` and all following characters"."""
    assert companion_name(pattern, basename) == name
    assert Beside("x", pattern).name(basename) == name


def test_a_pattern_with_references_is_the_whole_name() -> None:
    beside = Beside("x", "^$(self.nameroot).idx")
    assert companion_name(beside.pattern, "a.bam", beside.parts) == beside.name("a.bam") == "^a.idx"
