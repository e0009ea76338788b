"""Files that may hold secrets, in code that an older version stored."""

import tarfile
from pathlib import Path

import msgspec
import pytest

from nbyard.backup.restoring import restore_backup
from nbyard.backup.stored_secrets import find_secrets, remove_secrets
from nbyard.backup.writing import write_backup
from nbyard.blobs import Blobs, Tree, TreeEntry
from nbyard.domain.projects.definitions import FOLDER, push_name
from nbyard.domain.runs.structs import TaskPlan
from nbyard.errors import Busy
from nbyard.store import Store

from ..store.rows import Rows

CANARY = b"TOKEN=canary-7f3a9"
pytestmark = pytest.mark.slow


@pytest.fixture
def blobs(store: Store) -> Blobs:
    return Blobs(store.folder / "blobs")


def stored(blobs: Blobs, files: dict[str, bytes], declared: bool = False) -> str:
    """The digest of a folder, as an older version stored it unless files are declared."""
    found = {path: blobs.put_bytes(content) for path, content in files.items()}
    entries = [
        TreeEntry(path, blob.digest, blob.size_bytes, declared=declared)
        for path, blob in found.items()
    ]
    return blobs.put_tree(Tree(entries)).digest


def ran(store: Store, bundle: str, name: str = "work") -> str:
    """The ID of a task of code with this bundle."""
    with store.write() as c:
        rows = Rows(store, c)
        executable = rows.executable(name)
        version = rows.executable_version(executable.id, name, bundle_digest=bundle)
        plan = TaskPlan("a", "A", executable.id, version.id, [], {}, "process")
        made = rows.succeeded(rows.run(), plan=msgspec.to_builtins(plan))
    return made.id


def warnings_of(store: Store, task: str) -> list[str]:
    with store.read() as c:
        noted = store.tasks.files_and_warnings(c, [task])[task].get("warning")
    return noted.params["names"] if noted else []


@pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
def test_they_are_found_and_removed_and_the_record_names_them(store: Store, blobs: Blobs) -> None:
    bundle = stored(blobs, {"work.py": b"1", "local.nbvars": CANARY, "tls/a.pem": b"key"})
    task = ran(store, bundle)
    found = find_secrets(store, blobs)
    assert [(one.path, one.runs, one.used_by) for one in found] == [
        ("local.nbvars", [1], {"executable": ["work"]}),
        ("tls/a.pem", [1], {"executable": ["work"]}),
    ]
    assert blobs.exists(found[0].digest) and warnings_of(store, task) == []
    assert remove_secrets(store, blobs) == found
    assert not any(blobs.exists(one.digest) for one in found)
    assert warnings_of(store, task) == ["local.nbvars", "tls/a.pem"]
    assert find_secrets(store, blobs) == []


def test_code_without_them_can_be_read_and_staged(
    store: Store, blobs: Blobs, tmp_path: Path
) -> None:
    bundle = stored(blobs, {"work.py": b"1", "local.nbvars": CANARY})
    ran(store, bundle)
    assert len(blobs.tree(bundle).files) == 2
    remove_secrets(store, blobs)
    blobs.verify(bundle)
    tree = blobs.tree(bundle)
    assert ([entry.path for entry in tree.files], tree.left_out) == (["work.py"], ["local.nbvars"])
    blobs.stage(bundle, tmp_path / "code")
    assert [path.name for path in (tmp_path / "code").iterdir()] == ["work.py"]


def test_what_was_declared_and_data_stays(store: Store, blobs: Blobs) -> None:
    """Also bytes that a file with another name has."""
    ran(store, stored(blobs, {"work.py": b"1", "ca.pem": b"declared"}, declared=True))
    ran(store, stored(blobs, {"a.py": b"2", "x.key": b"shared", "shared.txt": b"shared"}), "b")
    ran(store, stored(blobs, {"c.py": b"3", "d.pem": b"data"}), "c")
    with store.write() as c:
        rows = Rows(store, c)
        task = rows.succeeded(rows.run())
        rows.artifact(task, "keys", stored(blobs, {"d.pem": b"data", "e.pem": b"more"}))
    assert find_secrets(store, blobs) == remove_secrets(store, blobs) == []


def test_nothing_is_removed_while_files_are_stored(store: Store, blobs: Blobs) -> None:
    ran(store, stored(blobs, {"work.py": b"1", "local.nbvars": CANARY}))
    with blobs.without_collection(), pytest.raises(Busy):
        remove_secrets(store, blobs)
    assert len(find_secrets(store, blobs)) == 1


def test_copies_of_pushed_projects_are_removed(store: Store, blobs: Blobs) -> None:
    bundle = stored(blobs, {"work.py": b"1", "local.nbvars": CANARY})
    ran(store, bundle)
    push = store.folder / FOLDER / "p1" / push_name(bundle)
    push.parent.mkdir(parents=True)
    blobs.stage(bundle, push)
    remove_secrets(store, blobs)
    assert [path.name for path in push.iterdir()] == ["work.py"]


def test_a_backup_leaves_them_out_and_can_be_restored(
    store: Store, blobs: Blobs, tmp_path: Path
) -> None:
    bundle = stored(blobs, {"work.py": b"1", "local.nbvars": CANARY})
    ran(store, bundle)
    archive = tmp_path / "b.tar"
    assert write_backup(store, archive).left_out == ["local.nbvars"]
    with tarfile.open(archive) as tar:
        contents = [tar.extractfile(member) for member in tar if member.isreg()]
        assert not any(CANARY in file.read() for file in contents if file)
    restore_backup(archive, tmp_path / "restored")
    restored = Blobs(tmp_path / "restored/blobs")
    assert restored.tree(bundle).left_out == ["local.nbvars"]
