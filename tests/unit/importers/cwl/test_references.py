"""References in tools: other names of inputs, and texts that contain no reference."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbyard.domain.arguments.parameter_references import evaluate_reference
from nbyard.importers.cwl.references import escape_references, rename_references, replace_self

KNOWN: dict[str, object] = {"inputs": {}, "self": {}, "runtime": {}}


def test_other_names() -> None:
    names = {("odd name",): ("odd_name",), ("rec", "b"): ("rec_b",), ("a",): ("a",)}
    text = "$(inputs['odd name'].path) $(inputs.rec.b) $(self.a) $(inputs.a)"
    told = "$(inputs.odd_name.path) $(inputs.rec_b) $(self.a) $(inputs.a)"
    assert rename_references(text, names) == told


@pytest.mark.parametrize("path", ["['b az']", r"['it\'s']", "[0].c", ".c", r"['\\']"])
def test_other_names_leave_the_rest_as_it_is(path: str) -> None:
    assert rename_references(f"$(inputs.x{path})", {("x",): ("y",)}) == f"$(inputs.y{path})"
    assert rename_references(rf"\$(inputs.x{path})", {("x",): ("y",)}) == rf"\$(inputs.x{path})"


def test_self_as_an_input() -> None:
    text = r"$(self.a)/$(self['b c'][0]) \$(self.a) $(inputs.self)"
    assert replace_self(text, ("x", "y")) == (
        r"$(inputs.x.y.a)/$(inputs.x.y['b c'][0]) \$(self.a) $(inputs.self)"
    )


@given(st.text(st.sampled_from("a$({})\\ .")))
def test_quoted_text_is_itself(text: str) -> None:
    assert evaluate_reference(escape_references(text), KNOWN, "f") == text
