"""How commands get values: written as JSON and read again, each kind is the same."""

import typing

import msgspec
import pytest

from nbyard.domain.arguments.bindings import (
    LEFT,
    Beside,
    Bound,
    Companion,
    Found,
    Handed,
    Positional,
    Reach,
    companions_of,
)


@pytest.mark.parametrize(
    "reach",
    [
        Positional(2, separated=True),
        Bound(1, "--runs", each=Bound(prefix="-r", fields={"seed": Bound(text="$(self)")})),
        Bound(when=("a", "b")),
        Found(("*.txt",)),
        Found(("*.txt",), "$(self[0].contents)"),
        Handed(),
        Beside("reads", "^.bai"),
    ],
)
def test_bindings_survive_json(reach: Reach) -> None:
    written = msgspec.json.encode(reach)
    assert msgspec.json.decode(written, type=Reach) == reach


def test_kinds_are_distinguished_by_their_fields() -> None:
    kinds = typing.get_args(Reach)
    assert len({kind.__struct_config__.tag for kind in kinds}) == len(kinds)
    assert set(LEFT) < set(kinds)


@pytest.mark.parametrize(
    ("pattern", "name"),
    [
        (".bai", "a.b.bam.bai"),
        ("^.bai", "a.b.bai"),
        ("^^.x", "a.x"),
        ("^^^^.x", "a.x"),
        ("_i", "a.b.bam_i"),
        ("$(self.nameroot).bai", "a.b.bai"),
        ("x_$(self.basename)$(self.nameext)", "x_a.b.bam.bam"),
    ],
)
def test_names_of_companions(pattern: str, name: str) -> None:
    assert Beside("reads", pattern).name("a.b.bam") == name


def test_companions_of_listed_files_are_no_items() -> None:
    """The companions are sorted by name. One may belong to several files."""
    idx, stem = Companion(".idx"), Companion("^.map", required=False)
    names = ["a.map", "a.txt", "a.txt.idx", "b.txt", "c.map"]
    assert companions_of(names, (idx, stem)) == {
        "a.txt": {idx: "a.txt.idx", stem: "a.map"},
        "b.txt": {},
        "c.map": {},
    }
    assert companions_of(names, ()) == {name: {} for name in names}
