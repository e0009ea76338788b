"""A backup is complete or refused, and restores what it contains on either database."""

import fcntl
import os
import tarfile
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nbyard.attempts.folders import attempt_folder_of
from nbyard.backup import restoring
from nbyard.backup.restoring import MARK, PARTS, _Reader, restore_backup, try_backup
from nbyard.backup.writing import Header, Totals, write_backup
from nbyard.blobs import Blobs
from nbyard.dispatch.recovery import LeftoverSweeper
from nbyard.domain.ids import new_id
from nbyard.domain.ignore_rules import STORE_MARK
from nbyard.domain.projects.definitions import FOLDER, push_name
from nbyard.domain.runs.structs import Attempt
from nbyard.domain.state_machines import ATTEMPT, MACHINES, Machine
from nbyard.domain.users.admin import AuditEntry
from nbyard.domain.workflows.structs import Document
from nbyard.errors import Conflict, Damaged, NbyardError, NewerSchema, NotFound
from nbyard.ipc.dispatcher_launcher import LEASE, has_dispatcher, own_name
from nbyard.store import Connection, Store, transition
from nbyard.store.database.row_checks import dump
from nbyard.store.events import Subject
from nbyard.store.migrate import revisions, schema_of
from nbyard.store.schema.tables import tasks
from nbyard.store.transition import TABLES

from ...next_migration import add_migration
from ..store.automations.conftest import NOW, StoredAutomations
from ..store.automations.conftest import add as add_automation
from ..store.automations.test_backfills import add_backfill
from ..store.rows import Rows
from ..store.runs.test_bisections import a_bisection
from ..store.test_deployments import add as add_deployment
from ..store.test_environments import add as add_environment
from ..store.test_images import add as add_image
from ..store.test_projects import add as add_project

pytestmark = pytest.mark.slow

LOG = "attempts/a1/log"


class Killed(Store):
    """The store of a process that is killed before it opens it."""

    def __init__(self, *_: Any) -> None:
        raise KeyboardInterrupt


@pytest.fixture
def filled(store: Store) -> Store:
    """A store with a file, a folder, a log, a secret and an output under way."""
    blobs = Blobs(store.folder / "blobs")
    folder = store.folder.parent / "folder"
    folder.mkdir()
    (folder / "b.csv").write_text("1,2\n")
    (folder / "run.sh").write_text("echo\n")
    (folder / "run.sh").chmod(0o755)
    single, tree = blobs.put_bytes(b"model"), blobs.put_folder(folder)
    blobs.put_bytes(b"unnamed")
    with store.write() as c:
        rows = Rows(store, c)
        task = rows.succeeded(rows.run("nightly"))
        rows.artifact(task, "model", single.digest)
        rows.artifact(task, "folder", tree.digest)
    for name in (LOG, "attempts/a1/secrets/token", "attempts/a1/outputs/part", "attempts/a1/x"):
        path = store.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    (store.folder / "attempts/a1/log.jsonl").symlink_to("/etc/passwd")
    (store.folder / "crypt.key").write_text("key\n")
    return store


def rows_of(store: Store) -> dict[str, list[bytes]]:
    with store.read() as c:
        return {name: [*lines] for name, lines in dump(c)}


def has_starts(store: Store, c: Connection) -> bool:
    """Whether schedules, triggers, backfills or bisections would start runs."""
    starting = [*store.automations.enabled(c), *store.backfills.running(c)]
    return bool(starting or store.bisections.running(c) or store.automations.is_enabled(c))


def copy_of(store: Store, database_url: str = "", has_new_id: bool = False) -> Store:
    """The open store that is restored from a backup of another one."""
    archive, folder = store.folder.parent / "b.tar", store.folder.parent / "restored"
    write_backup(store, archive)
    restore_backup(archive, folder, database_url, has_new_id)
    return Store(folder, database_url)


def files_of(folder: Path) -> dict[str, bytes]:
    below = [folder / name for name in ("blobs/sha256", "blobs/tree", "attempts")]
    found = [path for one in below for path in one.rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


@pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
@pytest.mark.parametrize("bare_database_url", ["sqlite", "postgresql"], indirect=True)
def test_a_backup_restores_rows_bytes_and_records(
    filled: Store, tmp_path: Path, bare_database_url: str
) -> None:
    """Of a compressed archive, too."""
    archive = tmp_path / ("b.tar.gz" if bare_database_url else "b.tar")
    totals = write_backup(filled, archive)
    assert archive.stat().st_mode & 0o777 == 0o600
    assert totals.rows["artifacts"] == 2 and not totals.has_key
    folder = tmp_path / "restored"
    assert restore_backup(archive, folder, bare_database_url)[1] == totals
    with closing(Store(folder, bare_database_url)) as opened:
        assert rows_of(opened) == rows_of(filled)
        assert opened.id == filled.id
        with opened.read() as c:
            named = opened.digests(c)
    found, blobs = files_of(folder), Blobs(folder / "blobs")
    assert found[LOG] == LOG.encode()
    assert all(blobs.exists(digest) for digest in named)
    assert not any(path.endswith(("token", "part", "/x", "jsonl")) for path in found)
    assert b"unnamed" not in found.values() and not (folder / "crypt.key").exists()


def way_to(machine: Machine, state: str) -> list[str]:
    """The states after the initial one on a shortest way."""
    ways: dict[str, list[str]] = {machine.initial: []}
    while state not in ways:
        further = {to: [*w, to] for since, w in ways.items() for to in machine.moves[since]}
        ways = further | ways
    return ways[state]


def add_in_each_state(store: Store) -> None:
    """Add an object for each state of each state machine."""
    add_automation(store, automation := new_id(), None)
    add_environment(store, "e", *MACHINES["environment-version"].moves)
    for name in MACHINES.keys() - {"environment-version"}:
        for state in MACHINES[name].moves:
            key = add_object(store, name, state, automation)
            with store.write() as c:
                for to in way_to(MACHINES[name], state):
                    assert transition.move(c, MACHINES[name], Subject(key, "ada"), to)


def add_object(store: Store, name: str, state: str, automation: str) -> str:
    """Add an object in the initial state of a machine; return its ID."""
    key = new_id()
    match name:
        case "deployment":
            add_deployment(store, key, name=state)
        case "image":
            add_image(store, key)
        case "backfill":
            add_backfill(store, key, automation)
        case "bisection":
            with store.write() as c:
                store.bisections.insert(c, a_bisection(id=key))
        case "dataset-version":
            with store.write() as c:
                return Rows(store, c).dataset(state).current.id
        case _:
            with store.write() as c:
                rows = Rows(store, c)
                task = rows.task(run := rows.run(f"{name} {state}"))
                return {"run": run.id, "task": task.id}.get(name) or rows.attempt(task).id
    return key


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_backup_of_a_shared_store_under_load_is_of_one_moment(
    filled: Store, tmp_path: Path
) -> None:
    """Each writer adds a run and its audit entry at once; copies of users' files stay out."""
    stopping = threading.Event()
    (filled.folder / "homes/ann").mkdir(parents=True)
    (filled.folder / "homes/ann/notes.ipynb").write_text("{}")

    def write(user: str) -> int:
        count = 0
        while not stopping.is_set():
            with filled.write() as c:
                run = Rows(filled, c).run(owner=user)
                texts = (user, "runs.create", run.id, "", 201, "q")
                filled.audit.add(c, AuditEntry(new_id(), NOW, *texts))
            count += 1
        return count

    def count_of(totals: Totals) -> tuple[int, int]:
        return totals.rows["runs"] - 1, totals.rows["audit"]  # one run was there before

    with ThreadPoolExecutor(4) as pool:
        writers = [pool.submit(write, f"user{number}") for number in range(4)]
        try:
            written = [write_backup(filled, tmp_path / f"{n}.tar") for n in range(3)]
        finally:
            stopping.set()
    assert sum(writer.result() for writer in writers) > count_of(written[-1])[0] > 0
    for number, totals in enumerate(written):
        runs, entries = count_of(totals)
        assert runs == entries
        assert try_backup(tmp_path / f"{number}.tar")[1] == totals
    with tarfile.open(tmp_path / "2.tar") as tar:
        assert not [name for name in tar.getnames() if "homes" in name]


@pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
@pytest.mark.parametrize("bare_database_url", ["sqlite", "postgresql"], indirect=True)
def test_objects_in_every_state_are_restored(store: Store, bare_database_url: str) -> None:
    """Imports under way or failed, for example, have no bytes."""
    add_in_each_state(store)
    with closing(copy_of(store, bare_database_url)) as opened:
        restored = rows_of(opened)
    assert restored == rows_of(store)
    for name, machine in MACHINES.items():
        states = {msgspec.json.decode(row)["state"] for row in restored[TABLES[name].name]}
        assert states == {*machine.moves}


@pytest.mark.parametrize("bare_database_url", ["sqlite", "postgresql"], indirect=True)
def test_schedules_and_workflows_of_pushed_projects_use_the_restored_files(
    filled: Store, tmp_path: Path, bare_database_url: str
) -> None:
    (pushed := tmp_path / "pushed").mkdir()
    (pushed / "a.py").write_text("print()\n")
    digest = Blobs(filled.folder / "blobs").put_folder(pushed).digest
    with filled.write() as c:
        project = add_project(filled, c, owner="ann")
        filled.projects.record_push(c, project, digest, None)
    push = f"{FOLDER}/{project.id}/{push_name(digest)}"
    root = f"{filled.folder}/{push}"
    code = {"path": f"{root}/a.py", "run": {"path": f"{root}/a.py"}}
    add_automation(filled, pushed_id := new_id(), None, root=root, start=root, **code)
    add_automation(filled, own_id := new_id(), None, path="/home/a.py", run={"path": "/home/a.py"})
    with filled.write() as c:
        for place in (f"{root}/a.nbflow", "/home/a.nbflow"):
            filled.workflows.create_or_update(c, "ann", place, Document(version=1))
    with closing(copy_of(filled, bare_database_url)) as opened:
        folder = opened.folder
        with opened.read() as c:
            row, own = (opened.automations.by_id(c, key) for key in (pushed_id, own_id))
            of_file = opened.automations.page(c, "ann", 9, "", "", path=f"{folder}/{push}/a.py")
            places = {workflow.path for workflow in opened.workflows.placed(c, "ann")}
    assert row is not None and own is not None
    assert row.root == row.start == f"{folder}/{push}" and of_file == [row]
    assert Path(row.automation.run.path).read_text() == "print()\n"
    assert (own.root, own.automation.run.path) == ("/", "/home/a.py")
    assert places >= {f"{folder}/{push}/a.nbflow", "/home/a.nbflow"}


@pytest.mark.parametrize(
    ("database_url", "bare_database_url"),
    [("sqlite", "postgresql"), ("postgresql", "sqlite")],
    indirect=True,
)
def test_a_second_store_shares_no_process_and_starts_nothing(
    filled: Store, bare_database_url: str
) -> None:
    deployment = add_deployment(filled, new_id())
    add_automation(filled, automation := new_id(), NOW)
    add_backfill(filled, new_id(), automation)
    StoredAutomations(filled).add(new_id(), "file")
    with filled.write() as c:
        rows = Rows(filled, c)
        live = rows.attempt(rows.task(rows.run("live"), state="running"))
        filled.bisections.insert(c, a_bisection())
    with closing(copy_of(filled, bare_database_url, has_new_id=True)) as opened:
        assert opened.id != filled.id
        with opened.read() as c:
            (attempt,) = opened.attempts.live(c)
            (deployed,) = opened.deployments.ids(c)
            assert opened.deployments.events(c, deployed, 9)
            assert not has_starts(opened, c)
        before, after = rows_of(filled), rows_of(opened)
    assert attempt.id != live.id and attempt.task_id == live.task_id
    assert deployed != deployment.id
    assert {name for name in after if after[name] != before[name]} == {
        *("facts", "deployments", "revisions", "events", "attempts", "automations"),
        *("backfills", "automation_firings", "bisections"),
    }
    if not bare_database_url:
        assert (opened.folder / STORE_MARK).read_text().strip() == opened.id


@pytest.mark.parametrize("bare_database_url", ["sqlite", "postgresql"], indirect=True)
@pytest.mark.parametrize("has_new_id", [True, False])
def test_a_restored_store_gets_a_dispatcher_at_once(
    filled: Store, bare_database_url: str, has_new_id: bool
) -> None:
    """The dispatcher of the former store is alive, here or on another machine."""
    with filled.write() as c:
        held = filled.leases.take(c, LEASE, own_name(), 60)
    assert held is not None and has_dispatcher(filled)
    with closing(copy_of(filled, bare_database_url, has_new_id)) as opened:
        assert not has_dispatcher(opened)
        with opened.write() as c:
            taken = opened.leases.take(c, LEASE, "other:1:1", 60)
    assert taken is not None and taken.epoch > held.epoch


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_second_store_is_never_seen_with_schedules(
    filled: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The restore is killed right after the rows are stored."""
    add_automation(filled, new_id(), NOW)
    write_backup(filled, tmp_path / "b.tar")
    folder = tmp_path / "restored"
    with monkeypatch.context() as patch:
        patch.setattr(restoring, "Store", Killed)
        with pytest.raises(KeyboardInterrupt):
            restore_backup(tmp_path / "b.tar", folder, has_new_id=True)
    with closing(Store(folder)) as opened, opened.read() as c:
        assert not has_starts(opened, c)


def attempts_after_recovery(folder: Path, run_id: str) -> dict[str, Attempt]:
    """The last attempt of each node, after a dispatcher removed unknown folders."""
    with closing(Store(folder)) as opened:
        context: Any = SimpleNamespace(
            store=opened, folder=folder, blobs=Blobs(folder / "blobs"), runtimes={}
        )
        nothing: Any = None
        LeftoverSweeper(context, nothing, nothing).tidy_folders()
        with opened.read() as c:
            return {
                task.node: opened.attempts.of_task(c, task.id)[-1]
                for task in opened.tasks.of_run(c, run_id)
            }


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_records_of_live_runs_stay_in_a_second_store(filled: Store, tmp_path: Path) -> None:
    """Of finished calls of a worker, too, which has live ones; no process is adopted."""
    worker = new_id()
    with filled.write() as c:
        rows = Rows(filled, c)
        run = rows.run("live")
        done, called, alone = (
            rows.attempt(rows.task(run, node, state="running")) for node in ("a", "b", "c")
        )
        moved = [msgspec.structs.replace(one, worker=worker) for one in (done, called)]
        filled.workers.assign_all(c, moved)
        for state in ("starting", "running", "succeeded"):
            assert transition.move(c, ATTEMPT, done.subject, state)
    for attempt in (*moved, alone):
        place = attempt_folder_of(filled.folder, attempt.id, attempt.worker)
        place.mkdir(parents=True)
        (place / "log").write_text(attempt.id)
    for name in (worker, alone.id):
        for file in ("runner.json", "task.json"):
            (filled.folder / "attempts" / name / file).write_text("{}")
    write_backup(filled, tmp_path / "b.tar")
    folder = tmp_path / "restored"
    restore_backup(tmp_path / "b.tar", folder, has_new_id=True)
    found = attempts_after_recovery(folder, run.id)
    logs = {
        node: (attempt_folder_of(folder, one.id, one.worker) / "log").read_text()
        for node, one in found.items()
    }
    assert logs == {"a": done.id, "b": called.id, "c": alone.id}
    assert found["a"].id == done.id and found["a"].worker == worker != found["b"].worker
    assert found["b"].id != called.id and found["c"].id != alone.id
    assert not [*folder.glob("attempts/*/runner.json")]
    assert not (folder / "attempts" / found["c"].id / "task.json").exists()


@pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
def test_an_id_is_chosen_while_the_former_store_is_there(filled: Store, tmp_path: Path) -> None:
    write_backup(filled, tmp_path / "b.tar")
    with pytest.raises(Conflict) as refused:
        restore_backup(tmp_path / "b.tar", tmp_path / "second", has_new_id=None)
    assert "The former store of" in refused.value.message
    assert not (tmp_path / "second").exists()
    filled.folder.rename(tmp_path / "moved")
    restore_backup(tmp_path / "b.tar", tmp_path / "second", has_new_id=None)


def test_the_key_is_included_on_request(filled: Store, tmp_path: Path) -> None:
    assert write_backup(filled, tmp_path / "b.tar", with_key=True).has_key
    restore_backup(tmp_path / "b.tar", tmp_path / "restored")
    key = tmp_path / "restored" / "crypt.key"
    assert key.read_text() == "key\n" and key.stat().st_mode & 0o077 == 0


def test_no_file_is_replaced(filled: Store, tmp_path: Path) -> None:
    (tmp_path / "b.tar").write_text("mine")
    with pytest.raises(Conflict):
        write_backup(filled, tmp_path / "b.tar")
    with pytest.raises(NotFound):
        write_backup(filled, tmp_path / "gone" / "b.tar")
    assert (tmp_path / "b.tar").read_text() == "mine"
    assert not list(tmp_path.glob("*.part")) and not list(tmp_path.glob(".*.part"))


@pytest.mark.parametrize("change", [b"", b"+" * 100_000])
def test_a_large_log_may_change_while_it_is_added(
    filled: Store, tmp_path: Path, monkeypatch, change: bytes
) -> None:
    """Cut off or appended to, the archive has the size that the log had at first."""
    log = filled.folder / LOG
    log.write_bytes(b"-" * 100_000)
    add, sizes = tarfile.TarFile.addfile, []

    def changed(tar: tarfile.TarFile, member: tarfile.TarInfo, *content: Any) -> None:
        if member.name == LOG:
            sizes.append(member.size)
            log.write_bytes(log.read_bytes() + change if change else b"-" * 70_000)
        add(tar, member, *content)

    monkeypatch.setattr("nbyard.backup.writing.IN_MEMORY", 1000)
    monkeypatch.setattr(tarfile.TarFile, "addfile", changed)
    write_backup(filled, tmp_path / "b.tar")
    restore_backup(tmp_path / "b.tar", tmp_path / "restored")
    kept = b"-" * 100_000 if change else b"-" * 70_000 + b"\0" * 30_000
    assert sizes == [100_000] and (tmp_path / "restored" / LOG).read_bytes() == kept


def test_missing_bytes_are_an_error(filled: Store, tmp_path: Path) -> None:
    with filled.read() as c:
        digest = next(one for one in filled.digests(c) if one.startswith("sha256:"))
    Blobs(filled.folder / "blobs").delete(digest)
    with pytest.raises(NotFound):
        write_backup(filled, tmp_path / "b.tar")
    assert not list(tmp_path.glob("*.tar")) and not list(tmp_path.glob(".*"))


def test_digests_of_bytes_that_were_never_stored_are_no_error(
    filled: Store, tmp_path: Path
) -> None:
    """Those of the lock of an environment and in the value of a parameter, for example."""
    blobs = Blobs(filled.folder / "blobs")
    given = blobs.put_bytes(b"an input of a plan").digest
    texts = [f"sha256:{'7' * 64}", f"tree:{'7' * 64}", given]
    with filled.write() as c:
        rows = Rows(filled, c)
        task = rows.task(rows.run())
        plan = msgspec.to_builtins(task.plan) | {"values": {"a": texts}}
        c.execute(tasks.update().where(tasks.c.id == task.id).values(plan=plan))
        assert {*texts} <= filled.digests(c)
    write_backup(filled, tmp_path / "b.tar")
    with tarfile.open(tmp_path / "b.tar") as tar:
        names = tar.getnames()
    assert str(blobs.path(given).relative_to(filled.folder)) in names
    assert not [name for name in names if "7" * 60 in name]


def test_a_store_is_not_replaced(filled: Store, tmp_path: Path) -> None:
    write_backup(filled, tmp_path / "b.tar")
    before = rows_of(filled)
    with pytest.raises(Conflict):
        restore_backup(tmp_path / "b.tar", filled.folder)
    assert rows_of(filled) == before


def test_only_what_a_killed_restore_left_is_deleted(filled: Store, tmp_path: Path) -> None:
    folder = tmp_path / "new"
    killed, active = folder / f"{PARTS}1", folder / f"{PARTS}2"
    others = [folder / f"{PARTS}3", folder / "restore-4"]  # made by somebody else
    for one in (killed, active, *others):
        (one / "parts").mkdir(parents=True)
    for one in (killed, active):
        (one / MARK).touch()
    archive = others[1] / "b.tar"
    write_backup(filled, archive)
    with (active / MARK).open() as mark:
        fcntl.flock(mark, fcntl.LOCK_EX)
        restore_backup(archive, folder)
    assert archive.is_file()
    assert not killed.exists() and active.exists() and others[0].exists()
    assert len([*folder.glob(f"{PARTS}*")]) == 2


def test_files_of_a_running_restore_are_kept(
    filled: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_backup(filled, tmp_path / "b.tar")
    folder, restore = tmp_path / "new", _Reader.restore

    def restore_after_another(reader: _Reader, *given: Any) -> tuple[Header, Totals]:
        monkeypatch.setattr(_Reader, "restore", restore)
        restore_backup(tmp_path / "b.tar", folder)
        assert reader.temporary.is_dir()
        return restore(reader, *given)

    monkeypatch.setattr(_Reader, "restore", restore_after_another)
    with pytest.raises(Conflict):
        restore_backup(tmp_path / "b.tar", folder)
    assert not [*folder.glob(f"{PARTS}*")]
    with closing(Store(folder)) as opened:
        assert rows_of(opened) == rows_of(filled)


def test_a_trial_leaves_nothing(filled: Store, tmp_path: Path, monkeypatch) -> None:
    write_backup(filled, tmp_path / "b.tar")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "t"))
    (tmp_path / "t").mkdir()
    header, _ = try_backup(tmp_path / "b.tar")
    assert header.store_id == filled.id and not os.listdir(tmp_path / "t")


@pytest.mark.parametrize("content", [b"", b"text", b"\0" * 2048])
def test_files_that_are_no_backup_are_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "b.tar").write_bytes(content)
    with pytest.raises(Damaged):
        try_backup(tmp_path / "b.tar")
    with pytest.raises(NotFound):
        try_backup(tmp_path / "gone.tar")


def test_strange_members_are_refused(filled: Store, tmp_path: Path) -> None:
    write_backup(filled, tmp_path / "b.tar")
    for index, (name, kind) in enumerate(
        [
            ("attempts/../../escaped", tarfile.REGTYPE),
            ("/etc/escaped", tarfile.REGTYPE),
            ("blobs/sha256/ab/short", tarfile.REGTYPE),
            (LOG, tarfile.REGTYPE),
            ("attempts/a1/link", tarfile.SYMTYPE),
            ("attempts/a1/fifo", tarfile.FIFOTYPE),
        ]
    ):
        changed = tmp_path / f"{index}.tar"
        with tarfile.open(tmp_path / "b.tar") as source, tarfile.open(changed, "w") as target:
            for place, member in enumerate(source):
                if place == 1:
                    strange = tarfile.TarInfo(name)
                    strange.type, strange.linkname = kind, "/etc/passwd"
                    target.addfile(strange)
                target.addfile(member, source.extractfile(member))
        with pytest.raises(Damaged):
            restore_backup(changed, tmp_path / f"restored{index}")
        assert not (tmp_path / "escaped").exists()


def test_a_newer_schema_is_refused(filled: Store, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("nbyard.backup.writing.schema_of", lambda _: "9999")
    write_backup(filled, tmp_path / "b.tar")
    with pytest.raises(NewerSchema):
        try_backup(tmp_path / "b.tar")


def test_a_backup_of_an_older_schema_is_migrated(
    filled: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_backup(filled, tmp_path / "b.tar")
    add_migration(tmp_path, monkeypatch)
    header, _ = restore_backup(tmp_path / "b.tar", tmp_path / "restored")
    opened = Store(tmp_path / "restored")
    with opened.read() as c:
        assert [schema_of(c)] == revisions()[-1:] != [header.schema]
        assert [*opened.runs.names(c, "ada").values()] == ["nightly"]
    opened.close()


@settings(
    max_examples=settings().max_examples // 6,  # each fills a store
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_damage_is_found_and_leaves_no_store(filled: Store, data: st.DataObject) -> None:
    """A changed byte is refused, or is one that does not matter; a shorter file is refused."""
    parent = filled.folder.parent
    archive, changed = parent / "b.tar", parent / "changed.tar"
    if not archive.exists():
        write_backup(filled, archive)
    content = bytearray(archive.read_bytes())
    end = len(content.rstrip(b"\0"))
    if data.draw(st.booleans()):
        del content[data.draw(st.integers(0, end - 1)) :]
        harmless = False
    else:
        content[data.draw(st.integers(0, end - 1))] ^= 1 << data.draw(st.integers(0, 7))
        harmless = True
    changed.write_bytes(content)
    folder = parent / f"restored{len(os.listdir(parent))}"
    try:
        restore_backup(changed, folder)
    except NbyardError:
        assert not folder.exists()
        return
    assert harmless
    opened = Store(folder)
    assert rows_of(opened) == rows_of(filled)
    opened.close()
    assert files_of(folder) == {
        path: content
        for path, content in files_of(filled.folder).items()
        if path == LOG or (path.startswith("blobs/") and content != b"unnamed")
    }
