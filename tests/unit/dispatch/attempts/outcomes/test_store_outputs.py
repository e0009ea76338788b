"""From a finished attempt to stored bytes."""

import json
from pathlib import Path

import msgspec
import pytest
from tests.support.fake_runtime_bench import Bench

from nbyard.dispatch.attempts.outcomes.store_outputs import failure_of, take_outputs
from nbyard.dispatch.state.attempt_snapshot import AttemptSnapshot
from nbyard.domain.attempts.structs import Output, Result
from nbyard.domain.file_formats import format_of
from nbyard.domain.runs.structs import MODEL_TYPE
from nbyard.errors import Invalid, NotFound


@pytest.fixture
def snapshot(bench: Bench) -> AttemptSnapshot:
    return bench.snapshot(bench.start())


@pytest.fixture
def folder(snapshot: AttemptSnapshot) -> Path:
    return snapshot.order.folder


@pytest.fixture
def result(snapshot: AttemptSnapshot) -> Result:
    return Result(snapshot.attempt.id, snapshot.attempt.token, "succeeded", 0, 0, ["out"])


def test_files_folders_and_the_notebook(bench, folder, result):
    out = folder / "outputs" / "out" / "out.txt"
    out.write_text("hello")
    (folder / "executed.ipynb").write_text("{}")
    rows = take_outputs(bench.context, folder, result)
    told = {row["name"]: (row["filename"], row["format"], row["size_bytes"]) for row in rows}
    assert told == {"out": ("out.txt", "txt", 5), "executed.ipynb": ("executed.ipynb", "ipynb", 2)}
    out.unlink()
    out.mkdir()
    (out / "part").write_text("x")
    (row,) = [r for r in take_outputs(bench.context, folder, result) if r["name"] == "out"]
    assert row["format"] == "folder" and row["digest"].startswith("tree:")


@pytest.mark.parametrize("marks", ["MLmodel", "nervosum.yaml"])
def test_a_model_folder_is_recognised(bench, folder, result, marks):
    """Results show which model can be served."""
    out = folder / "outputs" / "out" / "out"
    out.mkdir()
    types = []
    for name in ("data", marks):
        (out / name).write_text("x")
        (row,) = take_outputs(bench.context, folder, result, {"out": Output("outputs/out/out")})
        types.append(row["type"])
    assert types[0] is None
    assert json.loads(types[1])["media_type"] == MODEL_TYPE


@pytest.mark.parametrize(
    ("filename", "declared", "expected"),
    [
        ("m.onnx", "", None),  # its format says it
        ("model.json", "", "model"),
        ("m.pkl", "", None),
        ("m.pkl", "data", "data"),
        ("m.json", "model", "model"),
        ("m.csv", "", None),
    ],
)
def test_the_class_of_an_output_is_stored(bench, folder, result, filename, declared, expected):
    """A declaration overrides the guess from the suffix."""
    (folder / "outputs" / "out" / filename).write_text("{}")
    output = Output(f"outputs/out/{filename}", output_class=declared)
    (row,) = take_outputs(bench.context, folder, result, {"out": output})
    assert (row["filename"], row["format"]) == (filename, format_of(filename))
    assert (row["type"] and json.loads(row["type"])["output_class"]) == expected


@pytest.mark.parametrize("adopt", [True, False])
def test_a_file_is_copied_if_the_work_may_still_run(bench, folder, result, adopt):
    out = folder / "outputs" / "out" / "out.txt"
    out.write_text("hello")
    (row,) = take_outputs(bench.context, folder, result, adopt=adopt)
    stored = bench.context.blobs.path(row["digest"])
    assert (stored.stat().st_ino == out.stat().st_ino) == adopt


@pytest.mark.parametrize("path", ["outputs/out/secret", "../../secret", "{outside}/secret"])
def test_files_outside_the_attempt_are_refused(bench, folder, result, tmp_path, path):
    """A container may overwrite task.json or leave links."""
    (tmp_path / "secret").write_text("s3cr3t")
    (folder.parent.parent / "secret").write_text("s3cr3t")
    (folder / "outputs" / "out").rmdir()
    (folder / "outputs" / "out").symlink_to(tmp_path)
    (folder / "executed.ipynb").symlink_to(tmp_path / "secret")
    task = json.loads((folder / "task.json").read_text())
    task["outputs"]["out"]["path"] = path.format(outside=tmp_path)
    (folder / "task.json").write_text(json.dumps(task))
    with pytest.raises(Invalid, match="outside"):
        take_outputs(bench.context, folder, result)
    assert take_outputs(bench.context, folder, msgspec.structs.replace(result, outputs=[])) == []


def test_failure_texts_are_kept() -> None:
    failure = failure_of(NotFound("It is gone.", hint="Make it again."), "preparation")
    assert failure.kind == "preparation" and "Make it again" in failure.message


TOLD = {
    "format": "parquet",
    "filename": "",
    "media_type": "application/vnd.apache.parquet",
    "frame": "pandas.DataFrame",
    "rows": 2,
    "columns": [["a", "int64"]],
}


@pytest.mark.parametrize(
    ("told", "filename", "has_type"),
    [
        (TOLD, "out.parquet", True),
        ({**TOLD, "filename": "mine.parquet"}, "mine.parquet", True),
        ({**TOLD, "filename": "../mine"}, "out", True),
        ({**TOLD, "columns": 3}, "out", False),
        ([], "out", False),
    ],
)
def test_descriptions_by_the_code_are_kept(bench, folder, result, told, filename, has_type):
    (folder / "outputs" / "out" / "out").write_text("x")
    (folder / "outputs" / "out" / ".type.json").write_text(json.dumps(told))
    (row,) = take_outputs(bench.context, folder, result, {"out": Output("outputs/out/out")})
    assert (row["filename"], row["type"] is not None) == (filename, has_type)
    if has_type:
        assert json.loads(row["type"])["columns"] == [["a", "int64"]]


def test_a_declared_name_is_kept(bench, folder, result):
    (folder / "outputs" / "out" / "out.txt").write_text("x")
    (folder / "outputs" / "out" / ".type.json").write_text(json.dumps({"format": "txt"}))
    (row,) = take_outputs(bench.context, folder, result)
    assert (row["filename"], row["format"]) == ("out.txt", "txt")
