"""Whether a result still holds when files of its code changed."""

import pytest

from nbyard.domain.attempts.structs import Observed
from nbyard.domain.caching.file_probes import Probes
from nbyard.domain.caching.relevant_changes import changes_that_count
from nbyard.reasons.structs import because

OLD = {"data/a.csv": "1", "lib/util.py": "1", "notes.md": "1", "data/deep/x": "1"}
READ = Observed(["data/a.csv", "lib/util.py"])


def counting(new, observed=READ, *probes, modules=()):
    found = changes_that_count(OLD, new, observed, lambda: list(probes), modules)
    return sorted(found)


def test_equal_files_are_no_change():
    assert counting(dict(OLD)) == []
    assert counting(dict(OLD), None) == []


def test_read_files_count():
    assert counting({**OLD, "data/a.csv": "2", "notes.md": "2"}) == ["data/a.csv"]
    assert counting({name: "1" for name in OLD if name != "lib/util.py"}) == ["lib/util.py"]
    moved = Observed(["data/"])
    assert counting({**OLD, "data/deep/x": "2"}, moved) == ["data/deep/x"]


@pytest.mark.parametrize("observed", [None, Observed(problem=because("too-many-reads"))])
def test_without_observations_all_files_count(observed):
    assert counting({**OLD, "notes.md": "2", "new": "1"}, observed) == ["new", "notes.md"]


@pytest.mark.parametrize(
    ("listed", "new", "counts"),
    [
        ("data", "data/b.csv", True),
        (".", "data/b.csv", False),
        (".", "b.csv", True),
        (".", "other/b.csv", True),
        ("data", "data/deep/y", False),
        ("data", "data/more/y", True),
        ("lib", "data/b.csv", False),
    ],
)
def test_new_files_count_in_folders_that_were_listed(listed, new, counts):
    assert counting({**OLD, new: "1"}, Observed([], [listed])) == ([new] if counts else [])


def test_a_deleted_file_counts_like_a_new_one():
    less = {name: "1" for name in OLD if name != "notes.md"}
    assert counting(less) == []
    assert counting(less, Observed([], ["."])) == ["notes.md"]
    assert counting(less, READ, Probes("os.path.exists('notes.md')")) == ["notes.md"]


def test_files_that_the_code_may_look_for_count():
    assert counting({**OLD, "b.csv": "1"}, READ, Probes("open('b.csv')")) == ["b.csv"]
    assert counting({**OLD, "b.csv": "1"}, READ, Probes(is_open=True)) == ["b.csv"]
    assert counting({**OLD, "notes.md": "2"}, READ, Probes(is_open=True)) == []
    assert counting({**OLD, "notes.md": "2"}, READ, Probes(asks_sizes=True)) == ["notes.md"]


def test_a_folder_that_came_with_a_file_is_looked_for():
    """No listing tells of a folder that was not there."""
    assert counting({**OLD, "extra/a.csv": "1"}, READ, Probes("glob('extra/*')")) == ["extra/a.csv"]
    assert counting({**OLD, "data/b.csv": "1"}, READ, Probes("open('data/a.csv')")) == []


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("random.py", True),
        ("lib/random.py", True),
        ("random.csv", False),
        ("pandas/__init__.py", True),
        ("helper.py", False),
        ("matplotlibrc", True),
    ],
)
def test_modules_that_shadow_others_count(name, counts):
    found = counting({**OLD, name: "1"}, READ, Probes("x"), modules=["pandas"])
    assert found == ([name] if counts else [])
