"""`nbyard plan`, `push` and `pull`."""

import json
import subprocess
from types import SimpleNamespace
from unittest.mock import Mock

import pytest
from click.exceptions import Exit

from nbyard.cli.commands.projects import project_folder
from nbyard.cli.commands.projects.project_folder import (
    NOT_YET,
    _await_environments,
    _await_installation,
    _send,
)
from nbyard.domain.projects.definitions import (
    EnvironmentEntry,
    ProjectDefinition,
    ProjectPlan,
    ProjectPush,
)
from nbyard.domain.projects.structs import NewProject
from nbyard.errors import Detail, Forbidden, Invalid, Unavailable
from nbyard.reasons.structs import Reason, because
from nbyard.services.runs.history import RunHistory

PUSH = ProjectPush(ProjectDefinition(NewProject("wine")), {})
MORNING = '\n[schedules.morning]\npath = "visitors.nbflow"\nwhen = "weekdays 8:00"\n'


@pytest.fixture
def folder(shell, yard, monkeypatch):
    shell("init", "wine")
    made = yard.context.files.root / "wine"
    with (made / "nbyard.toml").open("a") as file:
        file.write(MORNING)
    monkeypatch.chdir(made)
    return made


@pytest.fixture
def commit(folder, monkeypatch):
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")

    def everything():
        identity = ("-c", "user.name=Ann", "-c", "user.email=ann@example.org")
        for words in (("init", "-q"), ("add", "."), ("commit", "-q", "-m", "All")):
            subprocess.run(["git", *identity, *words], cwd=folder, check=True, capture_output=True)

    return everything


def test_a_push_shows_its_changes_and_a_second_has_none(shell, folder, commit):
    commit()
    planned = shell("plan")
    assert "+ schedule morning" in planned.out and "+ file report.py" in planned.out
    assert "wine" not in shell("projects", "ls").out
    pushed = shell("push", "--yes")
    assert pushed.code == 0, pushed.err
    assert pushed.out == planned.out and "wine: pushed" in pushed.err
    assert shell("push").out == shell("plan").out == "No changes.\n"
    assert "1 automation" in shell("projects", "show", "wine").out


def test_without_a_terminal_a_push_names_the_option(shell, folder, commit):
    commit()
    refused = shell("push")
    assert refused.code == 2 and "--yes" in refused.err
    assert shell("projects", "ls", "--json").out.count("wine") == 0


def test_a_changed_entry_shows_the_old_and_new_value_of_each_field(
    shell, folder, commit, monkeypatch
):
    monkeypatch.setattr(project_folder, "_await_environments", lambda *_: None)
    file = folder / "nbyard.toml"
    packages = '\n[environments.tools]\nrequirements = ["attrs", "iniconfig"]\n'
    file.write_text(file.read_text() + packages)
    commit()
    assert shell("push", "--yes").code == 0
    changed = file.read_text().replace("weekdays 8:00", "weekdays 9:00")
    changed = changed.replace('"attrs", ', "").replace('"iniconfig"', '"iniconfig", "pluggy"')
    file.write_text(changed + '[schedules.morning.parameters]\nsource = "' + "x" * 99 + '"\n')
    commit()
    out = shell("plan").out
    assert "~ schedule morning\n    when: weekdays 8:00 → weekdays 9:00\n" in out
    assert f'    parameters: – → {{"source": "{"x" * 48}…\n' in out
    assert "~ environment tools\n    requirements: +pluggy, -attrs\n" in out


def test_a_workflow_that_lacks_files_is_refused_before_the_question(shell, folder, commit):
    (folder / "flows").mkdir()
    (folder / "visitors.nbflow").rename(folder / "flows/visitors.nbflow")
    text = (folder / "nbyard.toml").read_text().replace('"visitors.nb', '"flows/visitors.nb')
    (folder / "nbyard.toml").write_text(text)
    commit()
    for words in (("plan",), ("push", "--yes")):
        refused = shell(*words)
        assert refused.code and not refused.out
        assert "of flows/visitors.nbflow uses flows/report.py" in refused.err
    assert "wine" not in shell("projects", "ls").out


def test_uncommitted_changes_are_sent_on_request_only(shell, folder, commit):
    commit()
    shell("push", "--yes")
    (folder / "report.py").write_text("print()\n")
    (folder / "new.py").write_text("print()\n")
    found = shell("plan")
    assert found.out == "No changes.\n" and "--stash" in found.err
    assert shell("plan", "--stash").out == "~ file report.py\n"
    assert shell("plan", "--current").out == "+ file new.py\n~ file report.py\n"
    assert shell("plan", "--current", "--stash").code == 2


def test_any_answer_but_yes_changes_nothing(shell, folder):
    assert shell("push", "--current").code != 0
    assert "wine" not in shell("projects", "ls").out
    assert "--current" in shell("push").err


def test_a_plan_and_a_push_show_what_a_policy_deletes_now(shell, folder, yard, dispatcher):
    assert shell("push", "--current", "--yes").code == 0
    (folder / "a.py").write_text("print()\n")
    for _ in range(2):
        run = shell("run", "a.py", "--detach").out.strip().split()[-1]
        dispatcher.until(lambda run=run: shell("runs", "show", run, "--json").out, is_over)
        assert shell("projects", "link", "wine", "run", run).code == 0
    with (folder / "nbyard.toml").open("a") as file:
        file.write("\n[retention.few]\nkeep = 1\n\n[retention.old]\nolder_than_days = 9\n")
    planned = shell("plan", "--current")
    assert "+ policy few" in planned.out, planned.err
    assert "few would delete 1" in planned.out
    assert "old would delete no" in planned.out
    pushed = shell("push", "--current", "--yes")
    assert "few deletes 1 run" in pushed.out
    assert "old deletes no run" in pushed.out
    assert "Policy" not in shell("plan", "--current").out


def test_a_push_continues_if_a_policy_cannot_be_previewed(shell, folder, monkeypatch):
    assert shell("push", "--current", "--yes").code == 0
    with (folder / "nbyard.toml").open("a") as file:
        file.write("\n[retention.few]\nkeep = 1\n\n[retention.old]\nolder_than_days = 9\n")
    late = Mock(side_effect=Unavailable("timed out"))
    monkeypatch.setattr(RunHistory, "preview_clean_up", late)
    pushed = shell("push", "--current", "--yes")
    assert pushed.code == 0, pushed.err
    assert pushed.err.count("cannot be previewed") == 1 and "wine: pushed" in pushed.err
    assert shell("plan", "--current").out == "No changes.\n"


def is_over(text):
    return json.loads(text)["run"]["state"] == "succeeded"


def test_json(shell, folder):
    planned = shell("plan", "--current", "--json").json
    assert {"action": "add", "kind": "schedule", "name": "morning", "fields": {}} in planned[
        "changes"
    ]
    assert shell("push", "--current", "--yes", "--json").json["missing"] == []
    assert shell("push", "--current", "--json").json["changes"] == []


def test_a_pull_names_changes_that_it_replaces(shell, folder, commit):
    commit()
    shell("push", "--yes")
    (folder / "report.py").write_text("print()\n")
    pulled = shell("pull")
    assert pulled.code == 2 and "report.py: its changes" in pulled.err
    assert (folder / "report.py").read_text() == "print()\n"


def test_a_pull_names_twenty_files_and_counts_the_others(shell, folder, commit):
    for number in range(22):
        (folder / f"f{number:02}.py").write_text("")
    commit()
    shell("push", "--yes")
    for number in range(22):
        (folder / f"f{number:02}.py").write_text("print()\n")
    pulled = shell("pull")
    assert pulled.err.count("are not committed") == 20 and "and 2 more\n" in pulled.err


def test_a_pull_fetches_pushed_files_and_later_changes(shell, folder, yard, monkeypatch):
    shell("push", "--current", "--yes")
    monkeypatch.chdir(yard.context.files.root)
    pulled = shell("pull", "wine", "--folder", "copy", "--yes")
    assert pulled.code == 0, pulled.err
    assert (yard.context.files.root / "copy" / "report.py").read_text().startswith('"""Write')
    assert shell("pull", "wine", "--folder", "copy").out == "No changes.\n"
    shell("automations", "update", "morning", "--at", "daily at 6")
    monkeypatch.chdir(folder)
    assert shell("pull", "--yes").out == "~ file nbyard.toml\n"
    assert '"daily at 6"' in (folder / "nbyard.toml").read_text()
    assert shell("pull").out == "No changes.\n"
    assert shell("plan", "--current").out == "~ file nbyard.toml\n"


def test_errors_name_the_field(shell, folder, yard, monkeypatch):
    text = (folder / "nbyard.toml").read_text()
    (folder / "nbyard.toml").write_text(text.replace("weekdays 8:00", "sometimes"))
    refused = shell("push", "--current", "--yes")
    assert refused.code == 2 and "schedules.morning" in refused.err
    (folder / "nbyard.toml").write_text(text + "colour = 1\n")
    assert "colour" in shell("plan", "--current").err
    monkeypatch.chdir(yard.context.files.root)
    assert "no nbyard.toml" in shell("plan").err and "nbyard init" in shell("plan").err
    assert "no project" in shell("pull", "beer").err


class Installing:
    """A connection whose server installs the environment `analysis` meanwhile."""

    def __init__(self, last: str):
        self.states = iter(["queued", "building", "building", last])
        self.state, self.pushes, self.waits = "queued", 0, 0
        self.projects = SimpleNamespace(push=self.push)
        self.environments = SimpleNamespace(get=self.get)

    def push(self, body):
        self.pushes += 1
        if self.state == "ready":
            return ProjectPlan([])
        why: Reason | str = because(NOT_YET, version=1, name="analysis", state=self.state)
        if self.state == "failed":
            why = "version 1 of 'analysis' was not installed"
        raise Invalid.field("schedules.morning.environment", why)

    def get(self, environment):
        assert environment == "analysis"
        self.state = next(self.states)
        reason = because("text", text="no such package") if self.state == "failed" else None
        current = SimpleNamespace(state=self.state, number=1, reason=reason)
        return SimpleNamespace(name="analysis", installed=0, current=current)

    def wait(self, _seconds):
        self.waits += 1


def test_a_push_waits_for_environments_that_its_schedules_need(capsys):
    server = Installing("ready")
    assert _send(server, PUSH) == ProjectPlan([])
    assert (server.pushes, server.waits) == (2, 3)
    waiting = "analysis: waiting for its installation…\n"
    assert capsys.readouterr().err == f"{waiting}analysis: version 1 is installed\n"
    server = Installing("failed")
    with pytest.raises(Invalid, match="analysis"):
        _send(server, PUSH)
    assert server.pushes == 2


def test_a_push_waits_for_environments_that_only_nodes_need(capsys, monkeypatch):
    project, entry = NewProject("wine"), EnvironmentEntry(["cowsay"])
    push = ProjectPush(ProjectDefinition(project, {}, {"analysis": entry}), {})
    server = Installing("ready")
    _await_environments(server, push, ["analysis"])
    assert server.state == "ready" and server.waits == 3
    assert "analysis: version 1" in capsys.readouterr().err
    with pytest.raises(Exit) as exited:
        _await_environments(Installing("failed"), push, [])
    assert exited.value.exit_code == 1
    assert "installed: no such package" in capsys.readouterr().err
    server = Installing("ready")
    server.states = iter(["failed", "failed"])
    _await_environments(server, push, [])  # it failed before this push
    assert server.waits == 0 and capsys.readouterr().err == ""
    with pytest.raises(Exit):
        _await_environments(server, push, ["analysis"])  # it failed at once
    monkeypatch.setattr(server.environments, "get", Mock(side_effect=Forbidden("no")))
    _await_environments(server, push, ["analysis"])
    assert "may not read" in capsys.readouterr().err


def test_an_interrupted_push_says_how_to_follow_the_installation(capsys, monkeypatch):
    server = Installing("ready")
    monkeypatch.setattr(server, "wait", Mock(side_effect=KeyboardInterrupt))
    with pytest.raises(SystemExit) as exited:
        _await_installation(server, "analysis")
    assert exited.value.code == 130
    assert "nbyard environments log analysis" in capsys.readouterr().err


def test_pushed_environments_are_awaited(shell, folder, monkeypatch):
    """After the first push, and after one without changes."""
    awaited = []
    ready = SimpleNamespace(current=SimpleNamespace(state="ready"))

    def note(_, name):
        awaited.append(name)
        return ready, False

    monkeypatch.setattr(project_folder, "_await_installation", note)
    with (folder / "nbyard.toml").open("a") as file:
        file.write('\n[environments.analysis]\nrequirements = ["cowsay==6.1"]\n')
    assert shell("push", "--current", "--yes").code == 0
    assert shell("push", "--current").out == "No changes.\n"
    assert awaited == ["analysis", "analysis"]


def test_other_refusals_of_a_push_are_shown_at_once():
    both = [
        Detail.of("schedules.a.environment", because(NOT_YET, version=1, name="b", state="queued")),
        Detail("schedules.a.path", "may not be empty"),
    ]

    def push(body):
        raise Invalid.fields(both)

    with pytest.raises(Invalid):
        _send(SimpleNamespace(projects=SimpleNamespace(push=push)), PUSH)
