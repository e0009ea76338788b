"""Names of files in the source of a module."""

import ast

from hypothesis import given
from hypothesis import strategies as st

from nbyard.domain.probed_names import names_of, texts_of

NAMES = st.from_regex(r"[a-z]{1,6}\.csv", fullmatch=True)


def test_names_and_texts():
    tree = ast.parse("ROOT = 'd'\nopen(f'{ROOT}/a.csv')\nfrom pathlib import Path\nPath(ROOT, 'b')")
    assert names_of(tree, {}) == ({"d/a.csv"}, False)
    assert texts_of(tree) == {"d/a.csv", "d/b"}
    assert names_of(ast.parse("open(given)\ngiven = 1"), {"given": "x.csv"})[0] == {"x.csv"}


@given(NAMES, st.sampled_from(["open({})", "import os\nos.path.exists({})", "p.read_csv({})"]))
def test_a_name_is_fixed_only_where_it_is_constant(name, call):
    """The same name counts as computed as soon as a part of it is not known."""
    fixed = f"import p\n{call.format(repr(name))}"
    assert names_of(ast.parse(fixed), {}) == ({name}, False)
    computed = f"import p\n{call.format(f'{name[:-4]!r} + ending')}"
    assert names_of(ast.parse(computed), {})[1]
