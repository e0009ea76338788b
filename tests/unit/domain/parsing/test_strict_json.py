"""The one JSON reader: ordinary values as `json` reads them, the doubtful ones refused."""

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbyard.domain.arguments.structs import check_text
from nbyard.domain.parsing.strict_json import MAX_DEPTH, MAX_DIGITS, read_json
from nbyard.errors import BadRequest, Invalid

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
PLAIN = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    PLAIN | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=20,
)


@given(VALUES, st.booleans(), st.sampled_from([None, 2]))
def test_reads_ordinary_values_as_json_does(value, ascii_only, indent):
    text = json.dumps(value, ensure_ascii=ascii_only, indent=indent)
    assert read_json(text) == read_json(text.encode()) == json.loads(text) == value


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(content):
    try:
        read_json(content)
    except BadRequest as error:
        assert error.message


@given(st.text(alphabet='{}[]",:\\ud8019eE+-. \ntrfalsn', max_size=60))
def test_accepted_text_is_json(text):
    try:
        value = read_json(text)
    except BadRequest:
        return
    assert value == json.loads(text)
    json.dumps(value, allow_nan=False).encode()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "not valid JSON"),
        ("  ", "not valid JSON"),
        ('{"workflow": "half', "not valid JSON"),
        ('{"a": 1,}', "not valid JSON"),
        ("{'a': 1}", "not valid JSON"),
        ("1 2", "not valid JSON"),
        ('"line\nbreak"', "not valid JSON"),
        ("\ufeff{}", "not valid JSON"),
        (b'"\xff"', "not UTF-8"),
        ('{"a": 1}'.encode("utf-16"), "not UTF-8"),
        (b'"\xed\xa0\x80"', "not UTF-8"),
        ('{"metric": NaN}', "NaN is not a JSON number"),
        ("[-Infinity]", "-Infinity is not a JSON number"),
        ("1e999", "too large"),
        ("-1e999", "too large"),
        ('{"seed": 1, "alpha": 2, "seed": 1}', "'seed' appears twice"),
        ('[{"deep": {"a": 1, "\\u0061": 2}}]', "'a' appears twice"),
        ("7" * 5000, "digits"),
        ("-" + "7" * 5000, "digits"),
        ("0." + "7" * 5000, "too large"),
        ("[" * 80_000 + "]" * 80_000, "nested deeper than 64"),
        ('{"a":' * 65 + "1" + "}" * 65, "nested deeper than 64"),
        ('"\\ud83d"', "surrogate"),
        ('"\\uDE00 first"', "surrogate"),
        ('{"\\udfff": 1}', "surrogate"),
        ('"' + chr(0xD800) + '"', "surrogate"),
    ],
)
def test_ambiguous_texts_are_refused(text, words):
    with pytest.raises(BadRequest) as caught:
        read_json(text)
    assert words in caught.value.message
    caught.value.message.encode()


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('{"a": [1, {"b": "\\udfff"}]}', "a.1.b"),
        ('["\\udfff"]', "0"),
        ('"\\udfff"', "body"),
        ('{"\\udfff": 1}', "body"),
    ],
)
def test_the_text_with_half_a_character_is_named(text, place):
    with pytest.raises(BadRequest) as caught:
        read_json(text)
    assert [detail.path for detail in caught.value.details] == [place]
    assert read_json('"\\ud83d\\ude00"') == "\N{GRINNING FACE}"


def test_limits_are_exact():
    assert read_json("[" * MAX_DEPTH + "]" * MAX_DEPTH)
    assert read_json("7" * MAX_DIGITS) == int("7" * MAX_DIGITS)
    with pytest.raises(BadRequest):
        read_json("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1))
    with pytest.raises(BadRequest):
        read_json("7" * (MAX_DIGITS + 1))


@pytest.mark.parametrize("inside", ["[" * 200, '\\"' + "[" * 200, "\\\\", "{" * 100 + "\\\\"])
def test_brackets_in_texts_are_no_depth(inside):
    assert read_json(f'["{inside}", []]') == json.loads(f'["{inside}", []]')


def test_pairs_of_escapes_are_one_character():
    assert read_json('"\\ud83d\\ude00"') == "😀"
    assert read_json('"\\\\ud800"') == "\\ud800"  # no escape: a backslash and four letters


def test_nul_is_json_and_refused_where_text_is_checked():
    """A NUL is legal JSON; texts of ours go through `check_text`, which also refuses halves."""
    assert read_json('"\\u0000"') == "\x00"
    for text in ("a\x00b", chr(0xDC00)):
        with pytest.raises(Invalid, match="label: "):
            check_text(text, "label")


def test_a_late_double_key_costs_no_more_than_reading():
    names = ",".join(f'"k{i}":0' for i in range(40_000))
    before = time.process_time()
    with pytest.raises(BadRequest, match="k39999"):
        read_json("{" + names + ',"k39999":0}')
    assert time.process_time() - before < 5
