"""What a module asks for; `test_probes.py` has the cases of whole files."""

import ast

import pytest

from nbyard.domain.caching.probed_names import names_of


@pytest.mark.parametrize(
    ("code", "names", "is_computed"),
    [
        ("open('a.csv')", {"a.csv"}, False),
        ("name = 'a.csv'\nopen(name)", {"a.csv"}, False),
        ("open(input())", set(), True),
        ("import settings\nsettings.DATA.exists()", set(), True),
        ("import os\nos.path.exists('b')", {"b"}, False),
    ],
)
def test_names_are_known_or_computed(code: str, names: set[str], is_computed: bool) -> None:
    assert names_of(ast.parse(code), {}) == (names, is_computed)
