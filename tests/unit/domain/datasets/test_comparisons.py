"""What differs between two versions of a dataset."""

from hypothesis import given
from hypothesis import strategies as st

from nbyard.domain.datasets.comparisons import Content, FileChange, compare_columns, compare_files
from nbyard.domain.datasets.table_descriptions import ColumnProfile, Profile


def profile(**columns: tuple[str, int, int]) -> Profile:
    made = [
        ColumnProfile(name, kind, count, nulls)  # type: ignore[arg-type]
        for name, (kind, count, nulls) in columns.items()
    ]
    return Profile(2, sampled=False, columns=made)


def test_columns_are_compared() -> None:
    old = profile(a=("int", 2, 0), gone=("int", 2, 0), b=("int", 2, 0), c=("string", 1, 1))
    new = profile(a=("int", 2, 0), b=("int", 1, 1), c=("int", 2, 0), fresh=("bool", 2, 0))
    found = compare_columns(old, new)
    assert [(one.name, one.change, one.differs) for one in found] == [
        ("a", "same", []),
        ("gone", "removed", []),
        ("b", "changed", ["count", "nulls"]),
        ("c", "retyped", ["type", "count", "nulls"]),
        ("fresh", "added", []),
    ]
    assert found[1].new is None and found[4].old is None
    assert found[2].old is not None and found[2].old.nulls == 0


NAMES = st.lists(st.sampled_from("abcdef"), unique=True)


@given(NAMES, NAMES)
def test_each_column_is_listed_once_in_the_new_order(old: list[str], new: list[str]) -> None:
    sides = [profile(**{name: ("int", 1, 0) for name in names}) for names in (old, new)]
    found = compare_columns(*sides)
    assert sorted(one.name for one in found) == sorted({*old, *new})
    assert [one.name for one in found if one.change != "removed"] == new
    assert [one.name for one in found if one.change == "removed"] == [
        name for name in old if name not in new
    ]


def test_removed_columns_keep_their_order() -> None:
    old = profile(x=("int", 1, 0), a=("int", 1, 0), y=("int", 1, 0), b=("int", 1, 0))
    found = compare_columns(old, profile(b=("int", 1, 0), a=("int", 1, 0)))
    assert [one.name for one in found if one.change == "removed"] == ["x", "y"]


FOLDERS = st.dictionaries(
    st.sampled_from("abcde"), st.builds(Content, st.sampled_from(["1", "2"]), st.just(1))
)


@given(FOLDERS, FOLDERS)
def test_files_that_differ(old: dict[str, Content], new: dict[str, Content]) -> None:
    found = {one.path: one.change for one in compare_files(old, new)}
    assert set(found) == {p for p in {*old, *new} if old.get(p) != new.get(p)}
    assert all((found[p] == "added") == (p not in old) for p in found)
    assert all((found[p] == "removed") == (p not in new) for p in found)


def test_sizes_are_compared() -> None:
    old, new = {"a": Content("1", 5), "b": Content("1", 6)}, {"a": Content("2", 7)}
    assert compare_files(old, new) == [
        FileChange("a", "changed", 5, 7),
        FileChange("b", "removed", 6),
    ]
