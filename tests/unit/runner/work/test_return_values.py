"""The return values of a function become the files of its outputs, or are refused with a reason."""

from pathlib import Path
from typing import Any

import numpy
import pandas
import pytest

from nbyard.runner.handoff.value_files import Unfit
from nbyard.runner.work.run_function import by_output, write_output


@pytest.mark.parametrize(
    ("value", "names", "found"),
    [
        (None, [], {}),
        ({"b": 2}, ["a"], {"a": {"b": 2}}),
        ({"b": 2, "a": 1}, ["a", "b"], {"a": 1, "b": 2}),
        ((1, 2), ["a", "b"], {"a": 1, "b": 2}),
        ([1, 2], ["a", "b"], {"a": 1, "b": 2}),
    ],
)
def test_returned_values_are_assigned_to_outputs(
    value: Any, names: list[str], found: dict[str, Any]
) -> None:
    assert by_output(value, names) == found


@pytest.mark.parametrize(
    ("value", "names", "words"),
    [
        (1, [], "returned an int, and declares no output"),
        (None, ["a", "b"], "returned nothing; a dict or tuple of a, b"),
        ({"a": 1}, ["a", "b"], "returned a dict; a dict or tuple of a, b"),
        ((1, 2, 3), ["a", "b"], "returned a tuple"),
    ],
)
def test_values_without_an_output_are_refused(value: Any, names: list[str], words: str) -> None:
    with pytest.raises(Unfit, match=words):
        by_output(value, names)


@pytest.mark.parametrize(
    ("value", "file_format", "content"),
    [
        ("é", "txt", "é".encode()),
        ("", "", b""),
        (b"\xff", "png", b"\xff"),
        (bytearray(b"x"), "json", b"x"),
        ({"é": [1, None, 0.5]}, "json", '{"é": [1, null, 0.5]}'.encode()),
        ("text", "json", b'"text"'),
        (0, "json", b"0"),
    ],
)
def test_returned_values_are_written(
    tmp_path: Path, value: Any, file_format: str, content: bytes
) -> None:
    path = tmp_path / "outputs" / "out" / "file"
    write_output(value, file_format, str(path))
    assert path.read_bytes() == content


@pytest.mark.parametrize(
    ("value", "file_format", "words"),
    [
        (None, "json", "returned nothing"),
        (None, "txt", "returned nothing, which cannot be written as txt"),
        ([1], "csv", "returned a list, which cannot be written as csv"),
        (3, "", "returned an int, which cannot be written as a file"),
        (float("nan"), "json", "a float, which is not valid JSON"),
        ({1, 2}, "json", "a set, which is not valid JSON"),
        ("x", "folder", "the path of a folder is needed"),
        (Path("nowhere"), "csv", "the path nowhere, which is not a file"),
        (Path(), "csv", "which is not a file"),
        (Path("nowhere"), "folder", "which is not a folder"),
    ],
)
def test_unsupported_values_are_refused(
    tmp_path: Path, value: Any, file_format: str, words: str
) -> None:
    with pytest.raises(Unfit, match=words):
        write_output(value, file_format, str(tmp_path / "out" / "file"))


def test_returned_paths_are_outputs(tmp_path: Path) -> None:
    """A file or folder that the function wrote, wherever that was; in its place it stays."""
    made = tmp_path / "made"
    made.mkdir()
    (made / "a.txt").write_text("a")
    write_output(made, "folder", str(tmp_path / "out" / "folder"))
    assert (tmp_path / "out" / "folder" / "a.txt").read_text() == "a"
    for _ in range(2):
        write_output(made / "a.txt", "csv", str(tmp_path / "out" / "b.csv"))
        write_output(tmp_path / "out" / "b.csv", "csv", str(tmp_path / "out" / "b.csv"))
    assert (tmp_path / "out" / "b.csv").read_text() == "a"


def test_nested_too_deep(tmp_path: Path) -> None:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(Unfit, match="not valid JSON"):
        write_output(deep, "json", str(tmp_path / "x" / "y"))


def test_data_frames_and_arrays_are_written_as_such(tmp_path: Path) -> None:
    frame, path = pandas.DataFrame({"a": [1]}), str(tmp_path / "out" / "x.parquet")
    write_output(frame, "parquet", path)
    assert pandas.read_parquet(path).equals(frame)
    write_output(numpy.arange(3), "npy", str(tmp_path / "out" / "x.npy"))
    assert numpy.load(tmp_path / "out" / "x.npy").tolist() == [0, 1, 2]
    with pytest.raises(Unfit, match=r"DataFrame, .* as npy"):
        write_output(frame, "npy", str(tmp_path / "out" / "y"))
