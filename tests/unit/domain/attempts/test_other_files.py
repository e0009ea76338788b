"""Which files beside declared outputs are kept, and what is told of the others."""

import pytest

from nbyard.domain.attempts.other_files import (
    MOST,
    NAMED,
    LeftOut,
    OtherFiles,
    Written,
    merge_other_files,
    summarize_files,
    within_caps,
)

ALL = [Written("large.bin", 900), Written("b.csv", 10), Written("a.csv", 10), Written("c.csv", 30)]


@pytest.mark.parametrize(
    ("most", "kept", "left"),
    [
        ((950, 9), ["a.csv", "b.csv", "c.csv", "large.bin"], {}),
        ((949, 9), ["a.csv", "b.csv", "c.csv"], {"large.bin": "too-large"}),
        ((999, 2), ["a.csv", "b.csv"], {"c.csv": "too-many", "large.bin": "too-many"}),
        ((0, 0), [], dict.fromkeys(["a.csv", "b.csv", "c.csv", "large.bin"], "too-large")),
    ],
)
def test_the_smallest_are_kept_first(
    most: tuple[int, int], kept: list[str], left: dict[str, str]
) -> None:
    found, beyond = within_caps(ALL, *most)
    assert [one.path for one in found] == kept
    assert {one.path: one.why for one in beyond} == left


def test_very_many_files_are_only_counted() -> None:
    left = [LeftOut(f"{number:04}", "too-many") for number in range(NAMED + 7)]
    found = summarize_files("", [], left)
    assert found is not None
    assert (len(found.left_out), found.more, found.count) == (NAMED, 7, 0)


def test_files_that_stayed_elsewhere_are_listed_too() -> None:
    kept = OtherFiles("tree:x", 1, 3, [LeftOut("b", "link"), LeftOut("d", "secret")], 1)
    there = OtherFiles(
        "", 0, 0, [LeftOut(f"c{number:03}", "too-many") for number in range(NAMED)], 5
    )
    found = merge_other_files(kept, there)
    assert found is not None
    assert (found.digest, found.count, found.size_bytes) == ("tree:x", 1, 3)
    assert [one.path for one in found.left_out[:2]] == ["b", "c000"]
    assert (len(found.left_out), found.more) == (NAMED, 8)
    assert (merge_other_files(kept, None), merge_other_files(None, there)) == (kept, there)


def test_reports_of_containers_are_only_shown() -> None:
    """Names with control characters, and numbers that are too large for browsers."""
    there = OtherFiles(
        "tree:x", 7, 7, [LeftOut("a\nb", "link", -1), LeftOut("\u00e9", "link")], 10**40
    )
    left = [LeftOut("a\\nb", "link"), LeftOut("\u00e9", "link")]
    assert merge_other_files(None, there) == OtherFiles("", 0, 0, left, MOST)


def test_without_written_files_nothing_is_recorded() -> None:
    assert summarize_files("", [], []) is None
    assert summarize_files("tree:x", ALL[1:3], []) == OtherFiles("tree:x", 2, 20)
