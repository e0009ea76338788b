"""Arguments of argparse scripts are read from source, and argparse agrees."""

import argparse
import ast
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from nbyard.domain.arguments.bindings import Flag, Option, Positional, Words
from nbyard.domain.arguments.structs import Argument, parse_value
from nbyard.domain.commands.command_line import build_argv
from nbyard.domain.inspection.scripts import Script, read_script
from nbyard.errors import Invalid

HEAD = "import argparse\nfrom pathlib import Path\nparser = argparse.ArgumentParser()\n"
REFUSED = ("begins with -", "would take its position")
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=8)
# argparse of some versions drops the word itself.
WORDS = (TEXTS | TEXTS.map("-{}".format)).filter(lambda text: text != "--")
INTS = st.integers(-(2**53), 2**53)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
ITEMS: dict[str, Any] = {"int": INTS, "float": FLOATS, "str": WORDS, "Path": WORDS}
CHOICES = {"int": (-1, 2), "float": (0.5, -1e-05), "str": ("a", "b c")}


def read(source: str) -> Script:
    return read_script(ast.parse(source))


def added(*calls: str) -> dict[str, Argument]:
    lines = [f"parser.add_argument({call})\n" for call in calls]
    return {a.name: a for a in read(HEAD + "".join(lines) + "parser.parse_args()").arguments}


class Drawn:
    """One `add_argument` call, a value for it, and what argparse makes of the value."""

    def __init__(self, data: Any, index: int, is_positional: bool):
        self._draw = data.draw
        self.dest = f"name_{index}"
        self.keywords: dict[str, str] = {}
        self.names = [f"name_{index}"] if is_positional else self._flags(index)
        self.kind = "value"
        if not is_positional:
            kinds = ["value", "value", "true", "boolean", "count", "append"]
            self.kind = self._draw(st.sampled_from(kinds))
        self.value, self.made = getattr(self, f"_{self.kind}")(is_positional)

    def _flags(self, index: int) -> list[str]:
        letter = "abcdefgh"[index]
        long = self._draw(st.sampled_from([f"--name-{index}", f"--name_{index}"]))
        found = self._draw(
            st.sampled_from([[long], [f"-{letter}", long], [long, f"-{letter}"], [f"-{letter}"]])
        )
        if found == [f"-{letter}"]:
            self.keywords["dest"] = repr(self.dest)
        return found

    def call(self) -> str:
        words = [repr(name) for name in self.names]
        words += [f"{name}={text}" for name, text in self.keywords.items()]
        return f"parser.add_argument({', '.join(words)})"

    def _typed(self) -> tuple[Any, Any]:
        kind = self._draw(st.sampled_from(["int", "float", "str", "Path", ""]))
        if kind:
            self.keywords["type"] = kind
        kind = kind or "str"
        items = ITEMS[kind]
        if kind in CHOICES and self._draw(st.booleans()):
            self.keywords["choices"] = repr(CHOICES[kind])
            items = st.sampled_from(CHOICES[kind])
        return items, Path if kind == "Path" else lambda item: item

    def _value(self, is_positional: bool) -> tuple[Any, Any]:
        items, make = self._typed()
        nargs = self._draw(st.sampled_from(["", "?", "*", "+", 1, 3]))
        if nargs:
            self.keywords["nargs"] = repr(nargs)
        if not is_positional and self._draw(st.booleans()):
            self.keywords["required"] = "True"
        if nargs in ("", "?"):
            value = self._draw(items)
            if self._draw(st.booleans()):
                self.keywords["default"] = repr(self._draw(items))
            return value, make(value)
        sizes = {"*": (0 if not is_positional else 1, 3), "+": (1, 3), 1: (1, 1), 3: (3, 3)}
        least, most = sizes[nargs]
        value = self._draw(st.lists(items, min_size=least, max_size=most))
        return value, [make(item) for item in value]

    def _append(self, _: bool) -> tuple[Any, Any]:
        items, make = self._typed()
        self.keywords["action"] = "'append'"
        value = self._draw(st.lists(items, min_size=1, max_size=3))
        return value, [make(item) for item in value]

    def _true(self, _: bool) -> tuple[Any, Any]:
        self.keywords["action"] = "'store_true'"
        value = self._draw(st.booleans())
        return value, value

    def _boolean(self, _: bool) -> tuple[Any, Any]:
        if not self.names[-1].startswith("--"):
            self.names.append(f"--{self.dest}")
        self.keywords["action"] = "argparse.BooleanOptionalAction"
        value = self._draw(st.booleans())
        return value, value

    def _count(self, _: bool) -> tuple[Any, Any]:
        self.keywords |= {"action": "'count'", "default": "0"}
        value = self._draw(st.integers(0, 4))
        return value, value


@given(st.data())
def test_argparse_gets_the_given_values(data: Any) -> None:
    """Argparse parses the built command line to the given values."""
    drawn = [Drawn(data, i, False) for i in range(data.draw(st.integers(0, 4)))]
    drawn += [Drawn(data, len(drawn) + i, True) for i in range(data.draw(st.integers(0, 2)))]
    drawn = data.draw(st.permutations(drawn))
    source = HEAD + "\n".join(one.call() for one in drawn) + "\nparser.parse_args()"
    script = read(source)
    if not script.arguments:
        event("not read")
        assert not drawn or "be distinguished" in str(script.hints[0])
        return
    names: dict[str, Any] = {}
    exec(HEAD + "\n".join(one.call() for one in drawn), names)
    parser: argparse.ArgumentParser = names["parser"]
    assert [one.name for one in script.arguments] == [one.dest for one in drawn], script.hints
    needed = {one.name for one in script.arguments if one.required or one.role == "output"}
    given = [one for one in drawn if one.dest in needed or data.draw(st.booleans())]
    try:
        line = build_argv(["x"], script.arguments, {one.dest: one.value for one in given})
    except Invalid as problem:
        assert any(words in problem.message for words in REFUSED)
        event("refused")
        return
    found = vars(parser.parse_args(line.argv[1:]))
    alone = {one.dest: one.made for one in given}
    for action in parser._actions[1:]:
        if action.dest not in alone:
            default = action.default
            is_text = isinstance(default, str) and action.type is not None
            alone[action.dest] = action.type(default) if is_text else default  # type: ignore
            if action.nargs == "*" and not action.option_strings:
                alone[action.dest] = default or []
    assert found == alone, (source, line.argv)


TYPED = (
    HEAD
    + """
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
class Color(Enum):
    RED = "red"
    BLUE = "blue"
parser.add_argument("--day", type=date.fromisoformat, default=date(2025, 1, 1))
parser.add_argument("--when", type=datetime.fromisoformat)
parser.add_argument("--price", type=Decimal, default=Decimal("1.5"))
parser.add_argument("--place", type=Path)
parser.add_argument("--color", type=Color, default=Color.RED)
parser.add_argument("--days", type=date.fromisoformat, nargs="+")
parser.add_argument("--own", type=lambda text: text, default=date(2025, 1, 1))
parser.add_argument("--flag", type=bool, default=True)
"""
)


@pytest.mark.parametrize(
    ("name", "text", "passed"),
    [
        ("day", "2025-02-28", "datetime.date(2025, 2, 28)"),
        ("day", "2025-02-30", None),
        ("when", "2025-02-28T08:00", "datetime.datetime(2025, 2, 28, 8, 0)"),
        ("when", "noon", None),
        ("price", "2.10", "Decimal('2.10')"),
        ("price", "2,10", None),
        ("place", "a", "PosixPath('a')"),
        ("color", "blue", "<Color.BLUE: 'blue'>"),
        ("color", "BLUE", None),
        ("days", '["2025-02-28"]', "[datetime.date(2025, 2, 28)]"),
        ("own", "x", "'x'"),
        ("flag", "true", "True"),
        ("flag", "", "False"),
        ("flag", "false", None),
        ("flag", "0", None),
    ],
)
def test_typed_values_arrive_or_are_refused(name: str, text: str, passed: str | None) -> None:
    arguments = read(TYPED + "parser.parse_args()").arguments
    (argument,) = [each for each in arguments if each.name == name]
    if passed is None:
        with pytest.raises(Invalid):
            parse_value(argument, text)
        return
    argv = build_argv(["x"], arguments, {name: parse_value(argument, text)}).argv
    names: dict[str, Any] = {}
    exec(TYPED, names)
    parsed = names["parser"].parse_args(argv[1:])
    assert repr(getattr(parsed, name)) == passed
    assert parsed.own == ("x" if name == "own" else date(2025, 1, 1))


def test_each_way_of_passing_a_value() -> None:
    found = added(
        "'table'",
        "'-d', '--digits', type=int, default=4, help='places (default: %(default)s, 5%%)'",
        "'-n', type=float",
        "'--sizes', nargs='+', type=int, default=[1, 2]",
        "'--tag', action='append'",
        "'--more', action='extend', nargs='*', default=['x']",
        "'--verbose', '-v', action='count', default=0",
        "'--quiet', action='store_true', dest='is_quiet'",
        "'--no-cache', action='store_false', dest='cache'",
        "'--color', action=argparse.BooleanOptionalAction, default=True",
        "'--mode', choices=['fast', 'exact'], default='fast'",
        "'--class', required=True",
        "'--version', action='version', version='1'",
    )
    reaches = {name: one.reach for name, one in found.items()}
    assert reaches == {
        "table": Positional(0, separated=True),
        "digits": Option("--digits"),
        "n": Option("-n"),
        "sizes": Words("--sizes"),
        "tag": Option("--tag"),
        "more": Words("--more"),
        "verbose": Flag("--verbose"),
        "is_quiet": Flag("--quiet"),
        "no_cache": Flag("--no-cache"),
        "color": Flag("--color/--no-color"),
        "mode": Option("--mode"),
        "class_": Option("--class"),
    }
    assert found["digits"].help == "places (default: 4, 5%)"
    assert (found["digits"].type, found["digits"].default) == ("int", 4)
    assert (found["sizes"].type, found["sizes"].default) == ("list", [1, 2])
    assert (found["mode"].type, found["mode"].choices) == ("choice", ("fast", "exact"))
    assert found["n"].nullable and found["n"].default is None
    assert [name for name, one in found.items() if one.required] == ["table", "class_"]


def test_roles() -> None:
    """As for notebooks; besides, what a file is opened for."""
    found = added(
        "'--data', type=argparse.FileType('r')",
        "'--log', type=argparse.FileType('a', encoding='utf-8')",
        "'--both', type=argparse.FileType('r+')",
        "'--table-csv', type=Path",
        "'--report', type=Path, default='report.html'",
        "'--input'",
        "'--out-dir', default='results'",
        "'--alpha', help='input: csv, what to read'",
        "'--label'",
        "'--model-name', type=Path",
        "'--files', type=Path, nargs='+'",
    )
    assert {name: (one.role, one.format) for name, one in found.items()} == {
        "data": ("input", ""),
        "log": ("output", ""),
        "both": ("input", ""),
        "table_csv": ("input", "csv"),
        "report": ("output", "html"),
        "input": ("input", ""),
        "out_dir": ("output", "folder"),
        "alpha": ("input", "csv"),
        "label": ("value", ""),
        "model_name": ("value", ""),
        "files": ("value", ""),
    }
    assert found["alpha"].help == "what to read"


def test_opened_paths_are_files() -> None:
    script = read(
        "import argparse, pandas as pd\n"
        "def main():\n"
        "  p = argparse.ArgumentParser()\n"
        "  for_all = p.add_argument('--raw'); p.add_argument('--kept'); p.add_argument('--n')\n"
        "  args, rest = p.parse_known_args()\n"
        "  pd.read_csv(args.raw).head(args.n).to_csv(args.kept)\n"
    )
    assert [(one.name, one.role) for one in script.arguments] == [
        ("raw", "input"),
        ("kept", "output"),
        ("n", "value"),
    ]


@pytest.mark.parametrize(
    "source",
    [
        "from argparse import ArgumentParser as P\np = P()\np.add_argument('--x')",
        "import argparse as a\np: a.ArgumentParser = a.ArgumentParser(description='d')\n"
        "g = p.add_argument_group('g')\ng.add_argument('--x')",
        "import argparse\nclass A:\n  def __init__(self):\n"
        "    self.p = argparse.ArgumentParser()\n    self.p.add_argument('--x')",
        "import argparse\nif __name__ == '__main__':\n  p = argparse.ArgumentParser()\n"
        "  p.add_argument_group('g').add_argument('--x')",
        "import argparse\ndef main(p, n):\n  p.parse_args(n)\n"
        "p = argparse.ArgumentParser()\np.add_argument('x')\nmain(p, [])",
        "import argparse\ntry:\n  p = argparse.ArgumentParser()\n  p.add_argument('--x')\n"
        "except OSError: pass",
        "import argparse\ndef get():\n  p = argparse.ArgumentParser()\n"
        "  p.add_argument('--x').completer = None\n  return p.parse_args()",
    ],
)
def test_the_parser_is_found_anywhere(source: str) -> None:
    script = read(source)
    assert ([one.name for one in script.arguments], script.hints) == (["x"], [])


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ("sub = parser.add_subparsers()", "subcommands"),
        ("other = argparse.ArgumentParser()", "several parsers"),
        ("parser.parse_args([])", "parses a fixed list"),
        ("parser.parse_args(args=['--x', '1'])", "parses a fixed list"),
        ("parser.parse_args('--x 1'.split())", "parses a fixed list"),
        ("import jsonargparse\nq = jsonargparse.ArgumentParser()", "that is not from argparse"),
        ("add = parser.add_argument\nparser.add_argument('a')", "elsewhere"),
        ("class P(argparse.ArgumentParser): pass", "its own parser class"),
        ("parser.add_argument('-1')", "numbers cannot be negative"),
        (
            "parser.add_argument('a', nargs='+'); parser.add_argument('b', nargs='?')",
            "be distinguished",
        ),
        ("parser.add_argument('a'); add(parser)", "may add"),
        ("parser.add_argument('a')\ndef f(p): add(p)\nf(parser)", "f in line 7 may add"),
        ("parser.add_argument('a')\nfor x in y: parser.add_argument(x)", "elsewhere"),
        ("parser.add_argument('a', action=Mine); parser.add_argument('b')", "of its own"),
    ],
)
def test_dynamic_parsers_are_not_read(lines: str, words: str) -> None:
    script = read(HEAD + "parser.add_argument('--x')\n" + lines)
    assert script.arguments == [] and words in str(script.hints[0])
    assert str(script.hints[0]).endswith("or a .nbexec file.")


@pytest.mark.parametrize(
    "keyword", ["parents=[x]", "prefix_chars='+'", "argument_default=1", "**k"]
)
def test_special_parsers_are_not_read(keyword: str) -> None:
    script = read(f"import argparse\np = argparse.ArgumentParser({keyword})\np.add_argument('--x')")
    assert script.arguments == [] and keyword.partition("=")[0].removesuffix("k") in str(
        script.hints[0]
    )


@pytest.mark.parametrize(
    ("call", "words"),
    [
        ("'--y', action='append_const', const=1, dest='d'", "the action append_const"),
        ("'--y', action='append', nargs=2", "its value is a list of lists"),
        ("'--y', action='extend'", "letters"),
        ("'--y', action='count', default=1", "it counts up from its default"),
        ("'--y', action='store_true', default=True", "setting it has no effect"),
        ("'--y', nargs=argparse.REMAINDER", "rest of the command line"),
        ("'--y', nargs=count()", "count()"),
        ("'--y', **more", "**"),
        ("*names, dest='y'", "*"),
        ("'--y', special=1", "special"),
        ("'/y'[1:], required=True", "'/y'[1:]"),
    ],
)
def test_an_unknown_argument_leaves_the_others(call: str, words: str) -> None:
    script = read(HEAD + f"parser.add_argument('--x')\nparser.add_argument({call})")
    assert [one.name for one in script.arguments] == ["x"]
    assert any(words in hint and "is not read" in hint for hint in map(str, script.hints))


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ("for x in 'ab': parser.add_argument('--' + x)", "(line 5)"),
        ("dev and parser.add_argument('y')", "(line 5)"),
        ("y = parser.add_argument('y') if dev else None", "(line 5)"),
        ("[parser.add_argument(f'--{y}') for y in names]", "(line 5)"),
        ("add = parser.add_argument\nadd('--y')", "(line 5)"),
        ("parser = other()\nparser.add_argument('--y')", "(line 6)"),
        ("if dev: parser.add_argument(f'--{x}')", "(line 5)"),
        ("def more(p): p.add_argument('--y')\nmore(parser)", "(line 5)"),
        ("more(parser)", "Arguments that more in line 5 may add"),
        ("if y: parser.set_defaults(x=1)", "The default of --x is computed (set_defaults)"),
    ],
)
def test_possible_further_arguments_are_reported(lines: str, words: str) -> None:
    script = read(HEAD + "parser.add_argument('--x', default='a')\n" + lines)
    assert [one.name for one in script.arguments] == ["x"]
    assert any(words in str(hint) for hint in script.hints)


def test_exclusive_options_have_no_default() -> None:
    script = read(
        HEAD + "one = parser.add_mutually_exclusive_group(required=True)\n"
        "one.add_argument('--fast', type=int, default=3)\n"
        "one.add_argument('--slow', action='store_true')\n"
        "one.add_argument('--out-csv')\none.add_argument('--out-json')\n"
    )
    line = build_argv(["x"], script.arguments, {"fast": 1})
    assert line.argv == ["x", "--fast", "1"] and script.hints == []
    assert {one.role for one in script.arguments} == {"value"}


def test_two_options_for_one_name() -> None:
    found = added(
        "'--good', dest='level', action='store_const', const=1",
        "'--level'",
        "'--also', dest='level'",
    )
    assert list(found) == ["good", "level", "also"]
