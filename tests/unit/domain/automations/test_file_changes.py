"""Changes between snapshots, and files that are complete."""

from hypothesis import given
from hypothesis import strategies as st

from nbyard.domain.automations.file_changes import (
    MOST_SHOWN,
    Settling,
    Stamp,
    cause_of,
    changes_between,
    merge_snapshot,
    snapshot_of,
)

STAMPS = st.tuples(st.integers(0, 3), st.integers(0, 3))
SNAPSHOTS = st.dictionaries(st.sampled_from("abcdef"), STAMPS)


def test_changes_are_named():
    old, new = {"a": (1, 1), "b": (1, 1), "c": (1, 1)}, {"b": (2, 1), "c": (1, 1), "d": (1, 1)}
    assert changes_between(old, new) == {"a": "deleted", "b": "modified", "d": "created"}


@given(SNAPSHOTS, SNAPSHOTS, st.sets(st.sampled_from("abcdef")))
def test_handled_paths_are_no_change_any_more(old, new, handled):
    left = changes_between(merge_snapshot(old, new, handled), new)
    assert left.keys() == changes_between(old, new).keys() - handled


@given(st.lists(SNAPSHOTS, max_size=12))
def test_each_change_is_complete_once(snapshots):
    """Whatever happens: in the end, the handled files are those that are there."""
    settling, now = Settling(2.0), 0.0
    known: dict[str, Stamp] = {}
    for new in [*snapshots, *([snapshots[-1]] * 3 if snapshots else [])]:
        changed = changes_between(known, new)
        complete = settling.complete(changed, new, now)
        assert set(complete) <= changed.keys()
        known = merge_snapshot(known, new, complete)
        now += 2.0
    assert known == (snapshots[-1] if snapshots else {})


def test_a_file_is_complete_when_it_stays_the_same():
    settling = Settling(2.0)
    assert settling.wait(0) is None
    assert settling.complete(["a"], {"a": (1, 1)}, 0) == []
    assert settling.wait(0) == 2.0
    assert settling.complete(["a"], {"a": (2, 2)}, 1) == []
    assert settling.complete(["a"], {"a": (2, 2)}, 2.5) == []
    assert settling.wait(2.5) == 0.5
    assert settling.complete(["a"], {"a": (2, 2)}, 3) == ["a"]
    assert settling.complete([], {}, 3) == [] and settling.wait(3) is None


def test_files_wait_for_each_other_but_not_forever():
    settling, size = Settling(1.0), 0
    for second in range(10):
        size = second
        new = {"a": (1, 1), "grows": (1, size)}
        assert settling.complete(["a", "grows"], new, second) == []
    new = {"a": (1, 1), "grows": (1, size + 1)}
    assert settling.complete(["a", "grows"], new, 10) == ["a"]


def test_a_deleted_file_settles_too():
    settling = Settling(1.0)
    assert settling.complete(["a"], {}, 0) == []
    assert settling.complete(["a"], {}, 1) == ["a"]


def test_a_cause_has_the_first_files():
    paths = [f"{number:04}" for number in range(MOST_SHOWN + 5)]
    cause = cause_of(dict.fromkeys(paths, "created"), paths)
    assert cause.count == MOST_SHOWN + 5 and len(cause.files) == MOST_SHOWN
    assert cause.files[0].path == "0000"


def test_a_snapshot_comes_back_from_json():
    assert snapshot_of({"a": [1, 2]}) == {"a": (1, 2)}
