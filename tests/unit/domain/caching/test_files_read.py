"""Data files beside the code that a task read."""

from nbyard.domain.attempts.structs import Observed
from nbyard.domain.caching.relevant_changes import MAX_FILES, files_read, plain_digest

from ..comparison.records import parts


def test_read_data_is_found() -> None:
    names = ("s.csv", "cfg.json", "m.py", "setup.cfg", "unread.csv", "given.csv")
    files = {name: f"sha256:{name}" for name in names}
    read = Observed(read=["s.csv", "cfg.json", "m.py", "setup.cfg", "given.csv", "gone.csv"])
    known = parts(files=files, inputs={"x": "sha256:given.csv"})
    assert files_read(known, read) == {name: f"sha256:{name}" for name in ("cfg.json", "s.csv")}
    assert files_read(known, None) == files_read(None, read) == {}


def test_an_executable_file_has_a_plain_digest() -> None:
    assert plain_digest("sha256:1 executable") == "sha256:1"


def test_very_many_files_are_cut() -> None:
    files = {f"{number}.csv": "sha256:1" for number in range(MAX_FILES + 5)}
    assert len(files_read(parts(files=files), Observed(read=[*files]))) == MAX_FILES
