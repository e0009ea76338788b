"""YAML that is JSON; doubtful texts are refused with their line."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbyard.domain.parsing.strict_yaml import is_plain, read_yaml
from nbyard.errors import Invalid

BOMB = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"a{i}: &a{i} [{','.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 9)
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from("abc"), inner),
)  # fmt: skip


def test_usual_files_are_read() -> None:
    text = 'a: 1\nb: [1.5, true, ~, "1", no, 1.2.3, 2024-01-01]\n'
    text += "c: &x\n  d: |\n    two\n    lines\ne: *x"
    two = {"d": "two\nlines\n"}
    wanted = {"a": 1, "b": [1.5, True, None, "1", "no", "1.2.3", "2024-01-01"], "c": two, "e": two}
    assert read_yaml(text.encode(), "f") == wanted


@given(VALUES)
def test_json_is_valid_yaml(value: object) -> None:
    assert read_yaml(json.dumps(value).encode(), "f") == value


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: &a [*a]", "line 1: the alias *a contains itself"),
        ("a: 1\na: 2", "line 2: the key 'a' appears twice"),
        ("NO: x", "line 1: the key 'NO' must be put in quotes"),
        ("1: x", "must be put in quotes"),
        ("%YAML 3.0\n---\na: 1", "line 1: found incompatible YAML document"),
        ("", "line 1: the file is empty"),
        (BOMB, "more than 100,000 values"),
        ("a: !!python/object/apply:os.system [ls]", "the tag tag:yaml.org,2002:python"),
        ("a: !env HOME", "the tag !env is not supported"),
        ("a: *b", "line 1"),
        ("[" * 70 + "]" * 70, "nested deeper than 64 levels"),
        ("a: 1\n---\nb: 2", "a second document"),
        ("[a]: 1", "a key must be a plain text"),
        ("<<: {a: 1}", "'<<' must be put in quotes"),
        ("a: 1e999", "too large"),
        ("a: {type: int?, b: 1}", "line 1: "),
        ("\ta: 1", "line 1: "),
    ],
)
def test_unsafe_content_is_refused(text: str, words: str) -> None:
    with pytest.raises(Invalid) as refused:
        read_yaml(text.encode(), "tool.cwl")
    assert refused.value.message.startswith("tool.cwl: ") and words in refused.value.message


def test_axes_may_be_keys() -> None:
    assert read_yaml(b"x: 1\ny: 2\nN: 3", "f") == {"x": 1, "y": 2, "N": 3}


def test_undecodable_bytes_are_refused() -> None:
    for content in (b"a: \xff", b"a: \x00", b"x" * (4 * 2**20 + 1)):
        with pytest.raises(Invalid):
            read_yaml(content, "tool.cwl")


def test_ambiguous_values_need_quotes() -> None:
    assert [
        text for text in ("a", "yes", "1", "1e5", "", "~", "0x1", "1:30", "v1.2") if is_plain(text)
    ] == ["a", "v1.2"]
