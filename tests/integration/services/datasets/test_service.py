"""Datasets as a service."""

import json
import re
from ast import literal_eval
from pathlib import Path

import pytest

from nbyard.domain.callers import Caller
from nbyard.domain.datasets.structs import (
    DatasetPatch,
    FileSource,
    NewDataset,
    NewNotebook,
)
from nbyard.errors import (
    Conflict,
    InUse,
    Invalid,
    NameTaken,
    NotFound,
    StaleWrite,
)
from nbyard.reasons.structs import because

from ....workbooks import write_excel


def test_imported_dataset_has_preview_profile_and_content(yard, ann, imported):
    datasets = yard.services.datasets
    assert (imported.current.rows, imported.current.columns) == (2, 2)
    assert imported.resource == f"resources/{imported.id}"
    page = datasets.preview(ann, imported.id)
    assert [column.name for column in page.columns] == ["x", "y"]
    assert datasets.profile(ann, imported.id).columns[0].name == "x"
    assert datasets.content(ann, imported.id).digest == imported.current.digest


PHONES = "phone,day,big,n, b\n" + "1,1.2.2024,1,1, 1\n" * 1_500
PHONES += f"+49,31.12.2024,{2**64 - 1},, x\n"
KEPT = """
import nbyard, pandas

table = nbyard.input("table", type=pandas.DataFrame)
last = [str(value) for value in table.iloc[-1]]
nbyard.output("found", {"types": {k: str(v) for k, v in table.dtypes.items()}, "last": last})
"""


GIVEN = """
import pandas


def last(table: pandas.DataFrame) -> dict:
    last = [str(value) for value in table.iloc[-1]]
    return {"types": {k: str(v) for k, v in table.dtypes.items()}, "last": last}
"""


@pytest.mark.sample(1)
@pytest.mark.parametrize(
    ("filename", "code", "path"), [("a.py", KEPT, "a.py"), ("f.py", GIVEN, "f.py::last")]
)
def test_preview_profile_and_run_have_the_same_types(
    yard, ann, root, versions, finished, filename, code, path
):
    """Types are inferred once from all rows, and stored with the version."""
    (root / "phones.csv").write_text(PHONES)
    (root / filename).write_text(code)
    versions("phones", "phones.csv")
    datasets = yard.services.datasets
    expected = {"phone": "string", "day": "date", "big": "int", "n": "int", " b": "string"}
    page = datasets.preview(ann, "phones", offset=1_500)
    assert {column.name: column.type for column in page.columns} == expected
    assert page.rows == [["+49", "2024-12-31", str(2**64 - 1), None, " x"]]
    for sample in (True, False):
        profile = datasets.profile(ann, "phones", sample=sample)
        assert {column.name: column.type for column in profile.columns} == expected
    found = datasets.get(ann, "phones")
    with yard.context.store.read() as c:
        stored = yard.context.store.datasets.table(c, found.current.id)
    assert stored is not None
    assert stored.columns == page.columns
    (task,) = finished(path=path, parameters={"table": "phones"}).tasks
    last = json.loads(yard.context.blobs.open(task.artifacts[0].digest).read())
    assert last["types"] == {
        "phone": "str", "day": "datetime64[us]", "big": "uint64", "n": "Int64", " b": "str",
    }  # fmt: skip
    assert last["last"] == ["+49", "2024-12-31 00:00:00", str(2**64 - 1), "<NA>", " x"]


@pytest.mark.long
def test_preview_and_profile_reach_every_column_and_sheet(yard, ann, root, versions):
    """The stored result of the first sheet is not used for another one."""
    names = [f"c{place}" for place in range(501)]
    (root / "wide.csv").write_text(",".join(names) + "\n" + "1," * 500 + "x\n")
    write_excel(root / "book.xlsx", {"One": [["a"], [1]], "Two": [["b"], ["0049"]]})
    versions("wide", "wide.csv")
    versions("book", "book.xlsx")
    datasets = yard.services.datasets
    for ask in (datasets.preview, datasets.profile):
        (last,) = ask(ann, "wide", column_offset=500).columns
        assert (last.name, last.type) == ("c500", "string")
        assert [column.name for column in ask(ann, "book").columns] == ["a"]
        (other,) = ask(ann, "book", sheet="Two").columns
        assert (other.name, other.type) == ("b", "string")
        assert ask(ann, "book", sheet="One").sheets == ["One", "Two"]
        with pytest.raises(Invalid, match="no sheet 'Three'"):
            ask(ann, "book", sheet="Three")
        with pytest.raises(Invalid):
            ask(ann, "wide", column_offset=-1)
    (root / "wide.csv").write_text(",".join(names) + "\n" + "1," * 500 + "y\n")
    versions("wide", "wide.csv")
    assert [column.change for column in datasets.compare(ann, "wide").columns] == [
        *["same"] * 500, "changed",
    ]  # fmt: skip


def test_stored_table_is_deleted_with_its_version(yard, ann, imported):
    rows = yard.context.store.datasets
    with yard.context.store.read() as c:
        assert rows.table(c, imported.current.id) is not None
    yard.services.datasets.delete(ann, imported.id)
    with yard.context.store.read() as c:
        assert rows.table(c, imported.current.id) is None


def test_the_same_bytes_are_stored_once(yard, ann, imported, dispatcher):
    again = yard.services.datasets.create(ann, NewDataset(FileSource("a.csv"), "again"))
    ready = dispatcher.until(
        lambda: yard.services.datasets.get(ann, again.id), lambda d: d.current.state == "ready"
    )
    assert ready.current.digest == imported.current.digest


def test_similar_looking_names_are_refused_except_for_case(yard, ann, a_csv):
    """Joiners, decomposed letters and other blanks do not make a new name."""
    datasets = yard.services.datasets
    datasets.create(ann, NewDataset(a_csv, "étude 1"))
    for alike in ("e\u0301tude 1", "étude\u00a01", "étude\u200d 1"):
        with pytest.raises((NameTaken, Invalid)):
            datasets.create(ann, NewDataset(a_csv, alike))
    other = datasets.create(ann, NewDataset(a_csv, "Étude 1"))
    with pytest.raises(NameTaken):
        datasets.update(ann, other.id, DatasetPatch(other.revision, name="étude 1"))


def test_replacing_a_dataset_creates_a_version(yard, ann, imported, root, dispatcher):
    (root / "a.csv").write_text("x,y\n5,6\n")
    datasets = yard.services.datasets
    with pytest.raises(NameTaken):
        datasets.create(ann, NewDataset(FileSource("a.csv")))
    with dispatcher.standing_still():
        datasets.create(ann, NewDataset(FileSource("a.csv"), "a.csv", replace=True))
        with pytest.raises(Conflict):
            datasets.create(ann, NewDataset(FileSource("a.csv"), "a.csv", replace=True))
    newest = dispatcher.until(
        lambda: datasets.get(ann, imported.id), lambda d: d.current.state == "ready"
    )
    assert (newest.id, newest.current.number) == (imported.id, 2)
    assert [v.number for v in datasets.versions(ann, imported.id).items] == [2, 1]
    assert (
        datasets.preview(ann, imported.id, version=1).rows
        != datasets.preview(ann, imported.id).rows
    )


@pytest.fixture
def versions(yard, ann, root, dispatcher):
    """Add one version of a dataset for each path below the root."""

    def make(name, *places):
        for place in places:
            body = NewDataset(FileSource(place), name, replace=True)
            made = yard.services.datasets.create(ann, body)
            dispatcher.until(
                lambda made=made: yard.services.datasets.get(ann, made.id),
                lambda d: d.current.state != "importing",
            )

    return make


def test_comparison_of_two_tables(yard, ann, root, versions):
    (root / "1.csv").write_text("a,b,c\n1,x,1\n2,y,1\n")
    (root / "2.csv").write_text("a,b,d\n1,7,1\n5,8,1\n,9,1\n")
    versions("t", "1.csv", "2.csv")
    datasets = yard.services.datasets
    found = datasets.compare(ann, "t")
    assert (found.old.number, found.new.number, found.same) == (1, 2, False)
    assert (found.old.rows, found.new.rows) == (2, 3)
    changes = {column.name: column.change for column in found.columns}
    assert changes == {"a": "changed", "b": "retyped", "c": "removed", "d": "added"}
    (a,) = [column for column in found.columns if column.name == "a"]
    assert a.differs == ["nulls", "mean", "max"]
    assert a.old is not None and (a.old.mean, a.old.max) == (1.5, 2)
    assert datasets.compare(ann, "t", old=2, new=1).old.number == 2
    assert datasets.compare(ann, "t", old=2, new=2).same


@pytest.mark.long
def test_comparison_of_folders_and_other_files(yard, ann, root, versions):
    for name, files in (("f", {"a": "1", "b": "1"}), ("g", {"a": "2", "c": "1"})):
        (root / name).mkdir()
        for place, text in files.items():
            (root / name / place).write_text(text)
    (root / "x.bin").write_bytes(b"\0\1")
    versions("t", "f", "g", "x.bin", "f")
    datasets = yard.services.datasets
    found = datasets.compare(ann, "t", 1, 2)
    assert [(file.path, file.change) for file in found.files] == [
        ("a", "changed"), ("b", "removed"), ("c", "added"),
    ]  # fmt: skip
    assert found.file_changes == 3
    assert datasets.compare(ann, "t", 1, 4).same
    assert datasets.compare(ann, "t", 2, 3).note == because("folder-not-compared")
    (root / "y.bin").write_bytes(b"\0\2")
    versions("u", "x.bin", "y.bin")
    found = datasets.compare(ann, "u")
    assert not found.same and found.note and not found.columns


@pytest.mark.long
def test_versions_that_cannot_be_compared_are_refused(yard, ann, imported):
    datasets = yard.services.datasets
    with pytest.raises(NotFound, match="no version before 1"):
        datasets.compare(ann, imported.id)
    with pytest.raises(NotFound):
        datasets.compare(ann, imported.id, old=7)
    with pytest.raises(NotFound):
        datasets.compare(Caller("bob"), imported.id)


def test_older_runs_still_show_version_1(yard, ann, root, tool, versions, finished):
    (root / "1.csv").write_text("a\n1\n")
    (root / "2.csv").write_text("a\n2\n")
    versions("t", "1.csv")
    first = finished(path=tool, parameters={"source": "t"}).run
    versions("t", "2.csv")
    second = finished(path=tool, parameters={"source": "t"}).run
    for run, origin, text in ((first, "t v1", b"a\n1\n"), (second, "t v2", b"a\n2\n")):
        (task,) = yard.services.runs.get(ann, run.id).tasks
        assert task.inputs["source"].origin == origin
        found = yard.services.runs.content(ann, run.id, "main", "source")
        assert yard.context.blobs.open(found.digest).read() == text


def test_renaming_needs_the_revision_that_was_read(yard, ann, a_csv):
    datasets = yard.services.datasets
    made = datasets.create(ann, NewDataset(a_csv))
    renamed = datasets.update(ann, made.id, DatasetPatch(1, name="b", description="B"))
    assert (renamed.name, renamed.description, renamed.revision) == ("b", "B", 2)
    with pytest.raises(StaleWrite):
        datasets.update(ann, made.id, DatasetPatch(1, name="c"))


def test_a_dataset_in_use_is_kept_unless_forced(yard, ann, imported, root, tool, dispatcher):
    document = {
        "version": 1,
        "nodes": {
            "d": {"type": "dataset", "dataset": imported.id},
            "t": {"type": "executable", "path": tool},
        },
        "edges": {"e": {"source": "d", "output": "data", "target": "t", "input": "source"}},
    }
    (root / "uses.nbflow").write_text(json.dumps(document))
    from nbyard.domain.runs.structs import NewRun

    with dispatcher.standing_still():
        run = yard.services.runs.create(ann, NewRun(path="uses.nbflow"))
        with pytest.raises(InUse) as refused:
            yard.services.datasets.delete(ann, imported.id)
        users = refused.value.message
        assert "uses.nbflow" in users and f"run {run.number}" in users
        yard.services.datasets.delete(ann, imported.id, force=True)
    with pytest.raises(NotFound):
        yard.services.datasets.get(ann, imported.id)


def test_dataset_of_another_user_looks_like_an_unknown_one(yard, ann, a_csv):
    made = yard.services.datasets.create(ann, NewDataset(a_csv))
    bob = Caller("bob")
    for key in (made.id, made.name, "none"):
        with pytest.raises(NotFound):
            yard.services.datasets.get(bob, key)
    assert yard.services.datasets.list(bob).items == []
    assert yard.services.events.list(bob).items == []


def test_datasets_are_listed_newest_first_in_pages(yard, ann, a_csv):
    datasets = yard.services.datasets
    names = [f"n{i}" for i in range(5)]
    for name in names:
        datasets.create(ann, NewDataset(a_csv, name))
    first = datasets.list(ann, limit=3)
    rest = datasets.list(ann, limit=3, after=first.next)
    assert [d.name for d in (*first.items, *rest.items)] == names[::-1]
    assert rest.next is None
    assert [d.name for d in datasets.list(ann, search="3").items] == ["n3"]
    assert datasets.list(ann, search="%").items == []


@pytest.mark.parametrize("number", [-1, 2**63])
def test_numbers_out_of_range_are_refused(yard, ann, imported, number):
    for ask in (
        lambda: yard.services.datasets.preview(ann, imported.id, offset=number),
        lambda: yard.services.datasets.preview(ann, imported.id, version=number),
        lambda: yard.services.datasets.profile(ann, imported.id, version=number),
    ):
        with pytest.raises(Invalid):
            ask()


def test_generated_notebook_opens_the_dataset(yard, ann, imported, root):
    made = [yard.services.datasets.notebook(ann, imported.id, NewNotebook()) for _ in range(2)]
    assert made[0].path != made[1].path
    notebook = json.loads((root / made[0].path).read_text())
    assert imported.id in json.dumps(notebook["cells"])
    with pytest.raises(NotFound):
        yard.services.datasets.notebook(ann, imported.id, NewNotebook("no/such/folder"))


def test_deletion_without_a_server_removes_the_links_of_a_server(yard, ann, imported, root):
    from nbyard.yard import Yard

    shown = root / yard.services.datasets.get(ann, imported.id).resource
    assert shown.is_symlink()
    with Yard.open(yard.settings) as shell:  # no root: as `nbyard datasets rm` opens it
        shell.services.datasets.delete(ann, imported.id)
    assert not shown.is_symlink()


def test_datasets_appear_in_the_configured_folder_of_nephos(yard, ann, imported, root):
    """The page shows the setting. The folder is created when needed."""
    from nbyard.yard import Yard

    page = (Path(__file__).resolve().parents[4] / "docs/how-to/nephos.md").read_text()
    value = re.search(r"^c\.Settings\.link_folders = (.+)$", page, re.MULTILINE)
    assert value is not None
    yard.settings.link_folders = literal_eval(value[1])
    with Yard.open(yard.settings, root) as server:
        assert server.services.datasets.get(ann, imported.id).notice is None
    folders = [root / "nephos-core/resources", root / "resources"]
    first, second = (next((folder / imported.id).iterdir()) for folder in folders)
    assert first.read_bytes() == second.read_bytes() != b""


def test_dataset_without_a_link_shows_the_reason(yard, ann, root, imported):
    """The path is spelled as in the file browser."""
    link = root / imported.resource
    link.unlink()
    link.write_text("mine")
    found = yard.services.datasets.get(ann, imported.id)
    assert found.resource == ""
    assert found.notice == because("link-place-taken", path=imported.resource)
    assert link.read_text() == "mine"
