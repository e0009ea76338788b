"""A bisection in a shell."""

import pytest

from nbyard.cli.output.views.bisection_views import change_text, cost_text, files_text
from nbyard.domain.bisections.mixed_plans import BisectionChange
from nbyard.domain.callers import Caller
from nbyard.domain.runs.structs import NewRun
from nbyard.reasons.structs import because
from nbyard.rest.identity import local_name
from nbyard.store import transition


@pytest.fixture
def pair(shell, yard):
    """A run that succeeded and one that failed, with other code."""
    caller, made = Caller(local_name()), []
    for state in ("succeeded", "failed"):
        (yard.context.files.root / "report.py").write_text(f"print({state!r})\n")
        run = yard.services.runs.create(caller, NewRun(path="report.py"))
        with yard.store.write() as c:
            for to in ("running", state):
                found = yard.store.runs.by_id(c, run.id)
                transition.move_all(c, [yard.store.runs.step(found, to, {})])
        made.append(str(run.number))
    return made


def test_the_number_of_runs_is_shown_before_the_start(shell, pair):
    said = shell("runs", "bisect", *pair, "--dry-run")
    assert said.code == 0
    change, cost = said.out.splitlines()
    assert change.startswith("code report.py: ") and change.endswith("1 → version 2")
    assert "about 2 runs" in cost and "at most 20" in cost and cost.startswith("1 change, ")
    found = shell("runs", "bisect", *pair, "--dry-run", "--json").json
    assert (found["expected"], found["limit"]) == (2, 20)


def test_a_bisection_is_started_shown_and_cancelled(shell, pair):
    started = shell("runs", "bisect", *pair, "--no-wait")
    key = started.out.strip()
    assert "running" in shell("bisections", "show", key).out
    assert key in shell("bisections", "ls").out
    assert "cancelled" in shell("bisections", "cancel", key).out
    assert shell("bisections", "rm", key).code == 0
    refused = shell("runs", "bisect", *reversed(pair))
    assert refused.code == 2 and "run 2 is failed" in refused.err


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("code", "code n: 1 → 2"),
        ("files", "files beside the code (a, b)"),
        ("graph", "graph a, b: 1 → 2"),
        ("data", "data n: 1 → 2 (a, b)"),
    ],
)
def test_a_change_is_one_line(kind, text):
    assert change_text(BisectionChange(kind, ["a", "b"], "n", "1", "2")) == text


def test_an_input_of_only_one_run_has_a_dash():
    change = BisectionChange("input", ["a"], "data", None, "sales.csv")
    assert change_text(change) == "input data: – → sales.csv (a)"


def test_the_file_of_an_input_is_named_once():
    change = BisectionChange("data", ["a"], "path", "sales.csv", "sales.csv")
    assert change_text(change) == "sales.csv (input path of a)"


def test_changes_that_no_run_can_try_are_named():
    reason = because("package-gained", name="cowsay", version="6.1")
    package = BisectionChange("package", ["main"], "cowsay", reason=reason)
    assert f"main: {reason} (" in change_text(package)
    value = BisectionChange("parameter", ["a"], "n", "1", "2")
    assert cost_text([value, package], 2).split(", ") == ["1 change", "about 2 runs"]


def test_the_files_beside_the_code_are_named():
    assert change_text(BisectionChange("files", ["a"], "", files=["s.csv"])) == (
        "file beside the code: s.csv (a)"
    )
    assert files_text([*"abcde"]).split(" and ") == ["a, b, c", "2 more"]
    code = BisectionChange("code", ["a"], "n.py", "version 1", "version 2", ["helper.py"])
    assert change_text(code) == "code n.py with helper.py: version 1 → version 2"
