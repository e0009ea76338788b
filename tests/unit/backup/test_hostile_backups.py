"""A backup of somebody else is checked like a request, and changes nothing outside the store."""

import io
import os
import tarfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nbyard.backup.restoring import restore_backup, try_backup
from nbyard.backup.writing import END, TABLES, Checksum, Totals, write_backup
from nbyard.blobs import Blobs
from nbyard.blobs.trees import Tree, TreeEntry
from nbyard.errors import Damaged, NbyardError
from nbyard.store import Store

from ..store.rows import Rows
from ..store.test_projects import add as add_project
from .test_backups import add_in_each_state

pytestmark = pytest.mark.slow
OUTSIDE = "../../outside"
Row = dict[str, Any]


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hostile")
    (folder / "pushed").mkdir()
    (folder / "pushed/a.py").write_text("print()\n")
    with closing(Store(folder / "store")) as store:
        blobs = Blobs(store.folder / "blobs")
        with store.write() as c:
            project = add_project(store, c, owner="ann")
            digest = blobs.put_folder(folder / "pushed").digest
            store.projects.record_push(c, project, digest, None)
            rows = Rows(store, c)
            rows.artifact(rows.succeeded(rows.run("nightly")), digest=blobs.put_bytes(b"1").digest)
        add_in_each_state(store)
        write_backup(store, folder / "b.tar")
    return folder / "b.tar"


def rewrite(archive: Path, change: Callable[[str, bytes], tuple[str, bytes]]) -> Path:
    """Write an archive whose names and contents are changed, but whose end is right."""
    changed, checksum, totals = archive.with_name("changed.tar"), Checksum(), Totals({}, 0, 0, "")
    with tarfile.open(archive) as old, tarfile.open(changed, "w") as new:
        for member in old:
            file = old.extractfile(member)
            assert file is not None
            name, content = member.name, file.read()
            if name == END:
                totals = msgspec.json.decode(content, type=Totals)
                totals = msgspec.structs.replace(totals, checksum=checksum.text())
                content = msgspec.json.encode(totals)
            else:
                name, content = change(name, content)
            added = tarfile.TarInfo(name)
            added.size = len(content)
            new.addfile(added, checksum.through(name, io.BytesIO(content)))
    return changed


def with_row(archive: Path, table: str, at: int, columns: Row) -> Path:
    def change_rows(name: str, content: bytes) -> tuple[str, bytes]:
        if name == f"{TABLES}{table}.jsonl":
            lines = content.splitlines()
            lines[at] = msgspec.json.encode(msgspec.json.decode(lines[at]) | columns)
            content = b"".join(line + b"\n" for line in lines)
        return name, content

    return rewrite(archive, change_rows)


ROWS = [
    ("projects", "id", OUTSIDE),
    ("attempts", "id", OUTSIDE),
    ("datasets", "id", OUTSIDE),
    ("environment_versions", "id", OUTSIDE),
    ("images", "id", OUTSIDE),
    ("deployments", "id", OUTSIDE),
    ("runs", "number", "1"),
    ("runs", "parameters", "{"),
    ("runs", "edges", "[" * 100_000),
    ("runs", "owner", None),
    ("facts", "value", OUTSIDE),
    ("datasets", "revision", 2**70),
    ("tasks", "run_id", "01a22108-5912-7ee9-9c3a-b705bbd30786"),
]


@pytest.mark.parametrize("bare_database_url", ["sqlite", "postgresql"], indirect=True)
def test_bad_rows_are_refused_by_table_and_column(
    archive: Path, tmp_path: Path, bare_database_url: str
) -> None:
    """A trial refuses them too; the database itself refuses the last two."""
    cases = ROWS if not bare_database_url else ROWS[-2:]
    for table, column, value in cases:
        hostile = with_row(archive, table, 0, {column: value})
        before = {*os.listdir(tmp_path)}
        with pytest.raises(Damaged) as refused:
            restore_backup(hostile, tmp_path / "new", bare_database_url)
        message = refused.value.message
        is_named = f" of the table {table}" in message and column in message
        assert is_named or "refuses row 1" in message
        assert {*os.listdir(tmp_path)} == before
    with pytest.raises(Damaged) as tried:
        try_backup(hostile)
    assert tried.value.message == message


def test_the_id_of_the_store_must_be_valid(archive: Path, tmp_path: Path) -> None:
    """Folders with secrets have it in their paths."""
    with pytest.raises(Damaged):
        restore_backup(with_row(archive, "facts", -1, {"value": OUTSIDE}), tmp_path / "new")
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    "name", ["attempts/../../x", "/attempts/x", "attempts//x", "attempts/\x1b[2J", "crypt.key/x"]
)
def test_a_file_elsewhere_is_refused(archive: Path, tmp_path: Path, name: str) -> None:
    first = iter([name])

    def change(old: str, content: bytes) -> tuple[str, bytes]:
        return (next(first, old) if old.startswith("blobs/sha256") else old), content

    with pytest.raises(Damaged):
        restore_backup(rewrite(archive, change), tmp_path / "new")
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    "tree", [Tree([TreeEntry("../../x", "sha256:1", 1)]), Tree([], [OUTSIDE]), ["no tree"]]
)
def test_a_folder_with_other_paths_is_refused(archive: Path, tmp_path: Path, tree: Any) -> None:
    content = msgspec.json.encode(tree)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("nbyard.blobs.store.encode_tree", lambda _: content)
        digest = Blobs(tmp_path / "blobs").put_tree(Tree([]))
    name = f"blobs/{Blobs(tmp_path / 'blobs').path(digest.digest).relative_to(tmp_path / 'blobs')}"

    def change(old: str, other: bytes) -> tuple[str, bytes]:
        return (name, content) if old.startswith("blobs/tree") else (old, other)

    with pytest.raises(Damaged):
        restore_backup(rewrite(archive, change), tmp_path / "new")
    assert not (tmp_path / "new").exists()


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(),
    st.sampled_from([OUTSIDE, "/tmp", "[]", "{}", "\0", "null", '"a"', "sha256:1"]),
    st.lists(st.integers(), max_size=2),
)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=15
)
@given(data=st.data())
def test_a_changed_value_is_refused_or_harmless(
    archive: Path, tmp_path: Path, data: st.DataObject
) -> None:
    with tarfile.open(archive) as tar:
        contents = {m.name: tar.extractfile(m) for m in tar if m.name.startswith(TABLES)}
        lines = {name: file.read().splitlines() for name, file in contents.items() if file}
    name = data.draw(st.sampled_from(sorted(name for name, rows in lines.items() if rows)))
    at = data.draw(st.integers(0, len(lines[name]) - 1))
    column = data.draw(st.sampled_from(sorted(msgspec.json.decode(lines[name][at]))))
    table = name.removeprefix(TABLES).removesuffix(".jsonl")
    value = data.draw(VALUES)
    hostile = with_row(archive, table, at, {column: value})
    before = {*os.listdir(tmp_path)}
    new = tmp_path / f"new{len(before)}"
    try:
        restore_backup(hostile, new, has_new_id=data.draw(st.booleans()))
    except NbyardError:
        assert not new.exists()
    assert {*os.listdir(tmp_path)} - before <= {new.name}
