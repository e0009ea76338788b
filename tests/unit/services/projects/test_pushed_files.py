"""The files of a push: checked, stored and laid out."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from nbyard.domain.projects.definitions import ProjectFile
from nbyard.errors import Invalid
from nbyard.freezing.pushed_folders import ensure_pushed_files
from nbyard.services.projects.pushed_files import (
    MOST_FILES,
    check_files,
    drop_others,
    files_of,
    missing_files,
    store_files,
)


def test_limits():
    one = ProjectFile("sha256:1", 6)
    check_files({"a": one}, 10)
    for files, most in (
        ({"a": one, "b": one}, 10),
        ({str(number): one for number in range(MOST_FILES + 1)}, 10**9),
        ({"a/../b": one}, 10),
        ({"sub/.git/hooks/pre-push": one}, 10),
        ({"a" * 300: one}, 10),
        ({"a": ProjectFile("sha256:1", 1), "a/b": ProjectFile("sha256:1", 1)}, 10),
        ({}, 10),
    ):
        with pytest.raises(Invalid):
            check_files(files, most)


def test_equal_bytes_are_sent_once():
    old = {"a": ProjectFile("sha256:1", 1)}
    new = {"b": ProjectFile("sha256:1", 1), "c": ProjectFile("sha256:2", 1)}
    assert missing_files(new, old) == ["c"]
    assert missing_files(new, {}) == ["b", "c"]


def test_a_folder_is_laid_out_once_and_earlier_ones_are_deleted(yard, ann, folder):
    body = folder()
    digest = store_files(yard.context, ann.name, body, {})
    assert files_of(yard.context, digest) == body.files
    made = ensure_pushed_files(yard.context, "p", digest)
    assert (made / "a.py").read_bytes() == b"print()\n"
    assert ensure_pushed_files(yard.context, "p", digest) == made
    other = store_files(yard.context, ann.name, folder("", {"a.py": b""}), {})
    kept = ensure_pushed_files(yard.context, "p", other)
    drop_others(yard.store, kept)
    assert [*made.parent.iterdir()] == [kept]


def test_requests_with_the_same_push_share_its_folder(yard, ann, folder):
    digest = store_files(yard.context, ann.name, folder(), {})
    with ThreadPoolExecutor(4) as pool:
        made = {*pool.map(lambda _: ensure_pushed_files(yard.context, "p", digest), range(8))}
    (kept,) = made
    assert (kept / "a.py").read_bytes() == b"print()\n" and [*kept.parent.iterdir()] == [kept]


def test_a_wrong_size_is_refused(yard, ann, folder):
    body = folder()
    wrong = {**body.files, "a.py": ProjectFile(body.files["a.py"].digest, 1)}
    body = type(body)(body.definition, wrong, body.archive)
    with pytest.raises(Invalid, match=r"a\.py"):
        store_files(yard.context, ann.name, body, {})
