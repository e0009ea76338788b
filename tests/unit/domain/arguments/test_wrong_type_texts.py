"""What a refusal calls the value that was given."""

import pytest

from nbyard.domain.arguments.structs import given_text, given_type


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (True, "true or false"),
        (1, "a whole number"),
        (1.5, "a number"),
        ("x", "text"),
        ({"a": 1}, "an object"),
        ([1], "a list"),
        (None, "a NoneType"),
    ],
)
def test_each_type_has_a_name(value, words):
    assert str(given_type(value)) == words


def test_a_long_text_is_shortened():
    assert str(given_text("x" * 100)) == repr("x" * 40)
