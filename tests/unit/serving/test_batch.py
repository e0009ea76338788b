"""The mode batch: datasets in, predictions out, in order, again from where it ended."""

import bz2
import gzip
import json
import lzma
import os
import shutil
from pathlib import Path
from typing import Any, ClassVar

import pandas
import pyarrow
import pytest
from pyarrow import parquet

from nbyard.serving.batch import BatchMode, prediction_parts, table_files
from nbyard.serving.batch.predict_files import Over, predict_all, predict_here
from nbyard.serving.batch.prediction_parts import KEY, key_in
from nbyard.serving.batch.table_files import CannotRead, frame_of
from nbyard.serving.codec import BadAnswer, Column, Schema, ValueRefused
from nbyard.serving.models import ModelFailed, Spec, read_spec

from .models import SPEC

COLUMNS = [
    {"name": "n", "type": "int"},
    {"name": "x", "type": "float", "nullable": True},
    {"name": "s", "type": "str"},
    {"name": "d", "type": "date"},
]
ANSWERS = [
    {"name": "n", "type": "int"},
    {"name": "y", "type": "float", "nullable": True},
    {"name": "d", "type": "date"},
]


class Model:
    def __init__(self) -> None:
        self.rows = 0

    def predict(self, frame: Any) -> Any:
        self.rows += len(frame)
        if (frame["s"] == "bad").any():
            raise ValueError("a bad one")
        return pandas.DataFrame({"n": frame["n"], "y": frame["x"] * 2, "d": frame["d"]})


def over(spec: Spec, model: Any) -> Over:
    return predict_here(spec, lambda _: model)


@pytest.fixture
def spec(tmp_path):
    told = {**SPEC, "input_schema": COLUMNS, "output_schema": ANSWERS}
    (tmp_path / "model").mkdir()
    return read_spec(json.dumps(told), str(tmp_path / "model"))


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pieces of some hundred rows."""
    monkeypatch.setattr(table_files, "BLOCK_BYTES", 5000)
    monkeypatch.setattr(table_files, "ROWS", 200)


def frame(rows: int = 1000, start: int = 0) -> Any:
    numbers = range(start, start + rows)
    return pandas.DataFrame(
        {
            "d": pandas.Timestamp("2026-01-31"),
            "n": numbers,
            "x": [None if n % 7 == 0 else n / 2 for n in numbers],
            "s": [f"no {n}" for n in numbers],
        }
    )


def write(path: Path, found: Any) -> Path:
    path.parent.mkdir(exist_ok=True)
    if path.suffix == ".parquet":
        found.assign(d=found["d"].dt.date).to_parquet(path)
    else:
        found.to_csv(path, index=False, date_format="%Y-%m-%d")
    return path


def read(path: Path) -> Any:
    is_parquet = path.suffix == ".parquet"
    return pandas.read_parquet(path) if is_parquet else pandas.read_csv(path)


@pytest.mark.parametrize("source", ["csv", "parquet"])
@pytest.mark.parametrize("target", ["csv", "parquet"])
def test_each_row_is_predicted_in_order(spec, tmp_path, small, source, target):
    told = write(tmp_path / f"in.{source}", frame())
    out = tmp_path / f"deep/out.{target}"
    assert predict_all(spec, over(spec, Model()), str(told), str(out)) == 1000
    found = read(out)
    assert list(found.columns) == ["n", "y", "d"]
    assert list(found["n"]) == list(range(1000))
    assert found["y"].isna().sum() == 143
    assert list(found["y"].dropna()) == [float(n) for n in range(1000) if n % 7]
    assert set(found["d"].astype(str)) == {"2026-01-31"}
    assert os.listdir(out.parent) == [out.name]


def test_a_folder_may_hold_tsv_and_compressed_files(spec, tmp_path):
    text = frame(3).to_csv(index=False, date_format="%Y-%m-%d").encode()
    (tmp_path / "in").mkdir()
    packed = {"a.csv.gz": gzip.compress(text), "b.csv.bz2": bz2.compress(text)}
    packed |= {"c.csv.xz": lzma.compress(text), "d.tsv": text.replace(b",", b"\t")}
    packed |= {"e.csv.zst": pyarrow.compress(text, codec="zstd", asbytes=True)}
    for name, content in packed.items():
        (tmp_path / "in" / name).write_bytes(content)
    assert predict_all(spec, over(spec, Model()), str(tmp_path / "in"), str(tmp_path / "out")) == 15
    for name in packed:
        assert list(read(tmp_path / "out" / f"{name}.csv")["n"]) == [0, 1, 2]
    (tmp_path / "in" / "a.csv.gz").write_bytes(packed["a.csv.gz"][:-9])
    with pytest.raises(CannotRead):
        predict_all(spec, over(spec, Model()), str(tmp_path / "in"), str(tmp_path / "out"))


def test_a_folder_becomes_a_folder_or_one_file(spec, tmp_path, small):
    write(tmp_path / "in/b.csv", frame(300, 300))
    write(tmp_path / "in/a.parquet", frame(300))
    (tmp_path / "in/readme.txt").write_text("no table")
    assert (
        predict_all(spec, over(spec, Model()), str(tmp_path / "in"), str(tmp_path / "out.csv"))
        == 600
    )
    assert list(read(tmp_path / "out.csv")["n"]) == list(range(600))
    assert (
        predict_all(spec, over(spec, Model()), str(tmp_path / "in"), str(tmp_path / "out")) == 600
    )
    assert sorted(os.listdir(tmp_path / "out")) == ["a.parquet", "b.csv"]
    assert list(parquet.read_table(tmp_path / "out/a.parquet")["n"].to_pylist()) == [*range(300)]


def test_finished_parts_are_not_repeated(spec, tmp_path, small):
    data = frame()
    data.loc[900, "s"] = "bad"
    told, out = write(tmp_path / "in.csv", data), tmp_path / "out.csv"
    first = Model()
    with pytest.raises(ModelFailed, match=r"rows \d+ to 9\d+: .* bad"):
        predict_all(spec, over(spec, first), str(told), str(out))
    assert not out.exists()
    text, when = told.read_bytes().replace(b"bad", b"now"), told.stat()
    told.write_bytes(text)
    os.utime(told, ns=(when.st_atime_ns, when.st_mtime_ns))
    second = Model()
    assert predict_all(spec, over(spec, second), str(told), str(out)) == 1000
    assert 0 < second.rows < 500
    assert list(read(out)["n"]) == list(range(1000))


def test_another_input_or_model_starts_again(spec, tmp_path, small):
    data = frame()
    data.loc[900, "s"] = "bad"
    told, out = write(tmp_path / "in.csv", data), tmp_path / "out.csv"
    for change in (lambda: None, lambda: (tmp_path / "model/new.py").write_text("")):
        with pytest.raises(ModelFailed):
            predict_all(spec, over(spec, Model()), str(told), str(out))
        change()
    data.loc[900, "s"] = "good"
    write(told, data)
    model = Model()
    predict_all(spec, over(spec, model), str(told), str(out))
    assert model.rows == 1000


def test_finished_files_of_a_folder_are_not_repeated(spec, tmp_path, small):
    write(tmp_path / "in/a.csv", frame(300))
    told = write(tmp_path / "in/b.csv", frame(300).assign(s="bad"))
    out = tmp_path / "model/out"  # in the folder of the model, of which the parts are
    first, second = Model(), Model()
    for model in (first, second):
        with pytest.raises(ModelFailed):
            predict_all(spec, over(spec, model), str(tmp_path / "in"), str(out))
    assert second.rows == first.rows - 300
    write(told, frame(200))
    model = Model()
    assert predict_all(spec, over(spec, model), str(tmp_path / "in"), str(out)) == 500
    assert model.rows == 200
    assert sorted(os.listdir(out)) == ["a.csv", "b.csv"]


def test_a_changed_file_is_predicted_again(spec, tmp_path, small):
    write(tmp_path / "in/a.csv", frame(300))
    write(tmp_path / "in/b.csv", frame(300).assign(s="bad"))
    out = tmp_path / "out"
    with pytest.raises(ModelFailed):
        predict_all(spec, over(spec, Model()), str(tmp_path / "in"), str(out))
    write(tmp_path / "in/b.csv", frame(200))
    (out / "a.csv").write_text("n\n1\n")
    model = Model()
    assert predict_all(spec, over(spec, model), str(tmp_path / "in"), str(out)) == 500
    assert model.rows == 500
    assert len(read(out / "a.csv")) == 300


@pytest.mark.parametrize("harm", ["cut off", "another", "gone", "of nothing"])
def test_an_incomplete_part_is_repeated(spec, tmp_path, small, monkeypatch, harm):
    """As a power cut may leave it, and those behind it."""
    monkeypatch.setattr(prediction_parts, "MAX_HELD_BYTES", 1)
    data = frame()
    data.loc[900, "s"] = "bad"
    told, out = write(tmp_path / "in.csv", data), tmp_path / "out.csv"
    with pytest.raises(ModelFailed):
        predict_all(spec, over(spec, Model()), str(told), str(out))
    names = sorted(Path(f"{out}.parts").glob("0*.arrow"))
    assert len(names) > 3
    broken, content = names[1], names[1].read_bytes()
    if harm == "gone":
        broken.unlink()
    elif harm == "of nothing":
        broken.write_bytes(b"")
    else:
        broken.write_bytes(content[:-9] if harm == "cut off" else content[:-9] + bytes(9))
    (broken.parent / "part.partial").write_bytes(content)
    done = sum(int(one.name.split("-")[1]) for one in names[:1])
    second = Model()
    with pytest.raises(ModelFailed):
        predict_all(spec, over(spec, second), str(told), str(out))
    assert len([*broken.parent.glob("0*.arrow")]) == len(names)
    first = Model()
    with pytest.raises(ModelFailed):
        predict_all(spec, over(spec, first), str(told), str(tmp_path / "other.csv"))
    assert second.rows == first.rows - done


def test_a_known_key_continues_on_another_machine(spec, tmp_path, small, monkeypatch):
    """It reuses the pieces of an earlier attempt whose data and model had other paths."""
    monkeypatch.setenv(KEY, "this model, image and data")
    places = [tmp_path / name for name in ("first", "second", "third")]
    for place in places:
        write(place / "a.csv", frame(300))
        write(place / "b.csv", frame(300).assign(s="bad" if place == places[0] else "good"))
    outs = [tmp_path / f"{place.name}-out" for place in places]
    with pytest.raises(ModelFailed):
        predict_all(spec, over(spec, Model()), str(places[0]), str(outs[0]))
    (tmp_path / "model/notes.txt").write_text("staged a little later")
    shutil.copytree(outs[0], outs[2])
    outs[0].rename(outs[1])
    second = Model()
    assert predict_all(spec, over(spec, second), str(places[1]), str(outs[1])) == 600
    assert second.rows == 300
    monkeypatch.setenv(KEY, "this model, image and other data")
    third = Model()
    assert predict_all(spec, over(spec, third), str(places[2]), str(outs[2])) == 600
    assert third.rows == 600
    for name in ("a.csv", "b.csv"):
        assert (outs[1] / name).read_bytes() == (outs[2] / name).read_bytes()


def test_outputs_beside_the_model_are_no_part_of_it(spec, tmp_path, small):
    data = frame()
    data.loc[900, "s"] = "bad"
    told, out = write(tmp_path / "in.csv", data), tmp_path / "model/out.csv"
    with pytest.raises(ModelFailed):
        predict_all(spec, over(spec, Model()), str(told), str(out))
    model = Model()
    with pytest.raises(ModelFailed):
        predict_all(spec, over(spec, model), str(told), str(out))
    assert model.rows < 500


@pytest.mark.parametrize(
    ("column", "text", "words"),
    [
        ("n", "many", "row 700, field 'n': a whole number is needed, not 'many'"),
        ("x", "1,5", "row 700, field 'x'"),
        ("d", "31.1.26", "row 700, field 'd': a date such as"),
        ("n", None, "row 700, field 'n': a whole number is needed, not null"),
    ],
)
def test_an_unfit_cell_is_named(spec, tmp_path, small, column, text, words):
    data = frame().astype(object)
    data["d"] = "2026-01-31"
    data.loc[700, column] = text
    with pytest.raises(ValueRefused, match=words):
        predict_all(
            spec,
            over(spec, Model()),
            str(write(tmp_path / "in.csv", data)),
            str(tmp_path / "o.csv"),
        )


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda data: data.drop(columns="n"), "field 'n': is missing"),
        (lambda data: data.assign(z=1), "field 'z': unknown field"),
    ],
)
@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_columns_are_those_of_the_schema(spec, tmp_path, change, words, kind):
    told = write(tmp_path / f"in.{kind}", change(frame(3)))
    with pytest.raises(ValueRefused, match=words):
        predict_all(spec, over(spec, Model()), str(told), str(tmp_path / "o.csv"))


def test_a_nullable_column_may_be_missing(spec, tmp_path):
    told = write(tmp_path / "in.parquet", frame(3).drop(columns="x"))
    predict_all(spec, over(spec, Model()), str(told), str(tmp_path / "o.csv"))
    assert read(tmp_path / "o.csv")["y"].isna().all()


def test_words_for_missing_values_are_null_as_in_previews_and_nodes(tmp_path):
    (tmp_path / "in.csv").write_text("s,x\nNA,\n,nan\n")
    schema = Schema([Column("s", "str", True), Column("x", "float", True)])
    (batch,) = table_files.read_pieces(str(tmp_path / "in.csv"), schema)
    frame = frame_of(schema, batch)
    assert frame["s"].isna().tolist() == [True, True]
    assert frame["x"].isna().all()


def test_an_unfit_prediction_is_named_with_its_row(spec, tmp_path, small):
    class Wrong(Model):
        def predict(self, frame: Any) -> Any:
            found = super().predict(frame)
            found["n"] = found["n"].where(found["n"] != 700, 0.5)
            return found

    told = write(tmp_path / "in.parquet", frame())
    with pytest.raises(BadAnswer, match=r"row 700, field 'n': .*0\.5"):
        predict_all(spec, over(spec, Wrong()), str(told), str(tmp_path / "o.csv"))


def test_an_invalid_dataset_is_reported(spec, tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "a.csv").write_text("")
    for place, words in (
        ("none.csv", "no file or folder"),
        ("empty", "no CSV"),
        ("a.csv", "empty"),
    ):
        with pytest.raises(CannotRead, match=words):
            predict_all(spec, over(spec, Model()), str(tmp_path / place), str(tmp_path / "o.csv"))


def test_a_failure_has_an_exit_code_and_a_message(spec, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("nbyard.serving.batch.load_model", lambda spec: Model())
    told = write(tmp_path / "in.csv", frame(3))
    words = ["--input", str(told), "--output", str(tmp_path / "o.csv")]
    assert BatchMode().serve(spec, words) == 0
    assert BatchMode().serve(spec, ["--input", str(tmp_path / "no"), *words[2:]]) == 1
    assert "no file or folder" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "key"),
    [('{"key": "k"}\n{"key": "other"}', "k"), ('{"code": "x"}', ""), ("[1]", ""), ("{", "")],
)
def test_the_format_of_parts_is_read_again(text, key):
    assert key_in(text) == key


def test_pieces_are_bounded(spec, tmp_path, small):
    class Counting(Model):
        sizes: ClassVar[list[int]] = []

        def predict(self, frame: Any) -> Any:
            self.sizes.append(len(frame))
            return super().predict(frame)

    told, out = write(tmp_path / "i.csv", frame()), tmp_path / "o.csv"
    predict_all(spec, over(spec, Counting()), str(told), str(out))
    assert len(Counting.sizes) > 4
    assert max(Counting.sizes) < 400
