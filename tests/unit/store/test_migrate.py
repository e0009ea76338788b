"""G5, I17: migrations at start; the tables in code and the migrated ones are the same."""

import json
from importlib import import_module
from pathlib import Path

import msgspec
import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from nbyard.domain.arguments.bindings import Flag, Option
from nbyard.domain.arguments.structs import Argument
from nbyard.domain.attempts.structs import Failure
from nbyard.domain.ids import new_id
from nbyard.domain.runs.origins import Origin
from nbyard.domain.workflows.structs import Document
from nbyard.errors import NewerSchema
from nbyard.reasons.structs import Reason, because, text_reason
from nbyard.store import Store, events
from nbyard.store.database.database_connection import Database, sqlite_url
from nbyard.store.events import Subject
from nbyard.store.migrate import MIGRATIONS, revisions, schema_of
from nbyard.store.schema.list_indexes import INDEXED

from .rows import Rows, moment

pytestmark = pytest.mark.slow


def test_the_migrated_schema_is_the_one_in_code(store: Store) -> None:
    with store.read() as c:
        context = MigrationContext.configure(c, opts={"compare_type": True})
        assert compare_metadata(context, INDEXED) == []


def test_revisions_are_known_by_the_names_of_their_files() -> None:
    """So that whoever opens a store that is up to date needs no Alembic."""
    scripts = ScriptDirectory(str(MIGRATIONS))
    assert sorted(script.revision for script in scripts.walk_revisions()) == revisions()
    assert scripts.get_current_head() == revisions()[-1]


def test_opening_again_changes_nothing(tmp_path: Path) -> None:
    first = Store(tmp_path)
    first.close()
    second = Store(tmp_path)
    second.close()
    assert first.id == second.id


def test_two_open_a_new_store_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other one migrates after this one has seen that there is no schema."""
    others: list[Store] = []

    def schema_before_the_other(c: Connection) -> str:
        monkeypatch.undo()
        present = schema_of(c)
        others.append(Store(tmp_path / "s"))
        return present

    module = import_module("nbyard.store.migrate")
    monkeypatch.setattr(module, "schema_of", schema_before_the_other)
    store = Store(tmp_path / "s")
    assert [store.id] == [other.id for other in others]


def test_a_newer_schema_is_refused_and_left_alone(tmp_path: Path) -> None:
    """F18."""
    opened = Store(tmp_path)
    with opened.write() as c:
        c.execute(text("update alembic_version set version_num = '9999'"))
    opened.close()
    with pytest.raises(NewerSchema) as refused:
        Store(tmp_path)
    assert "9999" in refused.value.hint


@pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
def test_runs_learn_where_what_they_ran_really_is(tmp_path: Path, database_url: str) -> None:
    """0007: by their workflow, or by the executable of their one task."""
    opened = Store(tmp_path, database_url)
    with opened.write() as c:
        rows = Rows(opened, c)
        workflow = opened.workflows.create_or_update(c, "ada", "/work/a/flow.nbflow", Document(1))
        tool = rows.executable("tool", path="/work/a/tool.py")
        made = rows.run(path="a/flow.nbflow", workflow_id=workflow.id)
        single, uploaded = rows.run(path="tool.py"), rows.run(path="")
        gone = rows.run(path="gone.py")
        for run, executable in ((made, ""), (single, tool.id), (uploaded, tool.id), (gone, "x")):
            rows.task(run, "main", executable=executable)
        step = import_module("nbyard.store.migrations.versions.0007_real_places_of_runs")
        c.execute(text(step.OF_WORKFLOW))
        c.execute(text(step.OF_EXECUTABLE))
    with opened.read() as c:
        found = {run.id: run.path for run in opened.runs.page(c, "ada", 9, "")}
    opened.close()
    assert [found[run.id] for run in (made, single, uploaded, gone)] == [
        "/work/a/flow.nbflow", "/work/a/tool.py", "", "gone.py",
    ]  # fmt: skip


@pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
def test_options_of_stored_versions_join_what_begins_with_a_dash(
    tmp_path: Path, database_url: str
) -> None:
    """0018: before it, `joined` was false in each option that was not joined."""
    reaches = [Option("--a", joined=False), Option("--b", joined=True), Flag("--c"), None]
    given = [Argument(name, reach=reach) for name, reach in zip("abcd", reaches, strict=True)]
    opened = Store(tmp_path, database_url)
    with opened.write() as c:
        version = Rows(opened, c).executable_version(new_id(), "first", given)
        import_module("nbyard.store.migrations.versions.0018_joined_options").unset_joined(c)
    with opened.read() as c:
        found = opened.executables.version(c, version.id)
    opened.close()
    assert found is not None
    assert [argument.reach for argument in found.arguments] == [Option("--a"), *reaches[1:]]


@pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
def test_imports_under_way_allow_what_their_dispatcher_does(
    tmp_path: Path, database_url: str
) -> None:
    """0024: 0021 gave them an empty list, which allows no private host."""
    opened = Store(tmp_path, database_url)
    with opened.write() as c:
        rows = Rows(opened, c)
        set_ = rows.dataset("sea")
        under_way, told, over = (rows.dataset_version(set_.id) for _ in range(3))
        c.execute(text("update dataset_versions set allowed_hosts = '[]'"))
        hosts = {"id": told, "hosts": '["10.0.0.1"]'}
        c.execute(text("update dataset_versions set allowed_hosts = :hosts where id = :id"), hosts)
        opened.datasets.set_failed(c, "ada", over, Reason("text"))
        import_module("nbyard.store.migrations.versions.0024_imports_under_way").forget_hosts(c)
    with opened.read() as c:
        found = [opened.datasets.allowed_hosts(c, one) for one in (under_way, told, over)]
    opened.close()
    assert found == [None, ["10.0.0.1"], []]


@pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
def test_sentences_become_reasons_that_are_shown_as_before(
    tmp_path: Path, database_url: str
) -> None:
    """0025: rows of every table and their events."""
    words = 'waits for "a GPU" – it\'s 5 % of {all}\n…'
    opened = Store(tmp_path, database_url)
    with opened.write() as c:
        set_ = Rows(opened, c).dataset("sea")
        failed, ready = (Rows(opened, c).dataset_version(set_.id) for _ in range(2))
        set_reason = text("update dataset_versions set reason = :words where id = :id")
        c.execute(set_reason, {"words": words, "id": failed})
        c.execute(set_reason, {"words": "", "id": ready})
        subject = Subject(failed, "ada")
        for data in ({"state": "failed", "reason": words}, {"reason": ""}, {"reason": None}, {}):
            events.append(c, "dataset-version", subject, data)
        import_module("nbyard.store.migrations.versions.0025_reasons_as_codes").encode_reasons(c)
        of_id = text("select reason from dataset_versions where id = :id")
        stored, none = (c.execute(of_id, {"id": one}).scalar_one() for one in (failed, ready))
        told = [event.data.get("reason") for event in events.events_after(c, "ada", 0, 100)][-4:]
    opened.close()
    reason = msgspec.json.decode(stored, type=Reason)
    assert (str(reason), none) == (words, "")
    assert told == [{"code": "text", "params": {"text": words}}, "", None, None]


@pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
@pytest.mark.parametrize(
    ("words", "reason", "waits"),
    [
        ("waits for its turn", None, text_reason("waits for its turn")),
        (
            "attempt 1 failed: no route – waits for a GPU of 2",
            because("attempt-failed", number=1, cause=text_reason("no route")),
            text_reason("waits for a GPU of 2"),
        ),
        (
            "runs because it was forced – waits: it is built",
            text_reason("runs because it was forced"),
            text_reason("waits: it is built"),
        ),
        (
            "attempt 2 was lost: gone",
            because("attempt-lost", number=2, cause=text_reason("gone")),
            None,
        ),
    ],
)
def test_live_tasks_know_what_they_wait_for(
    tmp_path: Path, database_url: str, words: str, reason: Reason | None, waits: Reason | None
) -> None:
    """0025: the sentence held both; a dispatcher that goes on replaces the wait."""
    opened = Store(tmp_path, database_url)
    with opened.write() as c:
        run = Rows(opened, c).run()
        task = Rows(opened, c).task(run, state="queued")
        c.execute(text("update tasks set reason = :words"), {"words": words})
        import_module("nbyard.store.migrations.versions.0025_reasons_as_codes").encode_reasons(c)
        (found,) = opened.tasks.of_run(c, run.id)
    opened.close()
    assert (found.id, found.reason, found.waits) == (task.id, reason, waits)


@pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
def test_failed_runs_get_the_reason_of_their_first_failure(
    tmp_path: Path, database_url: str
) -> None:
    """0028."""
    first, later = (Failure("error", because("text", text=words)) for words in ("first", "later"))
    opened = Store(tmp_path, database_url)
    with opened.write() as c:
        rows = Rows(opened, c)
        retry = because("retry-of-run", run=7)
        failed, plain, good, retried, silent = (
            rows.run(reason=reason) for reason in (None, None, None, retry, None)
        )
        for node, failure, at in (("a", later, 2), ("b", first, 1), ("c", None, 0)):
            own = {"failure": msgspec.to_builtins(failure), "finished_at": moment(at)}
            rows.task(failed, node, state="failed", **own)
        rows.task(plain, state="failed", reason=because("cancelled"))
        rows.task(good, state="failed", failure=msgspec.to_builtins(first))
        rows.task(retried, state="failed", failure=msgspec.to_builtins(first))
        rows.task(silent, state="failed", failure=None)
        c.execute(text("update runs set state = 'failed' where id != :id"), {"id": good.id})
        module = import_module("nbyard.store.migrations.versions.0028_reasons_of_failed_runs")
        module.set_reasons(c)
        found = {run.id: run.reason for run in opened.runs.page(c, "ada", 9, "")}
        reasons = opened.tasks.first_failures(c, [failed.id, plain.id, silent.id, "none"])
    opened.close()
    assert reasons == {failed.id: first.reason, plain.id: because("cancelled")}
    both = because("all", reasons=[retry, first.reason])
    assert found == {**reasons, good.id: None, retried.id: both, silent.id: None}


@pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
def test_failures_become_reasons_that_are_shown_as_before(
    tmp_path: Path, database_url: str
) -> None:
    """0026: of tasks, in reasons of tasks and attempts, and in events."""
    words = 'ValueError: "a" – it\'s 5 % of {all}\n…'
    failure = {"kind": "error", "message": words, "cell": 2}
    cause = {"code": "failure", "params": {"kind": "error", "message": words}}
    again = {"code": "attempt-failed", "params": {"number": 1, "cause": cause}}
    opened = Store(tmp_path, database_url)
    with opened.write() as c:
        run = Rows(opened, c).run()
        task = Rows(opened, c).task(run, state="failed")
        values = {"failure": json.dumps(failure), "reason": json.dumps(again)}
        c.execute(text("update tasks set failure = :failure, reason = :reason"), values)
        for data in ({"reason": cause, "failure": failure}, {"failure": None, "message": "x"}):
            events.append(c, "task", Subject(task.id, "ada"), data)
        module = import_module("nbyard.store.migrations.versions.0026_failures_as_codes")
        module.encode_failures(c)
        module.encode_failures(c)
        (found,) = opened.tasks.of_run(c, run.id)
        (shown,) = opened.tasks.views(c, run.id)
        told = [event.data for event in events.events_after(c, "ada", 0, 100)][-2:]
    opened.close()
    expected = {"code": "text", "params": {"text": words}}
    assert str(found.reason) == f"attempt 1 failed: {words}"
    assert shown.failure == Failure("error", because("text", text=words), cell=2)
    assert told[0] == {
        "reason": expected,
        "failure": {"kind": "error", "cell": 2, "reason": expected},
    }
    assert told[1] == {"failure": None, "message": "x"}


OLD_RUN = text(
    "insert into runs (id, number, name, title, owner, state, path, workflow_id,"
    " workflow_version_id, parameters, runtime, priority, edges, reason, created_at)"
    " values (:id, :number, null, '', 'ada', 'failed', '', '', '', '{}', 'process', 0, '[]',"
    " :reason, 0)"
)


@pytest.mark.parametrize("bare_database_url", ["sqlite", "postgresql"], indirect=True)
def test_older_runs_have_no_template_and_retries_know_their_origin(
    tmp_path: Path, bare_database_url: str
) -> None:
    """0029."""
    retry, gone = (because("retry-of-run", run=number) for number in (1, 99))
    both = because("all", reasons=[retry, because("cancelled")])
    reasons = {"a": None, "b": retry, "c": both, "d": gone, "e": because("cancelled")}
    database = Database(bare_database_url or sqlite_url(tmp_path), tmp_path, lambda: None)
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with database.write() as c:
        config.attributes["connection"] = c
        command.upgrade(config, "0028")
        for number, (run, reason) in enumerate(reasons.items(), 1):
            told = msgspec.json.encode(reason).decode() if reason else ""
            c.execute(OLD_RUN, {"id": run, "number": number, "reason": told})
    database.close()
    opened = Store(tmp_path, bare_database_url)
    with opened.read() as c:
        found = {run.id: run.origin for run in opened.runs.page(c, "ada", 9, "")}
        templates = [opened.runs.template_id(c, run) for run in found]
        context = MigrationContext.configure(c, opts={"compare_type": True})
        assert compare_metadata(context, INDEXED) == []
    opened.close()
    assert found == {
        "a": Origin(),
        "b": Origin("retry", "a"),
        "c": Origin("retry", "a"),
        "d": Origin("retry"),
        "e": Origin(),
    }
    assert templates == [""] * 5


@pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
def test_earlier_runs_get_the_schedule_or_trigger_that_they_came_from(
    tmp_path: Path, database_url: str
) -> None:
    """0040: retries have that of the run that they repeat, which may be a retry or deleted."""
    opened = Store(tmp_path, database_url)
    with opened.write() as c:
        rows = Rows(opened, c)
        last = rows.run(origin="retry")  # with an ID before that of the run that it repeats
        nightly = rows.run(origin="schedule", origin_id="s")
        again = rows.run(origin="retry", origin_id=nightly.id)
        fired = rows.run(origin="trigger", origin_id="t")
        by_hand = rows.run()
        others = [
            rows.run(origin="retry", origin_id=by_hand.id),
            rows.run(origin="retry", origin_id="gone"),
            rows.run(origin="bisect", origin_id="b"),
        ]
        set_origin = text("update runs set origin_id = :again where id = :last")
        c.execute(set_origin, {"again": again.id, "last": last.id})
        import_module("nbyard.store.migrations.versions.0040_sources_of_runs").find_sources(c)
        sourced = (nightly, again, last, fired, by_hand, *others)
        found = [opened.runs.by_id(c, run.id) for run in sourced]
    opened.close()
    assert [run.origin.source_id for run in found if run] == ["s", "s", "s", "t", *[""] * 4]


@pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
def test_earlier_runs_get_the_group_that_new_runs_have(tmp_path: Path, database_url: str) -> None:
    """0042."""
    opened = Store(tmp_path, database_url)
    parts: list[dict[str, str]] = [
        {"workflow_id": "w", "path": "/a.nbflow", "title": "a"},
        {"path": "/a.py", "title": "a"},
        {"title": "fit"},
        {},
    ]
    groups = text("select output_group from runs order by id")
    with opened.write() as c:
        for columns in parts:
            Rows(opened, c).run(**columns)
        new = [*c.execute(groups).scalars()]
        c.execute(text("update runs set output_group = ''"))
        import_module("nbyard.store.migrations.versions.0042_output_groups").find_groups(c)
        found = [*c.execute(groups).scalars()]
    opened.close()
    assert found == new == ["workflow:w", "path:/a.py", "title:fit", "title:"]
