"""E13: what references to found files come to."""

from pathlib import Path
from typing import Any

import pytest

from nbyard.runner.work.evaluate import NoValue, name_beside, said_of


def test_one_part_is_its_value_and_several_are_a_text(tmp_path: Path) -> None:
    (tmp_path / "a.tar.gz").write_text("abc")
    paths = [str(tmp_path / "a.tar.gz"), str(tmp_path)]
    known: list[tuple[list[str], object]] = [
        (["self", "0", "size"], 3),
        (["self", "0", "contents"], "abc"),
        (["self", "0", "nameroot"], "a.tar"),
        (["self", "1", "class"], "Directory"),
        (["self", "length"], 2),
        (["runtime", "exitCode"], 7),
    ]
    for path, value in known:
        assert said_of([{"of": path}], paths, 7) == value
    parts: list[dict[str, Any]] = [{"is": "n="}, {"of": ["self", "length"]}, {"is": [True, None]}]
    assert said_of(parts, paths, 0) == "n=2[true, null]"
    assert name_beside([{"of": ["self", "nameroot"]}, {"is": ".idx"}], "a.bam") == "a.idx"


def test_contents_are_read_only_where_they_are_asked_for(tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(b"\xff" * 65537)
    paths = [str(tmp_path / "large")]
    assert said_of([{"of": ["self", "0", "basename"]}], paths, 0) == "large"
    with pytest.raises(NoValue, match="more than 64 KiB"):
        said_of([{"of": ["self", "0", "contents"]}], paths, 0)
    with pytest.raises(NoValue, match="there is no 'listing'"):
        said_of([{"of": ["self", "0", "listing"]}], paths, 0)
