"""What answers look like for people."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import cast

from click.testing import CliRunner
from msgspec import structs

from nbyard.cli.output.views.environment_views import VIEWS as OF_ENVIRONMENTS
from nbyard.cli.output.views.views_by_noun import (
    VIEWS,
    show_metrics,
    show_nodes,
    show_run,
    show_version_comparison,
)
from nbyard.domain.attempts.metric_series import Metric
from nbyard.domain.attempts.monitor_links import MonitorLink
from nbyard.domain.contracts.structs import Breach, RowsRule, Verdict
from nbyard.domain.datasets.comparisons import ColumnChange, ColumnFigures, Comparison
from nbyard.domain.datasets.structs import DatasetVersion
from nbyard.domain.datasets.table_descriptions import (
    Column,
    ColumnProfile,
    Profile,
    TablePage,
    TopValue,
)
from nbyard.domain.environments.references import UsedEnvironment
from nbyard.domain.paging import Page
from nbyard.domain.runs.structs import Artifact, ArtifactType, Attempt, Run, RunDetail, Task
from nbyard.domain.workflows.structs import NeededImage, NodeLine
from nbyard.reasons.structs import because, text_reason


def shown(view: str, answer: object) -> list[list[str]]:
    with CliRunner().isolation() as (out, _, _):
        {**VIEWS, **OF_ENVIRONMENTS}[view](answer)
        return [line.split() for line in out.getvalue().decode().splitlines()]


def test_rows_have_their_types():
    columns = [Column("x", "int"), Column("name", "string")]
    page = TablePage(columns, 0, 2, [[1, "a"], [None, "b" * 99]])
    head, first, second = shown("datasets.preview", page)
    assert head == ["x", "(int)", "name", "(string)"]
    assert first == ["1", "a"]
    assert second == ["b" * 39 + "…"]


def test_a_profile_is_a_line_for_each_column():
    column = ColumnProfile("x", "int", 3, 1, 2, 0, 9, 4.5, top=[TopValue(9, 2)])
    _, line = shown("datasets.profile", Profile(4, False, [column], 4))
    assert line == ["x", "int", "3", "1", "2", "0", "4.5", "9", "9", "2"]


def test_warnings_of_a_table_are_shown(capsys):
    """Such as a guessed encoding, or further sheets."""
    first = because("text-not-utf-8", encoding="cp1252")
    second = because("text", text="the sheet 'One' of 2")
    VIEWS["datasets.profile"](Profile(0, False, [], 0, [first]))
    VIEWS["datasets.preview"](TablePage([], 0, 0, [], [second]))
    told = capsys.readouterr().err.splitlines()
    assert told == [str(first), "no rows of 0", str(second)]


def test_rows_are_counted_from_one(capsys):
    VIEWS["datasets.preview"](TablePage([Column("a", "int")], 10, 12, [[1], [2]], []))
    assert capsys.readouterr().err.splitlines()[-1] == "rows 11 to 12 of 12"


def test_two_versions_of_a_table_side_by_side(capsys):
    at = datetime(2030, 1, 1, tzinfo=UTC)
    one = DatasetVersion(
        "1", "d", 1, "ready", "file", "", "t.csv", "csv", at, digest="sha256:1", rows=1, columns=2
    )
    two = structs.replace(one, id="2", number=2, digest="sha256:2", rows=3)
    then, now = ColumnFigures("int", 1, 0, 1, 1, 1.0, 1), ColumnFigures("int", 2, 1, 2, 1, 3.0, 5)
    columns = [
        ColumnChange("a", "changed", then, now, ["count", "nulls", "distinct", "mean", "max"]),
        ColumnChange("b", "removed", then),
        ColumnChange("c", "same", now, now),
    ]
    show_version_comparison(Comparison(one, two, same=False, columns=columns))
    lines = [line.split("  ") for line in capsys.readouterr().out.splitlines()]
    told = [[word.strip() for word in line if word] for line in lines if line != [""]]
    assert told[:3] == [["version", "1 → 2"], ["rows", "1 → 3"], ["columns", "2"]]
    assert told[-3][:5] == ["a", "changed", "int", "1 → 2", "0 → 1"]
    assert told[-3][5:] == ["1 → 2", "1", "1.0 → 3.0", "1 → 5"]
    assert told[-2][:2] == ["b", "removed"]
    assert told[-1] == ["c", "int", "2", "1", "2", "1", "3.0", "5"]


def test_an_artifact_is_shown_as_facts():
    of_frame = ArtifactType(frame="pandas.DataFrame", rows=3, columns=[("a", "int64")])
    made = datetime(2030, 1, 1, tzinfo=UTC)
    one = Artifact("i", "r", "fit", "table", "t.parquet", "parquet", "sha256:1", 1000, made)
    assert ["output", "fit.table"] in shown("artifacts.get", one)
    lines = shown("artifacts.get", structs.replace(one, type=of_frame))
    assert ["columns", "a", "(int64)"] in lines
    assert ["frame", "pandas.DataFrame,", "3", "rows"] in lines


def test_images_that_a_workflow_needs_are_a_table():
    needed = [
        NeededImage("python:3.12", "cow==1\nant==2\n", True, True, ("a", "b")),
        NeededImage("tools:1", "", False, False, ("c",)),
        NeededImage("", "", False, True, ("d",), "tool/Dockerfile", "sha256:1"),
    ]
    head, made, taken, own = shown("workflows.images", SimpleNamespace(items=needed))
    assert head == ["image", "made", "from", "nodes"]
    assert made[0] == "python:3.12" and made[-2:] == ["a,", "b"]
    assert made[1:-2] == ["base", "with", "2", "packages", "and", "notebooks"]
    assert taken == ["tools:1", "c"] and own == ["tool/Dockerfile", "Dockerfile", "d"]


def test_a_dockerfile_node_shows_how_its_image_is_built(capsys):
    """The engine may be unknown."""
    made = NodeLine("a", "container", "tool/Dockerfile", "docker", "", [])
    named = NodeLine("b", "container", "Dockerfile", "docker", "own:1", ["a"])
    gone = NodeLine("c", "container", "gone/Dockerfile", "docker", "", [], text_reason("no file"))
    show_nodes(Page([made, named, gone]))
    said = capsys.readouterr().out
    assert "built of tool/Dockerfile" in said and "own:1" in said
    assert said.count("built of") == 1


def test_metrics_are_rounded_for_display(capsys):
    values: list[float | str] = [0.1 + 0.2, 1 / 3, 2.0, "NaN"]
    one = Metric("loss", 4, "NaN", [0.0] * 4, values, [1.0, 2.0, 3.0, 1e300])
    show_metrics({"fit": SimpleNamespace(metrics=[one])})
    assert capsys.readouterr().out.splitlines()[1].split() == [
        *("fit", "loss", "4", "1e+300", "NaN", "0.3", "2"),
    ]


def test_the_environment_of_a_task_is_shown_by_name():
    used = UsedEnvironment("e", "cows", "v", 2, "sha256:1")
    one = SimpleNamespace(
        node="n", title="n", cached=False, state="succeeded", started_at=None, finished_at=None,
        attempts=[], environment=used, place="", why="", warning="", other_files=None,
    )  # fmt: skip
    told = {"node": "m", "title": "m", "environment": None, "warning": "no cow"}
    other = SimpleNamespace(**vars(one) | told)
    page = SimpleNamespace(run=SimpleNamespace(number=1), items=[one, other], next=None)
    head, first, second, warning = shown("runs.tasks", page)
    assert warning == ["!", "m:", "no", "cow"], "as while it runs"
    assert head == ["node", "state", "took", "attempts", "environment", "reason"]
    assert first == ["n", "succeeded", "0", "cows@2"]
    assert second == ["m", "succeeded", "0"]


def test_a_run_shows_the_beginning_of_long_values():
    now = datetime.now(UTC)
    values = {"n": 1, "text": "x" * 900_000}
    run = Run("r", 1, "", "T", "running", "a.py", "", "", values, "process", now, owner="ann")
    (line,) = (words for words in shown("runs.cancel", run) if words[0] == "parameters")
    assert " ".join(line[1:4]) == '{"n": 1, "text":' and line[4] == '"' + "x" * 499 + "…"
    assert " ".join(line[5:]) == "(900,002 characters, see --json)}"


def test_a_run_shows_the_verdicts_on_contracts(capsys):
    now = datetime.now(UTC)
    breach = Breach(RowsRule(min=1), because("no-message"))
    verdicts = [Verdict("k", 3), Verdict("k", 3, (breach,)), None]
    artifacts = [
        SimpleNamespace(name=f"out{at}", type=ArtifactType(verdict=verdict))
        for at, verdict in enumerate(verdicts)
    ]
    task = Task("t", "r", "n", "train", "failed", False, None, "process", now)
    task = structs.replace(task, artifacts=cast(list[Artifact], artifacts))
    run = Run("r", 1, "", "T", "failed", "a.py", "", "", {}, "process", now, owner="ann")
    show_run(RunDetail(run, [task]), SimpleNamespace(remaining_seconds=None, nodes={}))
    last = [line.split()[:3] for line in capsys.readouterr().out.splitlines()[-2:]]
    assert last == [["Contract", "n.out0:", "3"], ["Contract", "n.out1:", "1"]]


def test_a_run_shows_the_links_of_its_tasks(capsys):
    path = "nbyard/attempts/a/web/"
    links = [
        MonitorLink("web", path, answers=True),
        MonitorLink("rest", path, answers=False),
        MonitorLink("tensorboard", path, answers=False, reason=text_reason("It is not installed.")),
    ]
    now = datetime.now(UTC)
    run = Run("r", 1, "", "T", "running", "a.py", "", "", {}, "process", now, owner="ann")
    task = Task("t", "r", "n", "train", "running", False, None, "process", now)
    task = structs.replace(task, attempts=[cast(Attempt, SimpleNamespace(links=links))])
    nothing = SimpleNamespace(remaining_seconds=None, nodes={})
    show_run(RunDetail(run, [task]), nothing)
    assert capsys.readouterr().out.splitlines()[-3:] == [
        f"Monitor n web: {path} (answers)",
        f"Monitor n rest: {path} (not responding)",
        "Monitor n tensorboard: It is not installed.",
    ]
