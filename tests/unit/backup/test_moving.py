"""A user's own store is moved into a shared one: all of it or nothing, and nothing of others."""

import hashlib
import json
import os
import tarfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import msgspec
import pytest

from nbyard.attempts import folders
from nbyard.backup.moving import move_store
from nbyard.backup.writing import TABLES, Totals
from nbyard.blobs import Blobs
from nbyard.blobs.trees import Tree, TreeEntry, encode_tree
from nbyard.dispatch.recovery import LeftoverSweeper
from nbyard.errors import Conflict, Damaged, NotFound, TooLarge
from nbyard.store import Connection, Store
from nbyard.store.database.row_checks import dump

from ..store.rows import Rows
from .own_stores import HOME, VALUE, back_up_own_store
from .test_hostile_backups import rewrite, with_row

pytestmark = pytest.mark.slow
OTHERS = b"of bob"
OTHERS_DIGEST = f"sha256:{hashlib.sha256(OTHERS).hexdigest()}"


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return back_up_own_store(tmp_path_factory.mktemp("moving"))


@pytest.fixture
def shared(tmp_path: Path, database_url: str) -> Iterator[Store]:
    """A store in which somebody else has a run, a dataset and bytes."""
    with closing(Store(tmp_path / "shared", database_url)) as made:
        with made.write() as c:
            rows = Rows(made, c)
            rows.dataset("sales", "bob")
            rows.artifact(rows.succeeded(rows.run("nightly", "bob")), "model", OTHERS_DIGEST)
        Blobs(made.folder / "blobs").put_bytes(OTHERS)
        yield made


def move(store: Store, archive: Path, most: int = 2**30, owner: str = "ann") -> Totals:
    def check(size: int) -> None:
        if size > most:
            raise TooLarge

    return move_store(store, archive, owner, (HOME, mirror(store)), check)


def mirror(store: Store) -> str:
    return f"{os.path.realpath(store.folder)}/homes/ann"


def first_row(archive: Path, table: str) -> dict[str, Any]:
    with tarfile.open(archive) as tar:
        file = tar.extractfile(f"{TABLES}{table}.jsonl")
        assert file is not None
        return msgspec.json.decode(file.readline())


def has_nothing(store: Store) -> bool:
    with store.read() as c:
        names = store.runs.names(c, "ann"), store.datasets.names(c, "ann")
    return not any(names) and not [*store.folder.glob(".nbyard-restore-*")]


@pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
def test_everything_gets_the_new_owner(archive: Path, shared: Store) -> None:
    assert move(shared, archive).rows["runs"] == 1
    blobs, log = Blobs(shared.folder / "blobs"), first_row(archive, "attempts")["id"]
    with shared.read() as c:
        run = shared.runs.get(c, "ann", "nightly")
        assert run is not None and run.path == f"{mirror(shared)}/train.py"
        assert run.parameters == {"key": VALUE}
        theirs = shared.runs.get(c, "bob", "nightly")
        assert theirs is not None and run.number == theirs.number == 1
        (artifact,) = shared.artifacts.of_run(c, run.id)
        assert blobs.open(artifact.digest).read() == b"model"
        dataset = shared.datasets.get(c, "ann", "sales")
        assert dataset is not None and dataset.current.state == "ready"
        project = shared.projects.get(c, "ann", "churn")
        assert project is not None and project.links
        assert shared.runs.get(c, "ada", "nightly") is None
    assert (shared.folder / f"attempts/{log}/log").read_text() == "done"


def test_a_moved_result_is_a_record_that_nothing_repeats_or_reuses(
    archive: Path, shared: Store
) -> None:
    """Its plan, image and cache key may be forged."""
    move(shared, archive)
    with shared.read() as c:
        run = shared.runs.get(c, "ann", "nightly")
        assert run is not None
        (task,) = shared.tasks.of_run(c, run.id)
        assert (task.plan.runtime, task.cache_key) == ("process", "")
        assert shared.runs.template_id(c, run.id) == ""
        version = shared.executables.version(c, task.plan.executable_version_id)
    before = first_row(archive, "executable_versions")
    assert version is not None and version.code_digest != before["code_digest"]


@pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
def test_a_move_that_is_killed_after_its_commit_has_its_logs(
    archive: Path, shared: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also if a dispatcher starts before the commit: it waits before it deletes folders."""
    log = shared.folder / f"attempts/{first_row(archive, 'attempts')['id']}/log"
    rename, write, list_folders = os.rename, shared.write, folders.ids_with_folder
    listed, mover, sweeps = threading.Event(), threading.get_ident(), list[Future[None]]()

    def listing(place: Path) -> list[str]:
        found = list_folders(place)
        listed.set()
        return found

    def renaming(before: Any, after: Any) -> None:
        rename(before, after)
        if log.exists() and not sweeps:
            sweeps.append(pool.submit(sweep, shared))
            assert listed.wait(20)

    @contextmanager
    def killed() -> Iterator[Connection]:
        with write() as c:
            yield c
        if threading.get_ident() == mover:
            raise KeyboardInterrupt

    monkeypatch.setattr(folders, "ids_with_folder", listing)
    monkeypatch.setattr(os, "rename", renaming)
    monkeypatch.setattr(shared, "write", killed)
    with ThreadPoolExecutor(1) as pool:
        with pytest.raises(KeyboardInterrupt):
            move(shared, archive)
        sweeps[0].result(60)
    assert log.read_text() == "done"


def sweep(store: Store) -> None:
    """Delete unknown folders, as a dispatcher that starts."""
    blobs, nothing = Blobs(store.folder / "blobs"), cast(Any, None)
    parts = SimpleNamespace(store=store, folder=store.folder, blobs=blobs, runtimes={})
    LeftoverSweeper(cast(Any, parts), nothing, nothing).tidy_folders()


def test_a_second_move_changes_nothing(archive: Path, shared: Store) -> None:
    move(shared, archive)
    with pytest.raises(Conflict):
        move(shared, archive)
    with shared.read() as c:
        assert len(shared.runs.names(c, "ann")) == 1


def test_a_taken_name_moves_nothing(archive: Path, shared: Store) -> None:
    with shared.write() as c:
        Rows(shared, c).run("nightly", "ann")
    with pytest.raises(Conflict, match="nightly"):
        move(shared, archive)
    with shared.read() as c:
        assert not shared.datasets.names(c, "ann")


@pytest.mark.parametrize(
    ("table", "state"),
    [("tasks", "queued"), ("attempts", "running"), ("dataset_versions", "importing")],
)
def test_work_under_way_is_refused(archive: Path, shared: Store, table: str, state: str) -> None:
    with pytest.raises(Conflict):
        move(shared, with_row(archive, table, 0, {"state": state}))
    assert has_nothing(shared)


REFERENCES = {
    "executable_versions": "executable_id",
    "project_links": "resource_id",
    "tasks": "executable_id",
    "runs": "workflow_id",
    "dataset_versions": "run_id",
    "attempts": "worker",
}


@pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
def test_a_reference_to_a_row_of_others_becomes_one_to_none(archive: Path, shared: Store) -> None:
    with shared.read() as c:
        theirs = shared.datasets.get(c, "bob", "sales")
    assert theirs is not None
    key = theirs.id

    def named() -> int:
        with shared.read() as c:
            return sum(key.encode() in line for _, lines in dump(c) for line in lines)

    before, hostile = named(), archive
    for number, (table, column) in enumerate(REFERENCES.items()):
        hostile = with_row(hostile, table, 0, {column: key})
        hostile = hostile.rename(hostile.with_name(f"{number}.tar"))
    move(shared, hostile)
    assert named() == before


@pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
@pytest.mark.parametrize("table", ["artifacts", "datasets", "projects", "runs"])
def test_an_id_of_others_is_replaced_and_tells_nothing(
    archive: Path, shared: Store, table: str
) -> None:
    """A refusal would tell whether the ID exists."""
    with shared.read() as c:
        theirs = shared.datasets.get(c, "bob", "sales")
    assert theirs is not None
    own = first_row(archive, table)["id"]
    hostile = rewrite(archive, lambda n, b: (n, b.replace(own.encode(), theirs.id.encode())))
    assert move(shared, hostile).rows == move(shared, archive, owner="eve").rows
    with shared.read() as c:
        assert shared.datasets.get(c, "bob", "sales") == theirs
        runs = [shared.runs.get(c, owner, "nightly") for owner in ("ann", "eve")]
        run, same = (run for run in runs if run is not None)
        assert theirs.id not in {run.id, *(a.id for a in shared.artifacts.of_run(c, run.id))}
        assert len(shared.artifacts.of_run(c, run.id)) == len(shared.artifacts.of_run(c, same.id))
        for owner in ("ann", "eve"):
            dataset = shared.datasets.get(c, owner, "sales")
            project = shared.projects.get(c, owner, "churn")
            assert dataset is not None and dataset.id != theirs.id
            assert project is not None and project.links


@pytest.mark.parametrize(
    ("table", "column"),
    [
        *(("artifacts", "digest"), ("dataset_versions", "digest")),
        *(("executable_versions", "bundle_digest"), ("projects", "files")),
    ],
)
def test_bytes_of_others_are_refused(archive: Path, shared: Store, table: str, column: str) -> None:
    with pytest.raises((Damaged, NotFound)):
        move(shared, with_row(archive, table, 0, {column: OTHERS_DIGEST}))
    assert has_nothing(shared)


def test_a_folder_with_bytes_of_others_is_refused(
    archive: Path, shared: Store, tmp_path: Path
) -> None:
    tree = encode_tree(Tree([TreeEntry("a", OTHERS_DIGEST, len(OTHERS))]))
    digest = hashlib.sha256(tree).hexdigest()
    place = f"blobs/tree/{digest[:2]}/{digest[2:]}"
    first = iter([(place, tree)])
    hostile = rewrite(
        archive, lambda n, b: next(first, (n, b)) if n.startswith("blobs") else (n, b)
    )
    with pytest.raises(Damaged):
        move(shared, hostile)


def test_bytes_count_with_their_real_size(archive: Path, shared: Store) -> None:
    move(shared, with_row(archive, "artifacts", 0, {"size_bytes": -(2**40)}))
    with shared.read() as c:
        assert shared.quotas.stored_bytes(c, "ann") == len(b"model") + len(b"a,b\n1,2\n")


@pytest.mark.parametrize("hides", [str, lambda text: text.replace("sha256", "\\u0073ha256")])
def test_a_plan_names_no_bytes_of_others(
    archive: Path, shared: Store, hides: Callable[[str], str]
) -> None:
    plan = json.loads(first_row(archive, "tasks")["plan"])
    plan["bindings"]["in"]["digest"] = OTHERS_DIGEST
    move(shared, with_row(archive, "tasks", 0, {"plan": hides(json.dumps(plan))}))
    with shared.read() as c:
        run = shared.runs.get(c, "ann", "nightly")
        assert run is not None
        (task,) = shared.tasks.of_run(c, run.id)
    assert OTHERS_DIGEST not in str(task.plan)


@pytest.mark.parametrize(
    ("code", "started"),
    [
        ("/srv/data/a.py", "{homes}/bob/a.py"),
        ("{homes}/ann/../bob/a.py", f"{HOME}/../bob/a.py"),
    ],
)
def test_every_path_is_below_the_mirror(
    archive: Path, shared: Store, code: str, started: str
) -> None:
    homes = os.path.dirname(mirror(shared))
    code, started = code.format(homes=homes), started.format(homes=homes)
    one = with_row(archive, "executables", 0, {"path": code})
    move(shared, with_row(one.rename(one.with_name("one.tar")), "runs", 0, {"path": started}))
    with shared.read() as c:
        executable = shared.executables.get(c, "ann", "train")
        run = shared.runs.get(c, "ann", "nightly")
    assert executable is not None and run is not None
    wanted = os.path.normpath(code).lstrip("/"), f"{homes}/bob/a.py".lstrip("/")
    assert (executable.path, run.path) == tuple(f"{mirror(shared)}/{path}" for path in wanted)


@pytest.mark.parametrize(
    ("table", "columns"),
    [
        ("tasks", {"reason": "garbage"}),
        ("runs", {"parameters": '{"a": "\\u0000"}'}),
        ("runs", {"number": 2**31 - 1}),
        ("attempts", {"usage": f'{{"cpu_seconds": 1{"0" * 400}}}'}),
    ],
)
def test_a_row_that_a_list_could_not_show_is_refused(
    archive: Path, shared: Store, table: str, columns: dict[str, Any]
) -> None:
    with pytest.raises(Damaged):
        move(shared, with_row(archive, table, 0, columns))
    assert has_nothing(shared)


@pytest.mark.parametrize(
    "new", ["fff00000-0000-7000-8000-000000000000", "a23e8af9-745e-46ab-9f97-7f6421c70058"]
)
def test_an_id_is_one_that_nbyard_created(archive: Path, shared: Store, new: str) -> None:
    """A later one would be the newest for all users and for ever."""
    own = first_row(archive, "tasks")["id"].encode()
    with pytest.raises(Damaged):
        move(shared, rewrite(archive, lambda n, b: (n, b.replace(own, new.encode()))))


def test_scratch_runs_leave_numbers_for_others(archive: Path, shared: Store) -> None:
    columns = {"number": -(2**31), "origin": "check"}
    move(shared, with_row(archive, "runs", 0, columns))
    with shared.read() as c:
        assert shared.runs.scratch_number(c) == -1


def test_a_long_header_is_not_read_into_memory(
    archive: Path, shared: Store, tmp_path: Path
) -> None:
    hostile = tmp_path / "long.tar"
    with tarfile.open(hostile, "w", format=tarfile.GNU_FORMAT) as tar:
        tar.addfile(tarfile.TarInfo("n" * 2**17))
    with pytest.raises(Damaged):
        move(shared, hostile)


def test_a_large_archive_is_refused_before_it_is_unpacked(archive: Path, shared: Store) -> None:
    with pytest.raises(TooLarge):
        move(shared, archive, 1000)
    assert has_nothing(shared)
