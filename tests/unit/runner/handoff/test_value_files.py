"""Values that are passed between nodes stay equal."""

import json
import math
import os
from pathlib import Path
from typing import Any

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from nbyard.domain.file_formats import SUFFIXES, suffix_of
from nbyard.runner.handoff.value_files import (
    MEDIA_TYPES,
    SAME,
    Unfit,
    form_of,
    format_of_path,
    read_value,
)

plain: st.SearchStrategy[Any] = st.none() | st.booleans() | st.integers()
plain |= st.floats(allow_nan=False, allow_infinity=False)
plain |= st.text(st.characters(codec="utf-8"))
documents = st.recursive(
    plain,
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner),
    max_leaves=20,
)
dtypes = (
    arrays.boolean_dtypes()
    | arrays.integer_dtypes()
    | arrays.floating_dtypes(sizes=(16, 32, 64))
    | arrays.complex_number_dtypes(sizes=(64, 128))
    | arrays.unicode_string_dtypes()
    | arrays.datetime64_dtypes()
)


def through(folder: Path, value: Any, wanted: Any = None) -> Any:
    form = form_of(value)
    path = folder / f"x.{form.format}"
    form.write(str(path))
    return read_value(str(path), wanted)


@given(value=documents)
def test_json_comes_back_equal(tmp_path_factory: Any, value: Any) -> None:
    found = through(tmp_path_factory.getbasetemp(), value)
    assert found == value and type(found) is type(value)


@given(value=st.binary() | st.text(st.characters(codec="utf-8")))
def test_text_and_bytes_are_unchanged(tmp_path_factory: Any, value: Any) -> None:
    assert through(tmp_path_factory.getbasetemp(), value) == value


@given(data=st.data(), dtype=dtypes)
@settings(deadline=None)
def test_arrays_keep_type_shape_and_every_bit(tmp_path_factory: Any, data: Any, dtype: Any) -> None:
    shape = data.draw(arrays.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3))
    value = numpy.asarray(data.draw(arrays.arrays(dtype, shape)))
    found = through(tmp_path_factory.getbasetemp(), value)
    assert (found.dtype, found.shape) == (value.dtype, value.shape)
    assert found.tobytes() == value.tobytes()


def test_tuples_are_lists_and_numbers_of_numpy_plain(tmp_path: Path) -> None:
    found = through(tmp_path, {"at": (1, numpy.int64(2)), "mean": numpy.float32(0.5)})
    assert found == {"at": [1, 2], "mean": 0.5}
    assert through(tmp_path, numpy.float64(3)) == 3


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"a": [1, math.nan]}, r"at \['a'\]\[1\]: nan is not a JSON number"),
        (math.inf, "inf is not a JSON number"),
        ({1: "a"}, "the key 1 would come back as text"),
        ([{"a": object()}], r"at \[0\]\['a'\]: an object cannot be handed over: text, bytes"),
        ({1, 2}, "a set cannot be handed over"),
        ("\ud800", "half a character"),
        (numpy.array([object()]), "give it a dtype"),
        (numpy.ma.masked_array([1, 2], [False, True]), "would come back as a plain array"),
        (Path("/nowhere/at/all"), "there is no file or folder /nowhere/at/all"),
    ],
)
def test_values_that_would_change_are_refused_with_a_reason(value: Any, words: str) -> None:
    with pytest.raises(Unfit, match=words):
        form_of(value)


def test_a_value_that_holds_itself_is_refused() -> None:
    value: list[Any] = []
    value.append(value)
    with pytest.raises(Unfit, match="nested so deeply"):
        form_of(value)


def test_a_path_is_the_file_or_folder_itself(tmp_path: Path) -> None:
    (tmp_path / "raw.CSV").write_text("a\n1\n")
    form = form_of(tmp_path / "raw.CSV")
    assert (form.format, form.filename) == ("csv", "raw.CSV")
    form.write(str(tmp_path / "copy.csv"))
    assert read_value(str(tmp_path / "copy.csv")) == tmp_path / "copy.csv"
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "one").write_text("1")
    form = form_of(tmp_path / "folder")
    assert form.format == "folder"
    form.write(str(tmp_path / "other"))
    assert (read_value(str(tmp_path / "other")) / "one").read_text() == "1"


def test_a_file_is_read_in_the_requested_form(tmp_path: Path) -> None:
    path = str(tmp_path / "x.json")
    Path(path).write_text('{"a": 1}')
    assert read_value(path) == {"a": 1} and read_value(path, dict) == {"a": 1}
    assert read_value(path, Path) == Path(path) and read_value(path, bytes) == b'{"a": 1}'
    with pytest.raises(Unfit, match=r"x\.json .* dict, .* list"):
        read_value(path, list)
    Path(path).write_text('{"a": ')
    with pytest.raises(Unfit, match=r"x\.json cannot be read"):
        read_value(path)


def test_a_figure_is_a_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Figure:
        def savefig(self, path: str, format: str) -> None:
            Path(path).write_text(format)

    module = type("Module", (), {"Figure": Figure})
    monkeypatch.setitem(__import__("sys").modules, "matplotlib.figure", module)
    form = form_of(Figure())
    form.write(str(tmp_path / "x"))
    assert (form.format, (tmp_path / "x").read_text()) == ("png", "png")


def test_formats_have_their_usual_names() -> None:
    for suffix, word in SUFFIXES.items():
        if suffix in SAME:
            assert SAME[suffix] == word
        assert format_of_path(f"x.{suffix}") == word
    for word in MEDIA_TYPES:
        assert word == "folder" or format_of_path("x" + suffix_of(word)) == word
    assert json.dumps(MEDIA_TYPES) and format_of_path(".hidden") == format_of_path("none") == ""


def test_reading_a_folder_gives_its_path(tmp_path: Path) -> None:
    os.makedirs(tmp_path / "x.json")
    assert read_value(str(tmp_path / "x.json")) == tmp_path / "x.json"
