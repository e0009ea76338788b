"""Names of things and of files; the cases are shared with the TypeScript tests."""

import json
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbyard.domain.naming import names
from nbyard.errors import Invalid

CASES = json.loads((Path(__file__).parents[3] / "cases" / "names.json").read_text())


@pytest.mark.parametrize("name", CASES["names"]["accepted"])
def test_labels_are_kept_unchanged(name: str) -> None:
    assert names.check_name(name) == name


@pytest.mark.parametrize(("name", "word"), CASES["names"]["refused"])
def test_refusal_names_field_and_rule(name: str, word: str) -> None:
    with pytest.raises(Invalid, match="label: ") as caught:
        names.check_name(name, "label")
    assert word in caught.value.details[0].message


@pytest.mark.parametrize("name", CASES["names"]["wrong_type"])
def test_values_of_other_types_are_refused(name: Any) -> None:
    for check in (names.check_name, names.check_filename):
        with pytest.raises(Invalid, match="must be text"):
            check(name)


def test_length_limit_is_stated() -> None:
    assert names.check_name("n" * 200)
    with pytest.raises(Invalid, match=r"200 .*, but has 10000"):
        names.check_name("n" * 10_000)
    with pytest.raises(Invalid, match="200"):
        names.check_name("a" + "\u0301" * 5000)


@pytest.mark.parametrize(("one", "other"), CASES["names"]["same"])
def test_names_that_look_the_same_have_one_key(one: str, other: str) -> None:
    assert names.name_key(one) == names.name_key(other)


@pytest.mark.parametrize("name", CASES["filenames"]["accepted"])
def test_filename_accepted(name: str) -> None:
    assert names.check_filename(name) == name


@pytest.mark.parametrize("name", CASES["filenames"]["refused"])
def test_filename_refused(name: str) -> None:
    with pytest.raises(Invalid) as caught:
        names.check_filename(name)
    assert caught.value.details[0].path == "filename"


@pytest.mark.parametrize("name", ["a" * 256, "é" * 128, "e\u0301" * 127 + "xxxx"])
def test_filename_too_long_for_a_disk(name: str) -> None:
    with pytest.raises(Invalid, match="255 bytes"):
        names.check_filename(name)


@pytest.mark.parametrize("path", CASES["folder_paths"]["accepted"])
def test_a_path_in_a_folder_of_a_user(path: str) -> None:
    assert names.check_folder_path(path) == path


@pytest.mark.parametrize("path", [*CASES["folder_paths"]["refused"], "a" * 256, "a/" * 1024 + "b"])
def test_a_path_with_special_meaning_is_refused(path: str) -> None:
    with pytest.raises(Invalid):
        names.check_folder_path(path)


@pytest.mark.parametrize("path", ["a" * 256 + "/b", "b/" + "é" * 128])
def test_an_impossible_folder_name_is_refused(path: str) -> None:
    with pytest.raises(Invalid, match="255 bytes"):
        names.check_member_path(path)


@pytest.mark.parametrize(("name", "expected"), CASES["sanitised"])
def test_safe_filename(name: str, expected: str) -> None:
    assert names.safe_filename(name) == expected


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("train", "train"),
        ("\ufefftrain", "train"),
        ("--a\x1b[2J", "a[2J"),
        ("../x", "..x"),
        ("..", "code"),
        ("\u200b", "code"),
        ("x" * 300, "x" * 200),
        ("z" + "\u0301" * 20, "code"),
    ],
)
def test_a_name_is_derived_from_any_file(text: str, name: str) -> None:
    assert names.derived_name(text) == name


@given(st.text())
def test_a_derived_name_is_valid(text: str) -> None:
    assert names.check_name(names.derived_name(text)) == names.derived_name(text)


def test_safe_filename_keeps_the_suffix_of_long_names() -> None:
    safe = names.safe_filename("é" * 400 + ".csv.gz")
    assert safe.endswith(".gz")
    assert len(safe.encode()) <= 200


@given(st.text(max_size=300))
def test_any_text_is_accepted_or_refused_with_a_reason(text: str) -> None:
    try:
        name = names.check_name(text)
    except Invalid:
        return
    assert unicodedata.is_normalized("NFC", name)
    assert names.check_name(name) == name


@given(st.text(max_size=300))
def test_safe_filename_is_always_a_filename(text: str) -> None:
    assert names.check_filename(names.safe_filename(text))


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("ÉCOLE Ünïcode", "ecole unicode"),
        ("Straße Łódź", "strasse lodz"),
        ("日本", "日本"),
        ("", ""),
    ],
)
def test_accents_are_removed(name, plain):
    assert names.without_accents(name) == plain


@given(st.text())
def test_plain_text_is_unchanged(name):
    plain = "".join(one for one in name if one.isascii())
    assert names.without_accents(plain) == plain.lower()
