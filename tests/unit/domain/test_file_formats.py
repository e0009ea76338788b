"""Formats by file names."""

import pytest

from nbyard.domain.file_formats import SUFFIXES, format_of, holds_data, suffix_of


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("sales.csv", "csv"),
        ("SALES.CSV", "csv"),
        ("a.b.parquet", "parquet"),
        ("data/x.ndjson", "jsonl"),
        ("table.xls", "excel"),
        ("photo.JPEG", "jpg"),
        ("sales.csv.gz", ""),
        (".csv", ""),
        ("csv", ""),
        ("notes.", ""),
        ("", ""),
    ],
)
def test_format_of_a_name(name, word):
    assert format_of(name) == word


@pytest.mark.parametrize(
    "name", ["a.csv", "b/a.TSV.GZ", "a.ndjson", "a.feather", "a.pq.zst", "a.xlsx", "a.sqlite"]
)
def test_tables_and_arrays_are_data(name):
    assert holds_data(name)


@pytest.mark.parametrize(
    "name", ["a.py", "a.ipynb", "config.json", "requirements.txt", "a.png", ".csv", "csv", "a.gz"]
)
def test_code_and_its_texts_are_no_data(name):
    assert not holds_data(name)


@pytest.mark.parametrize("word", sorted(set(SUFFIXES.values())))
def test_a_file_named_by_its_format_has_it(word):
    assert format_of(f"table{suffix_of(word)}") == word


@pytest.mark.parametrize("word", ["", "folder", "a/b", "../x", "a b", "x" * 17, ".", "a.b", "é"])
def test_invalid_formats_make_no_suffix(word):
    assert suffix_of(word) == ""
