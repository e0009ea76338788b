"""Parameter references of CWL v1.2: what they stand for, and what is no reference."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbyard.domain.arguments.parameter_references import (
    escape_references,
    evaluate_reference,
    in_parts,
    names_in,
    rename_references,
    replace_self,
)
from nbyard.errors import Invalid

KNOWN = {
    "inputs": {
        "a": 1,
        "text": "t",
        "list": ["x", {"y": 2}],
        "odd name": None,
        "yes": True,
        "it's": 3,
        'a"b': 4,
    },
    "self": {"path": "/p"},
    "runtime": {"cores": 2},
}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("$(inputs.a)", 1),
        (" $(inputs.a) ", 1),
        ("$(inputs['odd name'])", None),
        ('$(inputs["list"][1].y)', 2),
        ("$(inputs.list.length)", 2),
        (r"$(inputs['it\'s'])", 3),
        ("""$(inputs["it's"])""", 3),
        (r'$(inputs["a\"b"]) ', 4),
        ("$(null)", None),
        ("x $(null)", "x null"),
        ("$(self.path)/x", "/p/x"),
        ("$(inputs.a) $(inputs.text) $(inputs.yes)", "1 t true"),
        ("x$(inputs.list)", 'x["x", {"y": 2}]'),
        (r"\$(inputs.a) $(inputs.a)", "$(inputs.a) 1"),
        (r"\\$(inputs.a)", "\\1"),
        (r"a\b $ ( {", r"a\b $ ( {"),
        (r"\${x} $(inputs.a)", "${x} 1"),
        ("", ""),
    ],
)
def test_values(text: str, value: object) -> None:
    assert evaluate_reference(text, KNOWN, "f") == value


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("$(inputs.a + 1)", "is JavaScript"),
        ("${ return 1; }", "is JavaScript"),
        ("$(Math.max)", "is JavaScript"),
        ("x $(inputs.a", "is JavaScript"),
        ("$(null.a)", "null has no fields"),
        ("$(inputs.gone)", "there is no 'gone'"),
        ("$(inputs.list[7])", "there is no '7'"),
        ("$(inputs.a.b)", "there is no 'b'"),
    ],
)
def test_texts_without_references_are_literal(text: str, words: str) -> None:
    with pytest.raises(Invalid, match=words):
        evaluate_reference(text, KNOWN, "f")


def test_white_space_around_a_reference_is_kept() -> None:
    assert evaluate_reference("$(inputs.a)\n", KNOWN, "f", exact=True) == "1\n"
    assert evaluate_reference("$(inputs.a)", KNOWN, "f", exact=True) == 1


def test_objects_in_a_text_have_their_entries_sorted() -> None:
    assert (
        evaluate_reference("=$(inputs.o)", {"inputs": {"o": {"b": 1, "a": 2}}}, "f")
        == '={"a": 2, "b": 1}'
    )


def test_which_inputs_a_text_names() -> None:
    assert names_in("$(inputs.a)-$(runtime.cores)", "f") == [("inputs", "a"), ("runtime", "cores")]


def test_other_names() -> None:
    names = {("odd name",): ("odd_name",), ("rec", "b"): ("rec_b",), ("a",): ("a",)}
    text = "$(inputs['odd name'].path) $(inputs.rec.b) $(self.a) $(inputs.a)"
    told = "$(inputs.odd_name.path) $(inputs.rec_b) $(self.a) $(inputs.a)"
    assert rename_references(text, names) == told


@pytest.mark.parametrize("path", ["['b az']", r"['it\'s']", "[0].c", ".c", r"['\\']"])
def test_other_names_leave_the_rest_unchanged(path: str) -> None:
    assert rename_references(f"$(inputs.x{path})", {("x",): ("y",)}) == f"$(inputs.y{path})"
    assert rename_references(rf"\$(inputs.x{path})", {("x",): ("y",)}) == rf"\$(inputs.x{path})"


def test_self_as_an_input() -> None:
    text = r"$(self.a)/$(self['b c'][0]) \$(self.a) $(inputs.self)"
    assert replace_self(text, ("x", "y")) == (
        r"$(inputs.x.y.a)/$(inputs.x.y['b c'][0]) \$(self.a) $(inputs.self)"
    )


@given(st.text(st.sampled_from("a$({})\\ .")))
def test_quoted_text_is_unchanged(text: str) -> None:
    assert evaluate_reference(escape_references(text), KNOWN, "f") == text


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("$(self[0].contents)", [{"of": ["self", "0", "contents"]}]),
        (" $(runtime.exitCode) ", [{"of": ["runtime", "exitCode"]}]),
        ("$(inputs.list)", [{"is": ["x", {"y": 2}]}]),
        ("n=$(inputs.a) $(self[0].size)", [
            {"is": "n="}, {"is": 1}, {"is": " "}, {"of": ["self", "0", "size"]},
        ]),
        ("plain", [{"is": "plain"}]),
    ],
)  # fmt: skip
def test_values_known_before_the_work_are_filled_in(
    text: str, parts: list[dict[str, object]]
) -> None:
    assert in_parts(text, KNOWN, "f") == parts
