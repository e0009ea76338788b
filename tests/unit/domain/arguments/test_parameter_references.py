"""Parameter references of CWL v1.2: what they stand for, and what is no reference."""

import pytest

from nbyard.domain.arguments.parameter_references import evaluate_reference, in_parts, names_in
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
