"""Parameters cells read as source."""

import os
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbyard.domain.arguments.structs import Argument, check_arguments
from nbyard.domain.notebooks.parameter_cells import (
    code_digest,
    is_tagged,
    read_parameters,
    tag_cell,
)
from nbyard.errors import Invalid

CANARY = Path("/tmp/nby_canary")


def cell(source: str, *tags: str, kind: str = "code") -> dict:
    return {"cell_type": kind, "metadata": {"tags": list(tags)}, "source": source}


def notebook(*cells: dict) -> dict:
    return {"cells": list(cells), "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


def read(*sources: str) -> dict[str, Argument]:
    found = read_parameters(notebook(*[cell(source, "parameters") for source in sources]))
    check_arguments(found.arguments)
    return {argument.name: argument for argument in found.arguments}


def hints(source: str) -> list[str]:
    return list(map(str, read_parameters(notebook(cell(source, "parameters"))).hints))


@pytest.mark.parametrize(
    ("source", "type_", "default"),
    [
        ("x = 1", "int", 1),
        ("x = -1.5e-3", "float", -0.0015),
        ("x = 60 * 60", "int", 3600),
        ("x = True", "bool", True),
        ("x = 'a = b # c'", "string", "a = b # c"),
        ("x = 'a' \\\n  'b'", "string", "ab"),
        ('x = """two\n# lines = 2"""', "string", "two\n# lines = 2"),
        ("x = (\n  1,  # one\n  2,\n)", "list", [1, 2]),
        ("x = {\n 'a': [1, {'b': None}],\n}", "json", {"a": [1, {"b": None}]}),
        ("x: float = 1", "float", 1.0),
        ("x: list[str] = ('a',)", "list", ["a"]),
        ("x = Path('a') / 'b'", "string", "a/b"),
        ("x = '\\d'", "string", "\\d"),
        ("x = 1; y = 2", "int", 1),
        ("x = None", "json", None),
        ("x: int | None = None", "int", None),
        ("x = 1  # type: float", "float", 1.0),
    ],
)
def test_awkward_cells(source: str, type_: str, default: object) -> None:
    found = read(source)["x"]
    assert (found.type, found.default) == (type_, default)
    assert type(found.default) is type(default)


def test_choices() -> None:
    found = read("mode: Literal['fast', 'good'] = 'fast'")["mode"]
    assert (found.type, found.choices, found.default) == ("choice", ("fast", "good"), "fast")


def test_help_is_read_from_comments() -> None:
    found = read(
        "# Parameters\nfirst = 1\n\n# how often\n# it is tried\ntries = 3\nlast = 'x#y'  # the end"
        "\nnoise = 1  # noqa: E501\nrows = [\n  1,  # inner\n]  # outer"
    )
    assert {name: argument.help for name, argument in found.items()} == {
        "first": "",
        "tries": "how often it is tried",
        "last": "the end",
        "noise": "",
        "rows": "outer",
    }


def test_roles_come_from_comments_and_names() -> None:
    found = read(
        "source = 'a.csv'  # input: csv - raw rows\ninput_path = ''\noutput_path = 'o.parquet'\n"
        "# output: json\nsummary = 's'\nin_channels = 3\nname = 'x.csv'\nfiles = 'a'  # value"
    )
    roles = {name: (argument.role, argument.format) for name, argument in found.items()}
    assert roles == {
        "source": ("input", "csv"),
        "input_path": ("input", ""),
        "output_path": ("output", "parquet"),
        "summary": ("output", "json"),
        "in_channels": ("value", ""),
        "name": ("value", ""),
        "files": ("value", ""),
    }
    assert found["source"].help == "raw rows"
    assert found["input_path"].required and found["input_path"].default is msgspec.UNSET


def test_declared_without_value_is_required() -> None:
    found = read("n: int")["n"]
    assert found.required and found.default is msgspec.UNSET


def test_code_in_a_default_is_never_executed() -> None:
    """Neither a default nor an annotation is evaluated."""
    found = read(
        f"x = __import__('os').system('touch {CANARY}')  # when\n"
        f"y: __import__('os').system('touch {CANARY}') = 1"
    )
    assert found["x"].default is msgspec.UNSET and not found["x"].required
    assert found["x"].help.startswith("when (computed in the")
    assert found["y"].default == 1
    assert not os.path.lexists(CANARY)


def test_the_later_cell_wins() -> None:
    found = read("a = 1\nb = 'x'  # old", "b = 2  # new\nc = a + 1")
    assert (found["a"].default, found["b"].default, found["c"].default) == (1, 2, 2)
    assert found["b"].help == "new" and found["b"].type == "int"


@pytest.mark.parametrize(
    ("source", "names"),
    [("print = 3", "print"), ("x = 1\nmax = 2\nid = 3", "max, id"), ("x = 1\nNone_ = 2", "")],
)
def test_a_parameter_that_hides_a_builtin_is_reported(source: str, names: str) -> None:
    told = [hint for hint in hints(source) if "Python function" in hint]
    assert [hint.partition(":")[0] for hint in told] == ([names] if names else [])


def test_ipython_lines_are_left_out() -> None:
    source = "%matplotlib inline\n!pip list\nfiles = !ls\nx = 1\n?x\ntext = '''\n%keep\n'''"
    found = read(source)
    assert found.keys() == {"x", "text"} and found["text"].default == "\n%keep\n"
    assert "IPython" in hints(source)[0]


def test_syntax_errors_name_the_line() -> None:
    found = read_parameters(notebook(cell("#"), cell("a = 1\nb = = 2", "parameters")))
    assert found.arguments == [] and "cell 2, line 2" in found.error


@pytest.mark.parametrize(
    "source",
    ["(" * 500, "-" * 5000 + "1", "x = '\x00'", "x = " + "9" * 5000, "\x0c\n  x = 1", "x" * 10**5],
)
def test_hostile_sources_are_read_in_bounded_time(source: str) -> None:
    read_parameters(notebook(cell(source, "parameters")))


def test_unreadable_lines_are_reported() -> None:
    found = read_parameters(
        notebook(
            cell(
                "n = 1\nfor i in range(2):\n    n = i\nn2 = 1\nn2 += 1\na, *b = 1, 2", "parameters"
            )
        )
    )
    by_name = {argument.name: argument for argument in found.arguments}
    assert by_name["n"].default is msgspec.UNSET and by_name["n2"].default is msgspec.UNSET
    assert len(found.hints) == 3 and "Line 2" in str(found.hints[0])


def test_several_names_at_once() -> None:
    found = read("a = b = 1\nc, d = 1, 'x'")
    assert [argument.default for argument in found.values()] == [1, 1, 1, "x"]
    assert len(hints("a = b = 1")) == 1


def test_unfit_defaults_are_reported() -> None:
    found = read("n: int = 'many'\nx = 1e999\nbig = 2 ** 70\nm: Literal['a'] = 'b'")
    assert (found["n"].type, found["n"].default) == ("string", "many")
    assert found["x"].default is msgspec.UNSET and found["big"].default is msgspec.UNSET
    assert found["m"].type == "string"


def test_a_megabyte_of_text() -> None:
    found = read_parameters(notebook(cell("x = '" + "y" * (1 << 20) + "'", "parameters")))
    assert found.arguments[0].default is msgspec.UNSET and "longer than" in str(found.hints[0])


def test_names_are_spelled_as_python_does() -> None:
    assert read("größe = 1\nﬁle = 2").keys() == {"größe", "file"}


def test_markdown_is_no_parameters_cell() -> None:
    assert read_parameters(notebook(cell("x = 1", "parameters", kind="markdown"))).arguments == []


@given(st.text(st.sampled_from("abx=:#'\"\\\n ()[]{},.12-+*%!?|_"), max_size=60))
def test_any_source_is_read_or_explained(source: str) -> None:
    found = read_parameters(notebook(cell(source, "parameters")))
    check_arguments(found.arguments)
    assert not (found.error and not found.hints)


def test_tagging() -> None:
    before = notebook(cell("# T", kind="markdown"), cell("x = 1", "keep"))
    after = tag_cell(before, 1)
    assert after["cells"][1]["metadata"]["tags"] == ["keep", "parameters"]
    assert not is_tagged(before["cells"][1])
    assert tag_cell(after, 1) == after
    for index in (0, 2, -1):
        with pytest.raises(Invalid) as refused:
            tag_cell(before, index)
        assert refused.value.details[0].path == "cell"


def test_the_digest_covers_code_only() -> None:
    one = notebook(cell("x = 1"), cell("# a", kind="markdown"))
    other = notebook({**cell("x = 1"), "id": "z", "outputs": [1], "execution_count": 4})
    other["cells"][0]["source"] = ["x ", "= 1"]
    assert code_digest(one, "python", "python3") == code_digest(other, "python", "python3")
    assert code_digest(one, "python", "python3") != code_digest(one, "python", "py311")
    assert code_digest(one, "python", "") != code_digest(notebook(cell("x = 2")), "python", "")
    tagged = tag_cell(one, 0)
    assert code_digest(one, "python", "") != code_digest(tagged, "python", "")
