"""A push changes the server to match the folder, once."""

import shutil
from datetime import UTC, datetime

import msgspec
import pytest
from tests.support.refusals import refused_at

from nbyard.blobs import open_download
from nbyard.domain.automations.structs import (
    AutomaticRun,
    AutomationPatch,
    Fire,
    NewAutomation,
)
from nbyard.domain.automations.times.structs import Interval, Missed
from nbyard.domain.callers import Caller
from nbyard.domain.environments.structs import NewEnvironment
from nbyard.domain.projects.definitions import FILE, FieldChange, ProjectFile
from nbyard.domain.projects.members import NewMember
from nbyard.domain.projects.structs import NewLink, NewProject
from nbyard.domain.runs.origins import GitState
from nbyard.errors import Invalid, NameTaken, NotFound, StaleWrite
from nbyard.freezing.pushed_folders import folder_of, place_of
from nbyard.host.clock import local_zone
from nbyard.services.projects.pushed_schedules import ScheduleSync

pytestmark = pytest.mark.slow

MORNING = '[schedules.morning]\npath = "a.py"\nwhen = "weekdays 8:00"\nzone = "Europe/Berlin"\n'
TOOLS = '[environments.tools]\nrequirements = ["nothing_of_this_name_is_installed == 1"]\n'
GIT = GitState("1" * 40, "main")


def lines(plan):
    return [f"{one.action} {one.kind} {one.name}" for one in plan.changes]


def test_a_second_push_changes_nothing(projects, ann, folder, schedules):
    body = folder(MORNING + TOOLS)
    planned = projects.plan(ann, body)
    assert lines(planned) == [
        "add project wine",
        "add file a.py",
        "add file nbyard.toml",
        "add environment tools",
        "add schedule morning",
    ]
    assert planned.missing == ["a.py", FILE]
    assert projects.list(ann).items == []  # a plan stores nothing
    assert lines(projects.push(ann, body)) == lines(planned)
    again = projects.plan(ann, body)
    assert (again.changes, again.missing) == ([], [])
    assert projects.push(ann, msgspec.structs.replace(body, archive="")).changes == []
    assert projects.get(ann, "wine").links == {"automation": 1, "environment": 1}
    assert schedules.get(ann, "morning").run.path == "a.py"


def test_changes_name_their_fields_and_are_applied(projects, ann, folder, schedules):
    projects.push(ann, folder(MORNING))
    first = schedules.get(ann, "morning")
    later = MORNING.replace("8:00", "9:00") + 'overlap = "queue"\nenabled = false\n'
    body = folder('description = "red"\n' + later, {"a.py": b"print(1)\n"})
    planned = projects.plan(ann, body)
    changes = {one.name: one.fields for one in planned.changes}
    assert changes["wine"] == {"description": FieldChange("", "red")}
    assert [*changes["morning"]] == ["when", "overlap", "enabled"]
    assert changes["morning"]["overlap"] == FieldChange("skip", "queue")
    assert planned.missing == ["a.py", FILE]
    projects.push(ann, body)
    assert projects.plan(ann, body).changes == []
    found = schedules.get(ann, "morning")
    assert (found.id, found.overlap, found.is_enabled) == (first.id, "queue", False)
    assert str(found.sentence).startswith("Monday to Friday")


def test_fields_that_the_file_omits_are_kept(projects, ann, folder, schedules):
    body = folder(MORNING + 'overlap = "queue"\nat_most = 9\nruntime = "process"\n')
    projects.push(ann, body)
    found = schedules.get(ann, "morning")
    edited = AutomationPatch(
        found.revision,
        run=msgspec.structs.replace(found.run, force=False, priority=5),
        ends_at=datetime(2099, 1, 1, tzinfo=UTC),
        missed=Missed("all"),
    )
    schedules.update(ann, found.id, edited)
    schedules.disable(ann, found.id)
    assert projects.plan(ann, body).changes == []
    # Other files, other options of the run, and a removed limit.
    body = folder(MORNING + 'at_most = false\nruntime = ""\n', {"a.py": b"print(2)\n"})
    (change,) = (one for one in projects.push(ann, body).changes if one.kind == "schedule")
    assert [*change.fields] == ["at_most", "runtime"]
    now = schedules.get(ann, "morning")
    assert (now.run.force, now.run.priority, now.run.runtime) == (False, 5, "")
    assert (now.overlap, now.missed, now.is_enabled) == ("queue", Missed("all"), False)
    assert (now.at_most, now.ends_at) == (None, edited.ends_at)
    # Options of a run that the file cannot name go with its code.
    body = folder(MORNING.replace("a.py", "b.py"), {"b.py": b""})
    projects.push(ann, body)
    now = schedules.get(ann, "morning")
    assert (now.run.path, now.run.force, now.run.priority) == ("b.py", False, 5)


def test_a_pull_after_a_push_changes_nothing_in_the_file(projects, ann, folder):
    text = f'overlap = "skip"\nzone = "{local_zone()}"\nends_at = 2099-01-01T08:00:00\n'
    body = folder(MORNING.replace('zone = "Europe/Berlin"\n', text) + "at_most = false\n")
    projects.push(ann, body)
    assert projects.definition(ann, "wine").definition == body.definition


def test_schedules_use_pushed_files_and_their_commit(
    projects, ann, schedules, folder, yard, dispatcher
):
    projects.push(ann, folder(MORNING, {"a.py": b"print('first')\n"}, git=GIT))
    runs = yard.services.runs
    run = runs.get(ann, schedules.fire(ann, "morning", Fire()).run_id).run
    assert run.git == GIT
    dispatcher.until(lambda: runs.get(ann, run.id), lambda d: d.run.state == "succeeded")
    assert "first" in runs.log(ann, run.id, "main").text
    newer = GitState("2" * 40, "main", True)
    projects.push(ann, folder(MORNING, {"a.py": b"print('second')\n"}, git=newer))
    run = runs.get(ann, schedules.fire(ann, "morning", Fire()).run_id).run
    assert run.git == newer
    dispatcher.until(lambda: runs.get(ann, run.id), lambda d: d.run.state == "succeeded")
    assert "second" in runs.log(ann, run.id, "main").text
    assert runs.list(ann, project="wine").items[0].id == run.id
    assert len([*folder_of(yard.store, projects.get(ann, "wine").id).iterdir()]) == 1


def test_schedules_that_the_file_lacks_are_deleted_only_if_pushed(
    projects, ann, schedules, folder, yard, root
):
    projects.push(ann, folder(MORNING + TOOLS))
    (root / "own.py").write_text("print()\n")
    own = schedules.create(ann, _daily("own.py"))
    projects.link(ann, "wine", NewLink("automation", own.id))
    body = folder()
    assert lines(projects.plan(ann, body)) == ["change file nbyard.toml", "delete schedule morning"]
    projects.push(ann, body)
    assert [one.name for one in schedules.list(ann).items] == ["own"]
    assert yard.services.environments.get(ann, "tools").name == "tools"


def _daily(path):
    body = {"run": {"path": path}, "on": {"kind": "phrase", "text": "daily at 6"}}
    return msgspec.convert(body, NewAutomation)


def test_a_schedule_of_another_user_is_not_changed(projects, ann, folder, schedules, root):
    (root / "morning.py").write_text("print()\n")
    schedules.create(ann, _daily("morning.py"))
    for call in (projects.plan, projects.push):
        with refused_at("schedules.morning", NameTaken) as refused:
            call(ann, folder(MORNING))
        assert "'morning 2' is free" in refused.value.hint
    assert schedules.get(ann, "morning").run.path == "morning.py"
    assert projects.list(ann).items == []


def test_a_renamed_schedule_frees_its_name(projects, ann, folder, schedules):
    plain, wide = (MORNING.replace("morning", f'"a{space}b"') for space in (" ", "\u2003"))
    projects.push(ann, folder(plain))
    projects.push(ann, folder(wide))
    assert [one.name for one in schedules.list(ann).items] == ["a\u2003b"]
    assert projects.plan(ann, folder(wide)).changes == []


def test_schedules_of_deleted_environments_are_refused(
    projects, ann, schedules, folder, yard, dispatcher
):
    environments = yard.services.environments
    made = environments.create(ann, NewEnvironment("tools", ""))
    dispatcher.until(
        lambda: environments.get(ann, "tools"), lambda one: one.current.state == "ready"
    )
    text = MORNING + 'environment = "tools@1"\n'
    projects.push(ann, folder(text))
    with pytest.raises(Invalid) as refused:
        projects.plan(ann, folder(text.replace("@1", "@2")))
    assert "the environment" in refused.value.details[0].message
    environments.delete(ann, made.id, force=True)
    before = schedules.get(ann, "morning")
    for other in (text, MORNING.replace("8:00", "9:00")):
        for call in (projects.plan, projects.push):
            with pytest.raises(Invalid) as refused:
                call(ann, folder(other))
            (detail,) = refused.value.details
            assert detail.path == "schedules.morning.environment"
            assert "there is no environment" in detail.message
            assert "nbyard.toml" in refused.value.hint
    assert schedules.get(ann, "morning") == before
    without = text.replace("tools@1", "")
    projects.push(ann, folder(without))
    assert projects.plan(ann, folder(without)).changes == []


@pytest.mark.parametrize(
    ("toml", "path"),
    [
        ('repository = "file:///x"\n', "project.repository"),
        (MORNING.replace("a.py", "b.py"), "schedules.morning.path"),
        (MORNING.replace("a.py", "../a.py"), "schedules.morning.path"),
        (MORNING.replace("a.py", "/etc/passwd"), "schedules.morning.path"),
        (MORNING.replace("weekdays 8:00", "sometimes"), "schedules.morning.when"),
        (MORNING + "ends_at = 2020-01-01T08:00:00\n", "schedules.morning.ends_at"),
        (MORNING.replace("Europe/Berlin", "Moon"), "schedules.morning.zone"),
        (MORNING.replace("morning", '" "'), "schedules. "),
        (MORNING + 'executable = "x"\n', "schedules.morning.path"),
        ('[schedules.x]\nwhen = "daily"\n', "schedules.x.path"),
        (MORNING + 'environment = "tools"\n', "schedules.morning.environment"),
        (MORNING + 'environment = "tools@7"\n' + TOOLS, "schedules.morning.environment"),
        (TOOLS.replace("== 1", "=="), "environments.tools.requirements.1"),
        (TOOLS.replace("tools", '"a/b"'), "environments.a/b"),
    ],
)
def test_a_plan_names_the_wrong_field(projects, ann, folder, toml, path):
    for call in (projects.plan, projects.push):
        with refused_at(path):
            call(ann, folder(toml))
    assert projects.list(ann).items == []


def test_a_push_names_the_wrong_field_of_a_schedule_and_can_be_repeated(projects, ann, folder):
    with refused_at("schedules.morning.parameters.x"):
        projects.push(ann, folder(MORNING + "parameters = {x = 1}\n"))
    projects.push(ann, folder(MORNING))
    assert projects.plan(ann, folder(MORNING)).changes == []


def test_bytes_come_from_the_archive_or_the_push_before(projects, ann, folder, yard):
    """A digest alone gives no access to the bytes of others."""
    secret = yard.context.blobs.put_bytes(b"secret")
    body = folder()
    stolen = {**body.files, "x": ProjectFile(secret.digest, secret.size_bytes)}
    body = msgspec.structs.replace(body, files=stolen)
    assert "x" in projects.plan(ann, body).missing
    with pytest.raises(Invalid, match="content of x"):
        projects.push(ann, body)


@pytest.mark.parametrize("path", ["../x", "/x", "a//b", "a\\b", "a\x00b"])
def test_a_path_stays_in_the_folder(projects, ann, folder, path):
    body = folder()
    files = {**body.files, path: body.files["a.py"]}
    with pytest.raises(Invalid):
        projects.plan(ann, msgspec.structs.replace(body, files=files))


def test_a_push_needs_files(projects, ann, folder):
    with pytest.raises(Invalid):
        projects.plan(ann, msgspec.structs.replace(folder(), files={}))


def test_the_definition_shows_the_present_state(projects, ann, folder, schedules):
    projects.push(ann, folder(MORNING + TOOLS, git=GIT))
    found = schedules.get(ann, "morning")
    patch = AutomationPatch(found.revision, overlap="replace", zone=local_zone())
    schedules.update(ann, found.id, patch)
    pulled = projects.definition(ann, "wine")
    assert pulled.git == GIT
    assert sorted(pulled.files) == ["a.py", FILE]
    morning = pulled.definition.schedules["morning"]
    assert (morning.path, morning.overlap, morning.zone) == (
        "a.py",
        "replace",
        msgspec.UNSET,  # that of the server
    )
    (lines,) = pulled.definition.environments["tools"].requirements
    assert lines.replace(" ", "") == "nothing_of_this_name_is_installed==1"


def test_files_are_downloaded(projects, ann, folder, yard):
    projects.push(ann, folder(MORNING))
    source, name = open_download(yard.context.blobs, projects.file(ann, "wine", "a.py"))
    with source:
        assert (source.read(), name) == (b"print()\n", "a.py")
    with pytest.raises(NotFound):
        projects.file(ann, "wine", "b.py")
    with pytest.raises(NotFound):
        projects.file(Caller("eve"), "wine", "a.py")
    projects.create(ann, NewProject("empty"))
    with pytest.raises(NotFound, match="has no pushed files"):
        projects.file(ann, "empty", "a.py")


def test_pushed_files_are_no_garbage(projects, ann, schedules, folder, yard):
    projects.push(ann, folder(MORNING))
    project = projects.get(ann, "wine")
    with yard.store.read() as c:
        assert project.files in yard.store.digests_outside_runs(c)
    # The folder can be laid out again.
    shutil.rmtree(folder_of(yard.store, project.id))
    projects.push(ann, folder(MORNING, {"b.py": b""}))
    assert schedules.fire(ann, "morning", Fire()).run_id


def test_a_push_keeps_files_of_the_automation_of_a_member(projects, ann, schedules, folder, yard):
    projects.push(ann, folder(MORNING))
    project = projects.get(ann, "wine")
    yard.services.shares.grant(ann, "project", "wine", NewMember("bob", "editor"))
    first = place_of(yard.context, project.id, project.files)
    used = NewAutomation(AutomaticRun(path=f"{project.id}:a.py"), Interval(3600), name="his")
    schedules.create(Caller("bob"), used)
    projects.push(ann, folder(MORNING, {"b.py": b""}))
    assert (first / "a.py").exists()
    schedules.delete(Caller("bob"), "his")
    projects.push(ann, folder(MORNING, {"c.py": b""}))
    assert not first.exists()


def test_a_deleted_project_leaves_its_schedules_working(projects, ann, schedules, folder, yard):
    projects.push(ann, folder(MORNING))
    place = folder_of(yard.store, projects.get(ann, "wine").id)
    projects.delete(ann, "wine")
    assert schedules.fire(ann, "morning", Fire()).run_id
    projects.push(ann, folder())
    other = folder_of(yard.store, projects.get(ann, "wine").id)
    projects.delete(ann, "wine")
    assert place.is_dir() and not other.is_dir()


def test_an_interrupted_push_is_repeated(projects, ann, folder, schedules, monkeypatch):
    projects.push(ann, folder(MORNING))
    before = schedules.get(ann, "morning")
    body = folder(MORNING.replace("8:00", "9:00"), {"a.py": b"print(1)\n"})

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError

    with monkeypatch.context() as patch:
        patch.setattr(ScheduleSync, "apply", broken)
        with pytest.raises(RuntimeError):
            projects.push(ann, body)
    # The schedule still has the files of the push before.
    assert schedules.get(ann, "morning") == before
    assert schedules.fire(ann, "morning", Fire()).run_id
    assert projects.plan(ann, body).missing == ["a.py", FILE]
    projects.push(ann, body)
    assert projects.plan(ann, body).changes == []


def test_of_two_pushes_at_once_one_is_refused(projects, ann, folder, schedules, monkeypatch):
    body = folder(MORNING)
    other = folder(MORNING, {"a.py": b"print(1)\n"})
    compared = projects.compare
    early = compared(ann, body)
    projects.push(ann, other)
    with monkeypatch.context() as patch:
        patch.setattr(projects, "compare", lambda *_: early)
        with pytest.raises(StaleWrite):
            projects.push(ann, body)
    assert projects.plan(ann, other).changes == []
    late = compared(ann, body)
    projects.push(ann, folder(MORNING, {"a.py": b"print(2)\n"}))
    with monkeypatch.context() as patch:
        patch.setattr(projects, "compare", lambda *_: late)
        with pytest.raises(StaleWrite):
            projects.push(ann, body)
    assert schedules.fire(ann, "morning", Fire()).run_id


def test_concurrent_pushes_are_detected_and_repaired(projects, ann, folder, schedules, monkeypatch):
    projects.push(ann, folder(MORNING))
    first, second = folder(MORNING, {"a.py": b"1\n"}), folder(MORNING, {"a.py": b"2\n"})
    apply = ScheduleSync.apply

    def meanwhile(sync, *args):
        monkeypatch.setattr(ScheduleSync, "apply", apply)
        done = apply(sync, *args)
        projects.push(ann, second)
        return done

    monkeypatch.setattr(ScheduleSync, "apply", meanwhile)
    with pytest.raises(StaleWrite):
        projects.push(ann, first)
    assert projects.plan(ann, second).changes == []
    assert schedules.fire(ann, "morning", Fire()).run_id


def test_a_push_without_changes_restores_missing_files(projects, ann, schedules, folder, yard):
    body = folder(MORNING)
    projects.push(ann, body)
    shutil.rmtree(folder_of(yard.store, projects.get(ann, "wine").id))
    assert projects.push(ann, msgspec.structs.replace(body, archive="")).changes == []
    assert schedules.fire(ann, "morning", Fire()).run_id


def test_a_pushed_schedule_keeps_to_the_files_of_its_project(
    projects, ann, schedules, folder, yard, root
):
    """A path that a user gives is that of the project's folder, not of the server's root."""
    projects.push(ann, folder(MORNING, {"b.py": b"print('pushed')\n"}))
    (root / "b.py").write_text("print('of the server')\n")
    found = schedules.get(ann, "morning")
    run = msgspec.structs.replace(found.run, path="b.py")
    changed = schedules.update(ann, found.id, AutomationPatch(found.revision, run=run))
    assert changed.run.path == "b.py"
    with yard.store.read() as c:
        (row,) = yard.store.automations.below(
            c, ann.name, str(folder_of(yard.store, projects.get(ann, "wine").id))
        )
    assert row.automation.run.path == f"{row.root}/b.py"
    for path in ("../../b.py", "gone.py"):
        wrong = AutomationPatch(changed.revision, run=msgspec.structs.replace(run, path=path))
        with pytest.raises((Invalid, NotFound)):
            schedules.update(ann, found.id, wrong)
    # A push still changes the path, and uses its own folder.
    assert lines(projects.push(ann, folder(MORNING, {"b.py": b"print()\n"}))) == [
        "change file b.py",
        "change schedule morning",
    ]
    assert schedules.get(ann, "morning").run.path == "a.py"


def test_a_folder_is_deleted_with_the_last_schedule_of_its_project(
    projects, ann, schedules, folder, yard
):
    projects.push(ann, folder(MORNING + MORNING.replace("morning", "evening")))
    place = folder_of(yard.store, projects.get(ann, "wine").id)
    projects.delete(ann, "wine")
    schedules.delete(ann, "morning")
    assert place.is_dir()
    schedules.delete(ann, "evening")
    assert not place.exists()
    projects.push(ann, folder(MORNING))
    schedules.delete(ann, "morning")
    assert folder_of(yard.store, projects.get(ann, "wine").id).is_dir()


@pytest.mark.parametrize(
    ("line", "parameters", "texts"),
    [
        ("", {}, {"n": "2", "m": "3"}),
        ("parameters = {}\n", {}, {}),
        ("parameters = {n = 5}\n", {"n": 5}, {}),
        ('parameters = {n = 5, m = "3"}\n', {"n": 5}, {"m": "3"}),
    ],
)
def test_values_typed_on_a_command_line_stay_if_the_file_has_none(
    projects, ann, folder, schedules, line, parameters, texts
):
    parser = "import argparse\np = argparse.ArgumentParser()\n"
    script = parser + "".join(f"p.add_argument('--{name}', type=int)\n" for name in "nm")
    code = dict.fromkeys(("a.py", "b.py"), f"{script}p.parse_args()\n".encode())
    projects.push(ann, folder(MORNING, code))
    before = schedules.get(ann, "morning")
    run = msgspec.structs.replace(before.run, texts={"n": "2", "m": "3"})
    schedules.update(ann, "morning", AutomationPatch(before.revision, run=run))
    for file in ("a.py", "b.py"):
        body = folder(MORNING.replace("a.py", file) + line, code)
        projects.push(ann, body)
        found = schedules.get(ann, "morning").run
        assert (found.parameters, found.texts) == (parameters, texts)
        assert projects.plan(ann, body).changes == []
