"""Paths that a failed task did not find, from its messages."""

import pytest

from nbyard.domain.attempts.missing_files import missing_paths
from nbyard.domain.attempts.structs import Failure
from nbyard.reasons.structs import because

PYTHON = "FileNotFoundError: [Errno 2] No such file or directory: "


def missed(line, traceback="", **more):
    reason = because("exited-after-line", cause=because("no-message"), line=line)
    return missing_paths(Failure("error", reason, traceback=traceback, **more))


@pytest.mark.parametrize(
    ("line", "path"),
    [
        (f"{PYTHON}'prepared.csv'", "prepared.csv"),
        (f"{PYTHON}'./data/x 1.csv'", "data/x 1.csv"),
        (f'{PYTHON}"o\'clock.csv"', ""),
        (f"{PYTHON}b'prepared.csv'", ""),
        (f"{PYTHON}'/tmp/prepared.csv'", ""),
        (f"{PYTHON}'../prepared.csv'", ""),
        (f"{PYTHON}'ffmpeg'", ""),
        (f"{PYTHON}'s3://a/b.csv'", ""),
        ("No such file or directory (os error 2): prepared.csv", "prepared.csv"),
        ("cannot open file 'prepared.csv': No such file or directory", "prepared.csv"),
        ("cat: prepared.csv: No such file or directory", "prepared.csv"),
        ("ValueError: prepared.csv is empty", ""),
    ],
)
def test_a_path_is_known_by_its_message(line, path):
    assert missed(line) == [path] * bool(path)


def test_a_file_that_was_to_be_written_is_not_read():
    """Where the folder is missing, writing fails with the same message."""
    line = f"{PYTHON}'out/plot.png'"
    for statement in ("fig.savefig('out/plot.png')", "open('out/plot.png', 'wb')"):
        assert missed(line, f"Cell In[2]\n----> 1 {statement}\n      2 open('x', 'r')") == []
    read = "----> 1 open('out/plot.png', 'rb')\n      2 fig.savefig('b.png')"
    assert missed(line, read) == ["out/plot.png"]
    assert missed(f"{PYTHON}'a.csv'", "----> 1 saved = open('a.csv')") == ["a.csv"]


def test_a_notebook_names_its_exception():
    raised = because("raised", name="OSError", text="No such file or directory: 'a.csv'")
    assert missing_paths(Failure("error", raised)) == ["a.csv"]


def test_other_failures_miss_nothing():
    assert missing_paths(None) == []
    assert missed(f"{PYTHON}'a.csv'", left_out=True) == []
