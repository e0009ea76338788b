"""Following a run in a shell."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from nbyard.cli.commands.runs.run_watch import PAGE, Followed, explain_failure
from nbyard.cli.typed_values import split_target
from nbyard.domain.attempts.missing_modules import missing_from
from nbyard.domain.attempts.structs import EXECUTED, Failure
from nbyard.domain.callers import Caller
from nbyard.domain.runs.structs import TaskPage
from nbyard.errors import Unavailable
from nbyard.reasons.structs import because
from nbyard.rest.identity import local_name


class Runs:
    """Answers what it is given, and remembers what it was asked."""

    def __init__(self, *pages: TaskPage | Unavailable):
        self._pages = list(pages)
        self.asked: list[dict[str, Any]] = []

    def tasks(self, **asked: Any) -> TaskPage:
        self.asked.append(asked)
        answer = self._pages.pop(0)
        if isinstance(answer, Unavailable):
            raise answer
        return answer

    def get(self, run: str) -> Any:
        return f"all of {run}"


def page(state: str, last: int, after: str | None = None, **tasks: str) -> Any:
    rest = {"cached": False, "reason": "", "warning": "", "started_at": None, "finished_at": None}
    items = [
        SimpleNamespace(node=node, state=told, element=None, **rest) for node, told in tasks.items()
    ]
    return SimpleNamespace(run=SimpleNamespace(state=state), items=items, last=last, next=after)


def states(detail: Any) -> dict[str, str]:
    return {task.node: task.state for task in detail.tasks}


def test_only_changes_are_fetched():
    runs = Runs(
        page("running", 7, "b", a="running", b="waiting"),
        page("running", 9, c="waiting"),
        page("succeeded", 12, b="succeeded"),
    )
    followed = Followed(SimpleNamespace(runs=runs), "r")
    assert states(followed.fetch_run()) == {"a": "running", "b": "waiting", "c": "waiting"}
    found = followed.fetch_run()
    assert found.run.state == "succeeded"
    assert states(found) == {"a": "running", "b": "succeeded", "c": "waiting"}
    assert [(one["after"], one["since"]) for one in runs.asked] == [("", 0), ("b", 0), ("", 7)]
    assert {one["limit"] for one in runs.asked} == {PAGE}


def test_a_run_is_followed_while_its_server_restarts(monkeypatch, capsys):
    monkeypatch.setattr("nbyard.cli.output.console.AGAIN_SECONDS", 0.0)
    away = Unavailable("The service does not respond.")
    runs = Runs(away, away, page("succeeded", 7, a="succeeded"))
    followed = Followed(SimpleNamespace(runs=runs), "r")
    assert states(followed.fetch_run()) == {"a": "succeeded"}
    assert capsys.readouterr().err.count("does not respond") == 1
    monkeypatch.setattr("nbyard.cli.output.console.RESTART_SECONDS", -1.0)
    runs = Runs(away)
    with pytest.raises(Unavailable):
        Followed(SimpleNamespace(runs=runs), "r").fetch_run()


def test_without_changes_the_wait_has_another_reason():
    runs = Runs(page("running", 7, a="queued"), page("running", 7))
    followed = Followed(SimpleNamespace(runs=runs), "r")
    followed.fetch_run()
    found: Any = followed.fetch_run()
    assert found == "all of r"


@pytest.mark.parametrize("as_json", [True, False])
def test_a_run_that_ends_at_once_is_read_once(as_json: bool):
    """With all that JSON has to tell it is read whole."""
    runs = Runs(page("succeeded", 7, a="succeeded"))
    waited: list[float] = []
    connection = SimpleNamespace(runs=runs, wait=waited.append)
    found: Any = Followed(connection, "r").watch(quiet=as_json)
    assert found == "all of r" if as_json else states(found) == {"a": "succeeded"}
    assert len(runs.asked) == 1
    assert waited[0] == 0 < waited[1] <= 0.1, "news are listened for before the first look"


@pytest.mark.parametrize(
    ("environment", "line"),
    [
        ("", "environments create NAME pandas pyarrow && nbyard runs retry 7 --environment NAME"),
        ("cows", "environments install cows pyarrow && nbyard runs retry 7 --environment cows"),
    ],
)
def test_the_suggested_command_adds_all_missing_packages(
    environment: str, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Data frames of pandas need pyarrow, and a new environment needs pandas with it."""
    failure = Failure(
        "error", because("text", text="ImportError: `Import pyarrow` failed. Use pip …")
    )
    missing = missing_from(failure, environment)
    task: Any = SimpleNamespace(
        node="main", title="main", failure=failure, attempts=[], missing=missing
    )
    explain_failure(7, task, "", is_kept=True)
    assert f"To add it: nbyard {line}\n" in capsys.readouterr().err


def test_the_executed_notebook_of_another_machine_is_named_by_a_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    failure = Failure("error", because("text", text="KeyError"), executed_cell=2)
    (tmp_path / EXECUTED).touch()
    monkeypatch.chdir(tmp_path)  # a notebook of this name has nothing to do with the run
    for folder, shown in (
        (str(tmp_path), tmp_path / EXECUTED),
        ("", "nbyard runs cells 7 main"),
        (str(tmp_path / "elsewhere"), "nbyard runs cells 7 main"),
    ):
        attempts = [SimpleNamespace(folder=folder)]
        task: Any = SimpleNamespace(
            node="main", title="main", failure=failure, attempts=attempts, missing=None
        )
        explain_failure(7, task, "", is_kept=True)
        line = f"The executed notebook up to the failure: {shown}\n"
        assert line in capsys.readouterr().err


@pytest.mark.parametrize(
    ("told", "is_said"),
    [
        ("", True),
        ("begins\nno file\n", True),
        ("begins\r\nno file\r\nthe end\r\n", False),
        ("no file\nthe end\n[nbyard: a word]\n", False),
    ],
)
def test_the_last_line_of_the_log_is_not_repeated(
    told: str, is_said: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    """The options `-f` and `--log` already printed the log."""
    failure = Failure(
        "exit-code", because("text", text="exit code 3"), traceback="no file\nthe end"
    )
    task: Any = SimpleNamespace(
        node="main", title="main", failure=failure, attempts=[], missing=None
    )
    explain_failure(7, task, told, is_kept=False)
    said = capsys.readouterr().err
    assert "main failed: exit code 3\n" in said
    assert ("  the end\n" in said) == is_said


@pytest.mark.parametrize(
    ("target", "is_file"),
    [
        ("clean.ipynb", True),
        ("models/churn", True),
        ("make.sh", True),
        ("churn", False),
        ("churn batch v0.0.1", False),
        ("churn 1.0", False),
    ],
)
def test_a_target_is_a_file_or_a_name(target, is_file, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert split_target(target, remote=False) == ((target, "") if is_file else ("", target))
    if "/" not in target:
        (tmp_path / target).touch()
        assert split_target(target, remote=False) == (target, "")


def test_a_gpu_is_requested_for_nodes_that_set_none(shell, yard, monkeypatch):
    monkeypatch.setenv("NBYARD_GPUS", "0")
    root = yard.context.files.root
    (root / "t.sh").write_text("true\n")
    node = {"type": "executable", "path": "t.sh"}
    flow = {"version": 1, "nodes": {"one": node, "own": node | {"gpu": 0}}, "edges": {}}
    (root / "flow.nbflow").write_text(json.dumps(flow))
    said = shell("run", "flow.nbflow", "--gpu", "--name", "trained", "--detach")
    assert said.code == 0, said.err
    run = yard.services.runs.get(Caller(local_name()), "trained").run
    with yard.store.read() as c:
        tasks = yard.store.tasks.of_run(c, run.id)
    assert {task.node: task.plan.gpu for task in tasks} == {"one": 1, "own": 0}
