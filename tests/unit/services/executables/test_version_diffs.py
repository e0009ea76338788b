"""The lines that differ between two versions of code."""

import json

from nbyard.services.executables.version_diffs import content_diff, content_of, version_diff


def lines(old: bytes, new: bytes, are_notebooks: bool = False) -> list[tuple[str, str]]:
    found, _ = content_diff(old, new, are_notebooks=are_notebooks)
    return [(one.kind, one.text) for one in found if one.kind not in ("same", "place")]


def book(source: str) -> bytes:
    cell = {"cell_type": "code", "source": source, "metadata": {}, "outputs": []}
    return json.dumps({"nbformat": 4, "metadata": {}, "cells": [cell]}).encode()


def test_texts_are_compared_by_line() -> None:
    assert lines(b"a\nb\n", b"a\nc\n") == [("removed", "b"), ("added", "c")]
    assert lines(b"\xff", b"\xff") == []


def test_notebooks_are_compared_without_their_json() -> None:
    assert lines(book("a"), book("b"), are_notebooks=True) == [("removed", "a"), ("added", "b")]


def test_versions_of_two_executables(yard, root, finished):
    for name in ("one", "two"):
        (root / f"{name}.py").write_text(f"print('{name}')\n")
    ids = [finished(path=f"{name}.py").tasks[0].executable_version_id for name in ("one", "two")]
    with yard.context.store.read() as c:
        old, new = (yard.context.store.executables.version(c, one) for one in ids)
    found = version_diff(yard.context.blobs, old, new)
    assert [line.text for line in found.lines if line.kind == "added"] == ["print('two')"]
    assert content_of(yard.context.blobs, old.content_digest) == b"print('one')\n"
