"""Which files of a named artifact count, and how they are placed."""

from datetime import UTC, datetime

from nbyard.domain.runs.named_artifacts import declared_outputs, names_in_folder
from nbyard.domain.runs.structs import Artifact


def file(name: str, filename: str) -> Artifact:
    now = datetime(2030, 1, 1, tzinfo=UTC)
    return Artifact("id", "run", "main", name, filename, "", "sha256:0", 1, now)


def test_outputs_count_and_else_the_executed_notebook() -> None:
    executed, table = file("executed.ipynb", "executed.ipynb"), file("table", "table.csv")
    assert declared_outputs([executed, table]) == [table]
    assert declared_outputs([executed]) == [executed]
    assert declared_outputs([]) == []


def test_files_of_the_same_name_are_in_folders() -> None:
    a, b, c = file("a", "out.csv"), file("b", "out.csv"), file("c", "own.csv")
    assert names_in_folder([a, b, c]) == {"a/out.csv": a, "b/out.csv": b, "own.csv": c}
