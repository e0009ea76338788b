"""Data by name, in a run and outside one."""

import json
import math
import os
from collections import Counter
from pathlib import Path
from typing import Any

import numpy
import pandas
import pytest

import nbyard
from nbyard import NotGiven, port
from nbyard.runner.handoff import work_functions


@pytest.fixture(autouse=True)
def no_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(work_functions.ATTEMPT, raising=False)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of an attempt with an input, values and outputs."""
    folder = tmp_path / "attempt"
    (folder / "inputs" / "table").mkdir(parents=True)
    (folder / "inputs" / "table" / "x.json").write_text("[1, 2]")
    task = {
        "work": {
            "kind": "notebook",
            "parameters": {"rate": 0.5, "table": "{attempt}/inputs/table/x.json"},
            "handed": {"words": "{{attempt}/secrets/other", "many": ["{{{attempt}"]},
        },
        "outputs": {
            "out": {"path": "outputs/out/out", "format": ""},
            "csv": {"path": "outputs/csv/result.csv", "format": "csv"},
            "folder": {"path": "outputs/folder/folder", "format": "folder"},
        },
    }
    (folder / "task.json").write_text(json.dumps(task))
    monkeypatch.setenv(work_functions.ATTEMPT, str(folder))
    return folder


def test_a_run_provides_values_and_contents_of_files(run: Path) -> None:
    assert nbyard.input("rate") == nbyard.input("rate", 0.1) == 0.5
    assert nbyard.input("table") == [1, 2]
    assert nbyard.input("table", type=Path) == run / "inputs" / "table" / "x.json"
    assert nbyard.input("words") == "{attempt}/secrets/other"
    assert nbyard.input("many") == ["{{attempt}"]
    assert nbyard.input("other", 7) == 7


def test_a_missing_input_is_an_error(run: Path) -> None:
    with pytest.raises(nbyard.NotGiven, match="no value for 'other'"):
        nbyard.input("other")
    with pytest.raises(nbyard.NotGiven, match=r"'other' \(.*: out, csv, folder\)"):
        nbyard.output("other", 1)
    with pytest.raises(nbyard.Unfit, match=r"'rate' is a float, .* str"):
        nbyard.input("rate", type=str)


def test_a_run_stores_a_value_with_its_type(run: Path) -> None:
    nbyard.output("out", pandas.DataFrame({"a": [1]}))
    assert sorted(os.listdir(run / "outputs" / "out")) == [".type.json", "out"]
    told = json.loads((run / "outputs" / "out" / ".type.json").read_text())
    assert told["format"] == "parquet" and told["columns"] == [["a", "int64"]]
    assert told["media_type"] == "application/vnd.apache.parquet"


def test_the_last_of_two_outputs_counts(run: Path) -> None:
    (run / "some").mkdir()
    for value in ({"a": 1}, run / "some", "last"):
        nbyard.output("out", value)
    assert (run / "outputs" / "out" / "out").read_text() == "last"
    assert json.loads((run / "outputs" / "out" / ".type.json").read_text())["format"] == "txt"


def test_a_failed_output_keeps_the_former_one(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nbyard.output("out", "first")

    class Figure:
        def savefig(self, path: str, **_: Any) -> None:
            Path(path).write_text("half")
            raise OSError("disk full")

    module = type("Module", (), {"Figure": Figure})
    monkeypatch.setitem(__import__("sys").modules, "matplotlib.figure", module)
    with pytest.raises(OSError, match="disk full"):
        nbyard.output("out", Figure())
    assert (run / "outputs" / "out" / "out").read_text() == "first"
    assert sorted(os.listdir(run / "outputs" / "out")) == [".type.json", "out"]


def test_an_output_of_another_kind_is_refused(run: Path, tmp_path: Path) -> None:
    with pytest.raises(nbyard.Unfit, match="'csv' is declared as"):
        nbyard.output("csv", pandas.DataFrame({"a": [1]}))
    with pytest.raises(nbyard.Unfit, match="'folder' is declared as"):
        nbyard.output("folder", b"")
    (tmp_path / "made").write_text("a\n1\n")
    nbyard.output("csv", tmp_path / "made")
    assert (run / "outputs" / "csv" / "result.csv").read_text() == "a\n1\n"
    nbyard.output("folder", tmp_path / "attempt" / "inputs")
    assert (run / "outputs" / "folder" / "folder" / "table" / "x.json").exists()


def test_a_file_written_at_its_place_is_kept(run: Path) -> None:
    place = run / "outputs" / "csv" / "result.csv"
    place.parent.mkdir(parents=True)
    place.write_text("a\n")
    nbyard.output("csv", place)
    assert place.read_text() == "a\n"


def test_outside_of_a_run_an_output_is_a_local_file(tmp_path: Path) -> None:
    nbyard.output("table", pandas.DataFrame({"a": [1]}))
    assert os.listdir("handoff") == ["table.parquet"]
    assert nbyard.input("table").equals(pandas.DataFrame({"a": [1]}))
    nbyard.output("table", {"a": 1})
    nbyard.output("other", 2)
    assert sorted(os.listdir("handoff")) == ["other.json", "table.json"]
    assert nbyard.input("table", None) == {"a": 1}
    (tmp_path / "raw").mkdir()
    nbyard.output("table", tmp_path / "raw")
    assert nbyard.input("table") == Path("handoff/table")


def test_outside_of_a_run_the_default_is_used(tmp_path: Path) -> None:
    assert nbyard.input("rate", 0.1) == 0.1 and nbyard.input("none", None) is None
    (tmp_path / "raw.json").write_text("[3]")
    assert nbyard.input("table", Path("raw.json")) == [3]
    assert nbyard.input("table", Path("raw.json"), type=Path) == Path("raw.json")
    with pytest.raises(nbyard.NotGiven, match=r"no table\.\* in .*handoff"):
        nbyard.input("table")


def test_a_text_is_written_as_a_file_on_request(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "raw.csv").write_text("a\n3\n")
    assert nbyard.input("table", "sub/raw.csv") == "sub/raw.csv"
    assert nbyard.input("table", "sub/raw.csv", type=Path) == Path("sub/raw.csv")
    table = nbyard.input("table", "sub/raw.csv", type=pandas.DataFrame)
    assert table.equals(pandas.DataFrame({"a": [3]}))


def test_several_files_of_one_name_are_an_error(tmp_path: Path) -> None:
    (tmp_path / "handoff").mkdir()
    for name in ("a.json", "a.txt"):
        (tmp_path / "handoff" / name).write_text("1")
    with pytest.raises(nbyard.Unfit, match=r"'a': a\.json, a\.txt"):
        nbyard.input("a")


@pytest.mark.parametrize("name", ["", "a b", "../x", 3, None])
def test_a_name_must_be_valid(name: Any) -> None:
    for call in (lambda: nbyard.input(name), lambda: nbyard.output(name, 1)):
        with pytest.raises(nbyard.Unfit, match="is no name"):
            call()


def test_a_function_gets_a_hint_for_its_inputs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(work_functions.ATTEMPT, str(tmp_path / "call"))
    with pytest.raises(nbyard.NotGiven, match="takes 'table' as"):
        nbyard.input("table")


def test_a_run_provides_secrets(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (run / "secrets").mkdir()
    (run / "secrets/token").write_text("{1}")
    (run / "secrets/login.json").write_text('{"user": "ann"}')
    task = json.loads((run / "task.json").read_text())
    task["work"]["parameters"] |= {"token": "{attempt}/secrets/token"}
    (run / "task.json").write_text(json.dumps(task))
    monkeypatch.setenv(work_functions.SECRETS, str(run / "secrets"))
    assert nbyard.secret("token") == nbyard.input("token") == "{1}"
    assert nbyard.secret("login") == {"user": "ann"}
    with pytest.raises(nbyard.NotGiven, match="no credential for 'other'"):
        nbyard.secret("other")


def test_outside_of_a_run_a_secret_is_a_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(work_functions.SECRETS, raising=False)
    monkeypatch.setenv("API_TOKEN", "x")
    assert nbyard.secret("api_token") == "x"
    with pytest.raises(nbyard.NotGiven, match="variable other or OTHER"):
        nbyard.secret("other")
    with pytest.raises(nbyard.Unfit):
        nbyard.secret("../token")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("NBYARD_ATTEMPT", str(tmp_path / "attempt"))
    return tmp_path / "attempt"


def lines(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


def test_each_metric_is_a_line(folder: Path) -> None:
    nbyard.log_metric("loss", 0.5, 1)
    nbyard.log_metric("loss", numpy.float32(0.25), step=numpy.int64(2))
    nbyard.log_metric("good", True)
    found = [{key: value for key, value in line.items() if key != "at"} for line in lines(folder)]
    assert found == [
        {"name": "loss", "value": 0.5, "step": 1},
        {"name": "loss", "value": 0.25, "step": 2.0},
        {"name": "good", "value": 1.0},
    ]
    assert all(line["at"] > 1e9 for line in lines(folder))


def test_non_finite_numbers_are_texts(folder: Path) -> None:
    for value in (math.nan, math.inf, -math.inf):
        nbyard.log_metric("x", value)
    assert [line["value"] for line in lines(folder)] == ["nan", "inf", "-inf"]


@pytest.mark.parametrize("value", ["high", None, [1], object()])
def test_values_that_are_no_numbers_are_refused(folder: Path, value: Any) -> None:
    with pytest.raises(nbyard.Unfit, match="a metric is a number, not"):
        nbyard.log_metric("x", value)


def test_integers_beyond_floats_are_refused(folder: Path) -> None:
    for value in (10**400, -(10**5000)):
        with pytest.raises(nbyard.Unfit, match="between -1"):
            nbyard.log_metric("x", value)
    nbyard.log_metric("x", 10**300)
    assert [line["value"] for line in lines(folder)] == [10**300]


@pytest.mark.parametrize("name", ["", "x" * 201, 3])
def test_a_name_is_text(folder: Path, name: Any) -> None:
    with pytest.raises(nbyard.Unfit, match="at most 200 characters"):
        nbyard.log_metric(name, 1)


def test_the_file_is_thinned_and_then_stops_growing(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work_functions, "SPARSE", ((6000, 0), (3000, 10)))
    monkeypatch.setattr(work_functions, "_counts", Counter())
    for step in range(10_000):
        nbyard.log_metric("x", step, step)
    steps = [line["step"] for line in lines(folder)]
    assert 5900 < (folder / "metrics.jsonl").stat().st_size < 6200
    assert steps[:3] == [0, 1, 2] and steps[-1] - steps[-2] == 10 and steps[-1] > 400


def test_outside_of_a_run_metrics_are_ignored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NBYARD_ATTEMPT", raising=False)
    monkeypatch.chdir(tmp_path)
    nbyard.log_metric("x", 1)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_loses_only_the_line(tmp_path: Path, monkeypatch: Any) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("NBYARD_ATTEMPT", str(tmp_path / "file"))
    nbyard.log_metric("x", 1)


def test_a_run_sets_the_port(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NBYARD_ATTEMPT", "/somewhere")
    monkeypatch.setenv("NBYARD_PORT_MY_PAGE", "4711")
    assert port("my-page") == 4711
    with pytest.raises(NotGiven, match=r"port 'web' .*: my_page"):
        port("web")
    with pytest.raises(NotGiven, match="no port is declared"):
        port()
    monkeypatch.setenv("NBYARD_PORT", "4711")
    assert port() == 4711


def test_outside_of_a_run_a_free_port_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NBYARD_ATTEMPT", raising=False)
    assert port() == port("web") == 0
