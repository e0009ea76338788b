"""What nodes produced, for small cards."""

import base64
import contextlib
import io
import json
import shutil
import threading
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from PIL import Image
from sqlalchemy import event

from nbyard.attempts import folders
from nbyard.domain.attempts.structs import METRICS
from nbyard.domain.callers import Caller
from nbyard.domain.datasets.previews import LARGEST, FilePreview, ShownMetric, ShownModel, TableHead
from nbyard.domain.models.structs import ModelColumn, ModelFile
from nbyard.domain.runs.previews.node_results import NodePreview
from nbyard.domain.runs.structs import BytesOf, Run, TaskPlan
from nbyard.errors import Invalid, NotFound
from nbyard.services.runs import previews as service
from nbyard.store import Connection
from nbyard.store.runs.tasks import TaskRecord
from nbyard.tabular import TableFile
from nbyard.yard import Yard

from ...store.rows import Rows, moment

pytestmark = pytest.mark.slow

TABLE = TableHead(["a"], [["1"]], 1, 1)


def png(width: int = 40) -> bytes:
    made = io.BytesIO()
    Image.new("RGB", (width, 20), "red").save(made, "PNG")
    return made.getvalue()


def book(picture: bytes) -> str:
    data = {"image/png": base64.b64encode(picture).decode()}
    return json.dumps({"cells": [{"outputs": [{"data": data}]}]})


@contextlib.contextmanager
def queries(yard: Yard) -> Iterator[list[str]]:
    """Collect the texts of the queries that are sent to the store."""
    asked: list[str] = []

    def note(_c: Any, _cursor: Any, query: str, *_more: Any) -> None:
        asked.append(query)

    engine = yard.store.database.reader
    event.listen(engine, "before_cursor_execute", note)
    yield asked
    event.remove(engine, "before_cursor_execute", note)


class Made:
    """A run whose tasks have succeeded with given outputs."""

    def __init__(self, yard: Yard, c: Connection, owner: str = "ann"):
        self._yard, self.c = yard, c
        self.rows = Rows(yard.store, c)
        self.run: Run = self.rows.run(owner=owner)

    def task(self, node: str, state: str = "succeeded", **given: Any) -> TaskRecord:
        """Insert a task; tuples of `given` are outputs as (file name, content), others columns."""
        files = {name: value for name, value in given.items() if isinstance(value, tuple)}
        columns = {name: value for name, value in given.items() if name not in files}
        task = self.rows.task(self.run, node, state=state, **columns)
        rows = []
        for name, (filename, content) in files.items():
            data = content.encode() if isinstance(content, str) else content
            blob = self._yard.context.blobs.put_bytes(data)
            kind = "pickle" if filename.endswith(".pkl") else ""
            row = {"name": name, "filename": filename, "format": kind, "digest": blob.digest}
            rows.append({**row, "size_bytes": blob.size_bytes, "type": None})
        self._yard.store.artifacts.insert_all(self.c, [(task, rows)])
        return task


@pytest.fixture
def made(yard: Yard) -> Iterator[Made]:
    """A run in an open transaction, which the test commits by asking."""
    with yard.store.write() as c:
        yield Made(yard, c)


def ask(yard: Yard, made: Made, **query: Any):
    made.c.commit()
    return yard.services.runs.previews(Caller("ann"), made.run.id, **query)


def by_node(page) -> dict[str, NodePreview]:
    assert page.pending == []
    return {one.node: one for one in page.items}


def test_every_part_comes_from_the_file_that_has_it(yard, made):
    figure = book(png())
    made.task(
        "train",
        notes=("notes.txt", "first\nsecond"),
        rows=("rows.csv", "a\n1\n"),
        scores=("scores.json", '{"auc": 0.9}'),
        plot=("plot.png", png(50)),
        executed=("executed.ipynb", figure),
    )
    digest = yard.context.blobs.put_bytes(figure.encode()).digest
    assert by_node(ask(yard, made)) == {
        "train": NodePreview(
            "train",
            picture=digest,
            table=TABLE,
            table_name="rows",
            metrics=[ShownMetric("auc", 0.9)],
        )
    }


def test_an_output_is_the_picture_where_the_notebook_has_no_figure(yard, made):
    made.task("a", plot=("plot.png", png()), executed=("executed.ipynb", '{"cells": []}'))
    found = by_node(ask(yard, made))["a"]
    assert found.caption == "plot.png"
    assert yard.services.runs.picture(Caller("ann"), made.run.id, found.picture)[:4] == b"\x89PNG"


def test_text_is_shown_as_the_last_choice(yard, made):
    made.task("a", notes=("notes.txt", "<b>hi</b>\nmore"))
    made.task("b", other=("data.bin", b"\0"))
    made.task("c", state="running", rows=("rows.csv", "a\n1\n"))
    assert by_node(ask(yard, made)) == {"a": NodePreview("a", text="<b>hi</b>")}


def test_the_class_of_a_model_comes_from_its_file(yard, made):
    made.task("a", model=("m.pkl", b"csklearn.svm\nSVC\n."))
    assert by_node(ask(yard, made))["a"].model == ShownModel("SVC")


def test_a_package_knows_the_number_of_features(yard, made, monkeypatch):
    made.task("a", model=("m.pkl", b"csklearn.svm\nSVC\n."))
    inputs = [ModelColumn("x", "int"), ModelColumn("y", "int")]
    package = ModelFile("m", "http", ".", "", "", inputs, [], flavour="pickle")

    def of_outputs(_: object, __: object, owner: str, digests: set[str]):
        return dict.fromkeys(digests, package) if owner == "ann" else {}

    monkeypatch.setattr(type(yard.store.models), "of_outputs", of_outputs)
    assert by_node(ask(yard, made))["a"].model == ShownModel("SVC", 2)


def test_recorded_metrics_come_before_those_of_a_file(yard, made):
    task = made.task("a", scores=("scores.json", '{"auc": 0.9}'))
    attempt = made.rows.attempt(task)
    folder = folders.attempt_folder_of(yard.store.folder, attempt.id)
    folder.mkdir(parents=True)
    points = [
        {"at": 1.0, "name": "loss", "value": 3.0},
        {"at": 2.0, "name": "epoch", "value": "nan"},
        {"at": 3.0, "name": "loss", "value": 2.0},
    ]
    lines = [b'{"cut off', *map(msgspec.json.encode, points), b"[" * 5000, b"null"]
    (folder / METRICS).write_bytes(b"\n".join(lines))
    metrics = [ShownMetric("loss", 2.0), ShownMetric("epoch", "NaN")]
    assert by_node(ask(yard, made))["a"].metrics == metrics


def log_metric(yard: Yard, made: Made, task: TaskRecord, value: float | str) -> None:
    attempt = made.rows.attempt(task)
    folder = folders.attempt_folder_of(yard.store.folder, attempt.id)
    folder.mkdir(parents=True)
    (folder / METRICS).write_bytes(msgspec.json.encode({"at": 1.0, "name": "m", "value": value}))


@pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
def test_runs_are_listed_in_the_order_of_a_metric(yard):
    """Recorded metrics and those of files count, and each is read from its file once."""
    with yard.store.write() as c:
        made = Made(yard, c)
        made.task("train", scores=("scores.json", '{"m": 2.5}'))
        number: dict[float | str, int] = {2.5: made.run.number}
        for value in (3.0, "nan", 1.0):
            made.run = made.rows.run(owner="ann")
            log_metric(yard, made, made.task("train"), value)
            number[value] = made.run.number
    assert in_order(yard, "train.m") == [number[key] for key in (1.0, 2.5, 3.0, "nan")]
    shutil.rmtree(yard.store.folder / "attempts")
    assert in_order(yard, "-train.m") == [number[key] for key in (3.0, 2.5, 1.0, "nan")]


def in_order(yard: Yard, order: str) -> list[int]:
    """Return the numbers of all runs, from pages of one."""
    numbers: list[int] = []
    after: str | None = ""
    while after is not None:
        page = yard.services.runs.list(Caller("ann"), order=order, limit=1, after=after)
        numbers += [run.number for run in page.items]
        after = page.next
    return numbers


def test_metrics_behind_any_number_of_cached_nodes_take_the_same_number_of_queries(yard, made):
    first = Made(yard, made.c)
    makers = [first.task(str(n), cache_key=f"k{n}", finished_at=moment(n)) for n in range(6)]
    for n, maker in enumerate(makers):
        log_metric(yard, made, maker, float(n))
    plan = msgspec.to_builtins(makers[0].plan)
    for n, maker in enumerate(makers):
        # every other node is pinned instead
        own = {"plan": plan | {"reuse": maker.id}} if n % 2 else {"cache_key": f"k{n}"}
        made.task(str(n), cached=True, finished_at=moment(99), **own)
    made.c.commit()
    counts = []
    for count in (2, 6):
        nodes = ",".join([*map(str, range(count)), "none"])
        with queries(yard) as asked:
            found = by_node(ask(yard, made, nodes=nodes))
        assert [one.metrics[0].value for one in found.values()] == [*map(float, range(count))]
        counts.append(len(asked))
    assert counts[0] == counts[1]


def test_previews_of_tasks_alone_look_for_no_datasets(yard, made, monkeypatch):
    made.task("a", notes=("notes.txt", "hi"))
    monkeypatch.setattr(type(yard.services.runs), "datasets_of", lambda *_: pytest.fail("asked"))
    assert list(by_node(ask(yard, made, nodes="a"))) == ["a"]


def test_a_picture_reads_no_other_file_of_the_run(yard, made, monkeypatch):
    """Neither their rows in the store."""
    made.task("a", plot=("plot.png", png()), other=("data.csv", "a\n1\n"))
    made.task("b", more=("more.png", png(50)))
    digest = by_node(ask(yard, made))["a"].picture
    asked = [yard.services.runs.datasets_of, yard.store.artifacts.of_run]
    for one in asked:
        monkeypatch.setattr(type(one.__self__), one.__name__, lambda *_: pytest.fail("asked"))
    assert yard.services.runs.picture(Caller("ann"), made.run.id, digest)


def test_a_link_in_place_of_the_metrics_is_not_followed(yard, made, tmp_path):
    attempt = made.rows.attempt(made.task("a"))
    folder = folders.attempt_folder_of(yard.store.folder, attempt.id)
    folder.mkdir(parents=True)
    secret = tmp_path / "secret"
    secret.write_text('{"at": 1.0, "name": "secret", "value": 1.0}\n')
    (folder / METRICS).symlink_to(secret)
    assert by_node(ask(yard, made)) == {}


def test_a_page_and_chosen_nodes(yard, made):
    for node in "abc":
        made.task(node, rows=("rows.csv", "a\n1\n"))
    first = ask(yard, made, limit=2)
    assert (list(by_node(first)), first.next) == (["a", "b"], "b")
    second = ask(yard, made, limit=2, after="b")
    assert (list(by_node(second)), second.next) == (["c"], None)
    assert list(by_node(ask(yard, made, nodes="c,a,none"))) == ["a", "c"]
    with pytest.raises(Invalid):
        ask(yard, made, limit=501)


def test_broken_files_leave_the_others(yard, made, monkeypatch):
    made.task("a", bad=("bad.parquet", b"PAR1 no"), good=("good.jsonl", '{"a": 1}'))
    made.task("b", deep=("deep.json", "[" * 100_000), gone=("gone.csv", "b\n1\n"))
    yard.context.blobs.delete(yard.context.blobs.put_bytes(b"b\n1\n").digest)
    assert by_node(ask(yard, made)) == {"a": NodePreview("a", table=TABLE, table_name="good")}
    monkeypatch.setattr(yard.context.tables, "preview", lambda file: pytest.fail(file.filename))
    assert list(by_node(ask(yard, made))) == ["a"]


def test_only_files_that_a_preview_may_show_are_read(yard, made, monkeypatch):
    task = made.task(
        "logged",
        scores=("scores.json", '{"auc": 0.9}'),
        notes=("notes.txt", "hi"),
        empty=("empty.csv", ""),
        large=("large.png", png()),
    )
    log_metric(yard, made, task, 1.0)
    made.task("plain", rows=("rows.csv", "a\n1\n"), notes=("notes.md", "hi"))
    monkeypatch.setitem(LARGEST, "png", 9)
    read, names = yard.context.tables.preview, []

    def noted(file: TableFile) -> FilePreview:
        names.append(file.filename)
        return read(file)

    monkeypatch.setattr(yard.context.tables, "preview", noted)
    found = by_node(ask(yard, made))
    assert found["logged"] == NodePreview("logged", metrics=[ShownMetric("m", 1.0)])
    assert found["plain"].table == TABLE
    # a JSON file may have a table
    assert names == ["scores.json", "rows.csv"]


def test_a_file_that_failed_is_read_again_later(yard, made, monkeypatch):
    made.task("a", rows=("rows.csv", "a\n1\n"))
    read, reads = yard.context.tables.preview, []

    def slow_once(file: object) -> FilePreview:
        reads.append(file)
        if len(reads) == 1:
            raise Invalid("too slow")
        return read(file)

    monkeypatch.setattr(yard.context.tables, "preview", slow_once)
    monkeypatch.setattr(service, "AGAIN_SECONDS", 0.0)
    assert by_node(ask(yard, made)) == {}
    assert list(by_node(ask(yard, made))) == ["a"]


def test_a_request_waits_for_seconds_at_most(yard, made, monkeypatch):
    for node in "ab":
        made.task(node, rows=(f"{node}.csv", f"a\n{node}\n"))
    monkeypatch.setattr(service, "SECONDS", -1.0)
    assert ask(yard, made).pending == ["a", "b"]
    monkeypatch.setattr(service, "SECONDS", 60.0)
    assert list(by_node(ask(yard, made))) == ["a", "b"]


def test_one_request_at_a_time_creates_previews(yard, made, monkeypatch):
    made.task("a", rows=("a.csv", "a\n1\n"))
    made.c.commit()
    begun, go_on = threading.Event(), threading.Event()
    read = yard.context.tables.preview

    def slow(file: object) -> FilePreview:
        begun.set()
        go_on.wait(30)
        return read(file)

    monkeypatch.setattr(yard.context.tables, "preview", slow)
    answers: list[Any] = []
    other = threading.Thread(target=lambda: answers.append(ask(yard, made)))
    other.start()
    begun.wait(30)
    assert ask(yard, made).pending == ["a"]
    go_on.set()
    other.join()
    assert list(by_node(answers[0])) == ["a"]


def test_results_of_other_users_are_hidden(yard, made):
    made.task("a", plot=("plot.png", png()))
    digest = by_node(ask(yard, made))["a"].picture
    runs, bob, theirs = yard.services.runs, Caller("bob"), made.run.id
    for refused in (
        lambda: runs.previews(bob, theirs),
        lambda: runs.output_preview(bob, theirs, "a", "plot"),
        lambda: runs.picture(bob, theirs, digest),
    ):
        with pytest.raises(NotFound):
            refused()


def test_a_run_has_only_its_own_pictures(yard, made):
    made.task("a", rows=("a.csv", "a\n1\n"))
    other = Made(yard, made.c)
    other.task("b", plot=("plot.png", png()))
    digest = by_node(ask(yard, other))["b"].picture
    rows = yard.context.blobs.put_bytes(b"a\n1\n").digest
    for wrong in (digest, rows, "", "../..", "sha256:" + "0" * 64):
        with pytest.raises(NotFound):
            yard.services.runs.picture(Caller("ann"), made.run.id, wrong)


def test_the_first_rows_of_an_output(yard, made):
    made.task("a", rows=("a.csv", "a\n1\n"), other=("b.bin", "x"), bad=("c.parquet", "PAR1"))
    made.c.commit()

    def head(node: str, output: str) -> FilePreview:
        return yard.services.runs.output_preview(Caller("ann"), made.run.id, node, output)

    assert head("a", "rows") == FilePreview(table=TABLE)
    assert head("a", "other") == head("a", "bad") == FilePreview()
    for node, output in (("a", "none"), ("none", "rows")):
        with pytest.raises(NotFound):
            head(node, output)


def test_the_data_of_a_dataset_node(yard, tmp_path):
    digest = yard.context.blobs.put_bytes(b"a\n1\n").digest
    edge = {"source": "data", "output": "data", "target": "one", "input": "source"}
    with yard.store.write() as c:
        rows = Rows(yard.store, c)
        run = rows.run(owner="ann", edges=[edge])
        plan = TaskPlan("one", "ONE", "e", "v", [], {"source": BytesOf(digest, "d.csv")}, "process")
        rows.task(run, "one", plan=msgspec.to_builtins(plan))
    runs, ann = yard.services.runs, Caller("ann")
    shown = NodePreview("data", table=TABLE, table_name="data")
    assert runs.previews(ann, run.id).items == [shown]
    assert runs.previews(ann, run.id, nodes="data").items == [shown]
    assert runs.previews(ann, run.id, nodes="one").items == []
    assert runs.previews(ann, run.id, after="one").items == []
    assert runs.output_preview(ann, run.id, "data", "data") == FilePreview(table=TABLE)


def test_a_cached_task_has_the_previews_of_its_result(yard, ann, tool, root, finished):
    (root / "data.csv").write_text("a\n1\n")
    body = {"path": tool, "parameters": {"source": "data.csv"}}
    shown = []
    for _ in range(2):
        found = finished(**body)
        shown.append(yard.services.runs.previews(ann, found.run.id).items)
    assert found.tasks[0].cached
    assert shown[0] == shown[1] and shown[0][0].table == TABLE
