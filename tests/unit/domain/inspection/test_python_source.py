import ast
import warnings

import pytest

from nbyard.domain.inspection.python_calls import parse_python
from nbyard.errors import Invalid


def test_a_file_is_read_in_its_own_encoding() -> None:
    tree = parse_python("# -*- coding: latin-1 -*-\nname = 'é'".encode("latin-1"), "a.py")
    assert ast.literal_eval(tree.body[0].value) == "é"  # type: ignore[attr-defined]


def test_syntax_warnings_are_ignored() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        parse_python(b"pattern = '\\d'", "a.py")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"a = 1\nb = = 2", "line 2: invalid syntax"),
        (b"a\0", "null bytes"),
        (b"(" * 5000, "too many nested parentheses"),
        (b"-" * 200_000 + b"1", "cannot be read as Python"),
        (b"# -*- coding: nothing -*-", "unknown encoding"),
    ],
)
def test_syntax_errors_name_their_line(content: bytes, words: str) -> None:
    with pytest.raises(Invalid, match=words) as told:
        parse_python(content, "a.py")
    assert [detail.path for detail in told.value.details] == ["a.py"]
