"""What `nbyard runs compare` and `nbyard runs why` print."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from nbyard.cli.output.views.comparison_view import (
    VIEWS,
    show_comparison,
    show_explanation,
    show_history,
)
from nbyard.domain.comparison.causes import differing_results, find_causes
from nbyard.domain.comparison.run_comparisons import compare_runs, series_of
from nbyard.domain.comparison.structs import Explanation, MetricHistory, OutputComparison
from nbyard.domain.datasets.comparisons import ColumnChange, FileChange
from nbyard.domain.executables.code_diffs import DiffLine
from nbyard.domain.runs.git_states import GitState
from nbyard.reasons.structs import because

from ....domain.comparison.records import code, output, parts, record, task

OLD = record(
    1,
    task("a", values={"n": "1"}, metrics={"m": 0.5}, outputs={"o": output("12345678")},
         packages={"cow": "1"}, environment="herd version 1", seconds=1.0),
    seconds=2.0,
)  # fmt: skip
NEW = record(
    2,
    task("a", values={"n": "2"}, metrics={"m": 0.75}, outputs={"o": output("87654321")},
         packages={"cow": "2"}, environment="herd version 2", code=code("new", 2),
         parts=parts(environment="f", files={"m.py": "1"}), cached=True),
    task("b", 1),
)  # fmt: skip


def printed(capsys: pytest.CaptureFixture[str]) -> list[list[str]]:
    return [line.split() for line in capsys.readouterr().out.splitlines() if line]


def test_commits_that_differ(capsys: pytest.CaptureFixture[str]) -> None:
    found = compare_runs([OLD, NEW])
    runs = [
        msgspec.structs.replace(run, git=GitState(letter * 40, "main", letter == "b"))
        for run, letter in zip(found.runs, "ab", strict=True)
    ]
    show_comparison(msgspec.structs.replace(found, runs=runs))
    row = ["commit", "main", "a" * 10, "main", "b" * 10, "+", "changes"]
    assert row in printed(capsys)
    show_comparison(msgspec.structs.replace(found, runs=[runs[0], runs[0]]))
    assert not any(line[0] == "commit" for line in printed(capsys))


def test_when_the_runs_started(capsys: pytest.CaptureFixture[str]) -> None:
    found = compare_runs([OLD, NEW])
    started = datetime(2026, 11, 26, 8, tzinfo=UTC)
    runs = [msgspec.structs.replace(found.runs[0], started_at=started), found.runs[1]]
    show_comparison(msgspec.structs.replace(found, runs=runs))
    (row,) = [line for line in printed(capsys) if line[0] == "started"]
    assert row[-1] == "–" and row[1] == f"{started.astimezone():%Y-%m-%d}"


def test_sections_with_differences(capsys: pytest.CaptureFixture[str]) -> None:
    show_comparison(compare_runs([OLD, NEW]))
    lines = printed(capsys)
    for row in (
        ["a.n", "1", "2"],
        ["a.m", "0.5", "0.75"],
        ["a.o", "12345678", "1", "B", "87654321", "1", "B"],
        ["a", "version", "1", "version", "2"],
        ["a", "m.py", "version", "1", "version", "2"],
        ["cow", "1", "2"],
        ["a", "1.0", "s", "cached"],
        ["run", "2.0", "s", "–"],
        ["b", "–", "version", "1"],
    ):
        assert row in lines


def test_equal_runs_have_no_sections(capsys: pytest.CaptureFixture[str]) -> None:
    show_comparison(compare_runs([OLD, OLD]))
    found = capsys.readouterr()
    assert len(found.out.splitlines()) == 2
    equal = found.err.partition("Equal: ")[2].strip().split(", ")
    assert equal[:5] == ["1 parameter", "1 metric", "1 output", "1 code", "1 environment"]


def explained(**changes: Any) -> Explanation:
    causes = [msgspec.structs.replace(one, **changes) for one in find_causes(OLD, NEW, ["a"])]
    return Explanation(OLD.run, NEW.run, differing_results(OLD, NEW), causes)


def test_results_and_their_causes(capsys: pytest.CaptureFixture[str]) -> None:
    show_explanation(explained(before="old line"))
    out = capsys.readouterr().out
    assert ["a.m", "0.5", "0.75"] in [line.split() for line in out.splitlines()]
    assert "a: n changed 1 → 2\n" in out
    assert "a: its code changed in n.ipynb\n    - old line\n" in out
    assert "a: has cow 2 instead of 1\n" in out


def test_a_changed_cell_shows_only_its_changed_lines_as_changed(capsys) -> None:
    show_explanation(explained(before="import a\nfit(2)", after="import a\nfit(3)\n"))
    out = capsys.readouterr().out
    assert "in n.ipynb\n      import a\n    - fit(2)\n    + fit(3)\n" in out


def test_equal_results_need_no_causes(capsys: pytest.CaptureFixture[str]) -> None:
    show_explanation(Explanation(OLD.run, NEW.run, [], []))
    assert capsys.readouterr().out == "Runs 1 and 2 have equal results.\n"


def test_metrics_over_runs(capsys: pytest.CaptureFixture[str]) -> None:
    show_history(MetricHistory([OLD.run, NEW.run], series_of([OLD, NEW])))
    assert [line[0] for line in printed(capsys)] == ["run", "1", "2"]


def test_an_output(capsys: pytest.CaptureFixture[str]) -> None:
    columns = [ColumnChange("x", "changed", differs=["max"]), ColumnChange("y", "same")]
    files = [FileChange("a", "added")]
    lines = [DiffLine("place", "@@"), DiffLine("removed", "old"), DiffLine("added", "new")]
    found = OutputComparison(output("1"), output("2"), False, columns, files, lines, rows=[1, 3])
    VIEWS["runs.compare_output"](msgspec.structs.replace(found, note=because("not-observed")))
    told = capsys.readouterr()
    assert told.out.splitlines()[0] == "rows: 1 → 3"
    assert told.out.splitlines()[2:] == ["x       changed  max", "+ a", "@ @@", "- old", "+ new"]
    assert told.err == "the files that it reads are not known\n"
    VIEWS["runs.compare_output"](OutputComparison(output("1"), output("1"), same=True))
    assert capsys.readouterr().out == "Equal bytes.\n"
