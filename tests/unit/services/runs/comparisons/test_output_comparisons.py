"""Outputs of two runs are compared by their kind."""

import json
from typing import Any

import pytest

from nbyard.domain.comparison.facts import OutputFile
from nbyard.reasons.structs import because
from nbyard.services.runs.comparisons import run_comparisons
from nbyard.services.runs.comparisons.run_comparisons import compare_outputs
from nbyard.yard import Yard


@pytest.fixture
def compare(yard: Yard) -> Any:
    """Compares the contents of two files of the same name."""

    def compared(filename: str, *contents: bytes) -> Any:
        suffix = filename.rpartition(".")[2]
        files = []
        for content in contents:
            blob = yard.context.blobs.put_bytes(content)
            files.append(OutputFile("a", filename, suffix, blob.digest, blob.size_bytes))
        return compare_outputs(yard.context, *files)

    return compared


def test_equal_bytes_are_not_read(compare):
    found = compare("o.csv", b"x\n1\n", b"x\n1\n")
    assert (found.same, found.columns) == (True, [])


def test_tables_by_column(compare):
    found = compare("o.csv", b"x,y\n1,2\n", b"x,z\n3,2\n4,2\n")
    assert [(one.name, one.change) for one in found.columns] == [
        ("x", "changed"), ("y", "removed"), ("z", "added")
    ]  # fmt: skip
    assert found.rows == [1, 2]


def test_texts_by_line(compare, monkeypatch):
    found = compare("o.txt", b"a\nb\n", b"a\nc\n")
    changed = [(one.kind, one.text) for one in found.lines if one.kind != "place"]
    assert changed == [("same", "a"), ("removed", "b"), ("added", "c")]
    monkeypatch.setattr(run_comparisons, "MAX_TEXT_BYTES", 3)
    found = compare("o.txt", b"a\nb\n", b"a\nc\n")
    assert (found.lines, found.note) == ([], because("too-many-bytes", most=3))


def test_a_file_only_named_like_a_notebook_is_text(compare):
    cell = {"cell_type": "code", "source": "x", "metadata": {}, "outputs": []}
    book = json.dumps({"nbformat": 4, "metadata": {}, "cells": [cell]}).encode()
    found = compare("o.ipynb", b"not JSON", book)
    assert [one.text for one in found.lines if one.kind == "removed"] == ["not JSON"]


def test_other_files_have_only_bytes(compare):
    found = compare("o.bin", b"1", b"2")
    assert (found.same, found.columns, found.lines, found.note) == (False, [], [], None)


def test_a_table_that_cannot_be_read_says_why(compare):
    assert compare("o.parquet", b"1", b"2").note is not None


def test_folders_by_file(yard, tmp_path):
    files = []
    for text in ("1", "2"):
        (tmp_path / "made").mkdir(exist_ok=True)
        (tmp_path / "made" / "a").write_text(text)
        blob = yard.context.blobs.put_folder(tmp_path / "made")
        files.append(OutputFile("a", "made", "folder", blob.digest, blob.size_bytes))
    found = compare_outputs(yard.context, *files)
    assert [(one.path, one.change) for one in found.files] == [("a", "changed")]
