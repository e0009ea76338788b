"""Files beside the code that nodes read in one of the runs."""

from nbyard.domain.attempts.structs import Observed
from nbyard.domain.comparison.run_comparisons import code_folder_files

from .records import parts, task


def test_a_file_that_only_one_run_read_is_compared_in_both() -> None:
    files = {"s.csv": "sha256:1"}
    old = task("a", parts=parts(files=files), observed=Observed())
    new = task("a", parts=parts(files={"s.csv": "sha256:2"}), observed=Observed(read=["s.csv"]))
    found = code_folder_files([old, new, None])
    assert {path: [one and one.digest for one in own] for path, own in found.items()} == {
        "s.csv": ["sha256:1", "sha256:2", None]
    }
    assert code_folder_files([old, old]) == {}
