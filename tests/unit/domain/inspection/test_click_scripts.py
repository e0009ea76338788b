"""Arguments of click scripts are read from source, and click agrees."""

import ast
from pathlib import Path
from typing import Any

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from nbyard.domain.arguments.bindings import Flag, Option, Positional, Words
from nbyard.domain.arguments.structs import Argument
from nbyard.domain.commands.command_line import build_argv
from nbyard.domain.inspection.scripts import Script, read_script
from nbyard.errors import Invalid
from nbyard.reasons.structs import because

HEAD = "import click\nfrom pathlib import Path\n@click.command()\n"
REFUSED = ("begins with -", "would take its position")
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=8)
WORDS = (TEXTS | TEXTS.map("-{}".format)).filter(lambda text: text != "--")
INTS = st.integers(-(2**53), 2**53)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
ITEMS: dict[str, tuple[Any, Any]] = {
    "int": (INTS, int),
    "click.INT": (INTS, int),
    "click.IntRange(-5, 5)": (st.integers(-5, 5), int),
    "float": (FLOATS, float),
    "click.FloatRange(max=0)": (FLOATS.map(lambda x: -abs(x)), float),
    "bool": (st.booleans(), bool),
    "click.BOOL": (st.booleans(), bool),
    "str": (WORDS, str),
    "click.STRING": (WORDS, str),
    "click.Path()": (WORDS, str),
    "Path": (WORDS, Path),
    "click.Path(path_type=Path)": (WORDS, Path),
    "click.Choice(['a', 'b c'])": (st.sampled_from(["a", "b c"]), str),
}


def read(source: str) -> Script:
    return read_script(ast.parse(source))


def decorated(*decorators: str, tail: str = "def main(**k): ...\n") -> dict[str, Argument]:
    source = HEAD + "".join(f"@click.{one}\n" for one in decorators) + tail
    return {one.name: one for one in read(source).arguments}


class Drawn:
    """One decorator, a value for it, and what click makes of the value."""

    def __init__(self, data: Any, index: int, is_argument: bool):
        self._draw = data.draw
        self.name = f"name_{index}"
        self.is_argument = is_argument
        self.keywords: dict[str, str] = {}
        self.words = [f"name-{index}"] if is_argument else self._flags(index)
        kinds = ["argument"] if is_argument else ["value", "multiple", "several", "flag", "count"]
        self.value, self.made = getattr(self, "_" + self._draw(st.sampled_from(kinds)))()

    def _flags(self, index: int) -> list[str]:
        letter, long = "abcdefgh"[index], f"--name-{index}"
        named = [f"-{letter}", self.name]
        return self._draw(st.sampled_from([[long], [f"-{letter}", long], named]))

    def decorator(self) -> str:
        words = [repr(word) for word in self.words]
        words += [f"{name}={text}" for name, text in self.keywords.items()]
        return f"@click.{'argument' if self.is_argument else 'option'}({', '.join(words)})\n"

    def _typed(self) -> tuple[Any, Any]:
        name = self._draw(st.sampled_from([*ITEMS, ""]))
        if name:
            self.keywords["type"] = name
        return ITEMS[name or "str"]

    def _value(self) -> tuple[Any, Any]:
        items, make = self._typed()
        how = self._draw(st.sampled_from(["default", "required", "prompt", ""]))
        if how:
            self.keywords[how] = repr(self._draw(items)) if how == "default" else "True"
        value = self._draw(items)
        return value, make(value)

    def _argument(self) -> tuple[Any, Any]:
        nargs = self._draw(st.sampled_from([1, 1, 2, -1]))
        if nargs == 1:
            value, made = self._value()
            self.keywords.pop("prompt", None)
            return value, made
        items, make = self._typed()
        self.keywords["nargs"] = repr(nargs)
        least, most = (2, 2) if nargs == 2 else (1, 3)
        value = self._draw(st.lists(items, min_size=least, max_size=most))
        return value, tuple(make(item) for item in value)

    def _multiple(self) -> tuple[Any, Any]:
        items, make = self._typed()
        self.keywords["multiple"] = "True"
        value = self._draw(st.lists(items, min_size=1, max_size=3))
        return value, tuple(make(item) for item in value)

    def _several(self) -> tuple[Any, Any]:
        items, make = self._typed()
        self.keywords["nargs"] = "2"
        value = self._draw(st.lists(items, min_size=2, max_size=2))
        return value, tuple(make(item) for item in value)

    def _flag(self) -> tuple[Any, Any]:
        value = self._draw(st.booleans())
        if self._draw(st.booleans()) and self.words[-1].startswith("--"):
            self.words[-1] += f"/--no-{self.words[-1][2:]}"
            self.keywords["default"] = repr(self._draw(st.booleans()))
        else:
            self.keywords["is_flag"] = "True"
        return value, value

    def _count(self) -> tuple[Any, Any]:
        self.keywords["count"] = "True"
        value = self._draw(st.integers(0, 4))
        return value, value


def parsed(source: str, argv: list[str]) -> dict[str, Any]:
    names: dict[str, Any] = {"found": {}}
    exec(source, names)
    names["main"].main(argv, prog_name="x", standalone_mode=False)
    return names["found"]


@given(st.data())
def test_click_gets_the_given_values(data: Any) -> None:
    """Click parses the built command line to the given values."""
    drawn = [Drawn(data, i, False) for i in range(data.draw(st.integers(0, 4)))]
    drawn += [Drawn(data, len(drawn) + i, True) for i in range(data.draw(st.integers(0, 2)))]
    drawn = data.draw(st.permutations(drawn))
    source = HEAD + "".join(one.decorator() for one in drawn) + "def main(**k): found.update(k)\n"
    script = read(source)
    if not script.arguments:
        event("not read")
        assert not drawn or "be distinguished" in str(script.hints[0])
        return
    assert [one.name for one in script.arguments] == [one.name for one in drawn], script.hints
    needed = {one.name for one in script.arguments if one.required or one.role == "output"}
    given = [one for one in drawn if one.name in needed or data.draw(st.booleans())]
    try:
        line = build_argv(["x"], script.arguments, {one.name: one.value for one in given})
    except Invalid as problem:
        assert any(words in problem.message for words in REFUSED)
        event("refused")
        return
    found = parsed(source, line.argv[1:])
    assert {one.name: found[one.name] for one in given} == {one.name: one.made for one in given}
    if not given:  # our defaults are those of the script
        assert found == parsed(source, [])


def test_each_way_of_passing_a_value() -> None:
    found = decorated(
        "argument('in-table')",
        "option('-d', '--digits', default=4, help='places')",
        "option('--rate', 'alpha', type=float, required=True)",
        "option('--size', nargs=2, type=int, default=(1, 2))",
        "option('--pair', type=(str, int))",
        "option('--tag', '-t', multiple=True, default=['a'])",
        "option('-v', '--verbose', count=True)",
        "option('--quiet', is_flag=True)",
        "option('--color/--no-color', ' /-C', default=True)",
        "option('--fast', 'speed', flag_value='fast', default='fast')",
        "option('--slow', 'speed', flag_value='slow')",
        "option('--mode', type=click.Choice(['x', 'y'], case_sensitive=False))",
        "option('--secret', prompt=True, envvar='SECRET', hide_input=True)",
        "option('--level', is_flag=False, flag_value='9', default='5')",
        "argument('rest', nargs=-1)",
        "version_option('1')",
    )
    assert {name: one.reach for name, one in found.items()} == {
        "in_table": Positional(0, separated=True),
        "digits": Option("--digits"),
        "alpha": Option("--rate"),
        "size": Words("--size"),
        "pair": Words("--pair"),
        "tag": Option("--tag"),
        "verbose": Flag("--verbose"),
        "quiet": Flag("--quiet"),
        "color": Flag("--color/--no-color"),
        "fast": Flag("--fast"),
        "slow": Flag("--slow"),
        "mode": Option("--mode"),
        "secret": Option("--secret"),
        "level": Option("--level"),
        "rest": Positional(1, separated=True),
    }
    assert (found["digits"].type, found["digits"].default, found["digits"].help) == (
        *("int", 4),
        "places",
    )
    assert found["size"].default == [1, 2] and found["tag"].default == ["a"]
    assert found["mode"].choices == ("x", "y")
    assert [name for name, one in found.items() if one.required] == ["in_table", "alpha", "secret"]


@pytest.mark.parametrize("behind", ["argument('n', type=int)", "argument('out', default='o.csv')"])
def test_ambiguous_positions_must_be_given(behind: str) -> None:
    """Click assigns words from the left. Arguments with a usable default keep it."""
    path = "argument('path', type=click.Path(), default='-')"
    found = decorated("argument('k', default=3)", path, behind, "argument('rest', nargs=-1)")
    assert [one.required for one in found.values()][:2] == [False, True]
    assert found["k"].default == 3 and not found["rest"].required
    bare = decorated("argument('path', required=False)", behind)["path"]
    assert bare.required and not bare.nullable
    found = decorated(path, "argument('rest', nargs=-1)")
    assert not any(one.required for one in found.values())


def test_roles() -> None:
    found = decorated(
        "argument('table', type=click.Path(exists=True, dir_okay=False))",
        "argument('kept', type=click.File('w'))",
        "option('--seen', type=click.File())",
        "option('--results-dir', type=click.Path(exists=True, file_okay=False))",
        "option('--folder', type=click.Path(exists=True, file_okay=False))",
        "option('--cache', type=click.Path(writable=True))",
        "option('--place', type=click.Path())",
        "option('--out', default='a.csv')",
        "option('--label')",
        "option('--raw')",
        tail="def main(raw, **k): open(raw)",
    )
    assert {name: (one.role, one.format) for name, one in found.items()} == {
        "table": ("input", ""),
        "kept": ("output", ""),
        "seen": ("input", ""),
        "results_dir": ("output", "folder"),
        "folder": ("input", "folder"),
        "cache": ("output", ""),
        "place": ("input", ""),
        "out": ("output", "csv"),
        "label": ("value", ""),
        "raw": ("input", ""),
    }


@pytest.mark.parametrize(
    "source",
    [
        "from click import command, option as o\n@command\n@o('--x')\ndef f(x): ...",
        "import rich_click as click\n@click.command(name='a')\n@click.option('--x')\ndef f(x): ...",
        "import click\ntake = click.option('--x')\n@click.command()\n@take\ndef f(x): ...",
        "import click\nS = dict(help_option_names=['-h'])\n"
        "@click.command(context_settings=S)\n@click.option('--x')\ndef f(x): ...",
        "import click\n@click.command()\n@click.option('--x')\n@click.pass_context\n"
        "async def f(c, x): ...",
    ],
)
def test_the_command_is_found_anywhere(source: str) -> None:
    script = read(source)
    assert ([one.name for one in script.arguments], script.hints) == (["x"], [])


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("import click\n@click.group()\ndef f(): ...\n@f.command()\ndef g(): ...", "subcommands"),
        ("import click\n@click.command()\ndef f(): ...\nmain.add_command(f)", "subcommands"),
        (HEAD + "def f(): ...\n" + HEAD + "def g(): ...", "several commands"),
        (
            "import click\n@click.option('--x')\n@click.command()\ndef f(x): ...",
            "declared above the command",
        ),
        ("import click\n@click.command(cls=Mine)\ndef f(): ...", "cls of the command"),
        ("import click\n@click.command(context_settings={'ignore_unknown_options': True})\n"
         "def f(): ...", "context_settings of the command"),
        (HEAD + "@click.argument('a')\n@more\ndef f(a): ...", "Arguments that @more may add"),
        (HEAD + "@click.argument('a', cls=Mine)\n@click.argument('b')\ndef f(b): ...", "cls"),
        (HEAD + "@click.argument('a', nargs=-1)\n@click.argument('b', required=False)\n"
         "def f(a, b): ...", "be distinguished"),
        (HEAD + "@click.option('--x')\ndef f(x): ...\nimport argparse\n"
         "p = argparse.ArgumentParser()\np.add_argument('--y')", "both argparse and click"),
    ],
)  # fmt: skip
def test_dynamic_commands_are_not_read(source: str, words: str) -> None:
    script = read(source)
    assert script.arguments == [] and words in str(script.hints[0])


@pytest.mark.parametrize(
    ("decorator", "words"),
    [
        ("option('--y', cls=Mine)", "cls is not supported"),
        ("option('--y', multiple=True, nargs=2)", "its value is a list of lists"),
        ("option('--y', count=True, default=2)", "it counts up from its default"),
        ("option('--y', is_flag=True, default=True)", "it is true by default"),
        ("option('--y', **more)", "**"),
        ("option(name)", "name"),
        ("option('+y')", "nbyard cannot use its name"),
        ("option('--y', type=click.Path(exists=flag))", "flag"),
    ],
)
def test_an_unknown_option_leaves_the_others(decorator: str, words: str) -> None:
    script = read(HEAD + f"@click.option('--x')\n@click.{decorator}\ndef f(**k): ...")
    assert [one.name for one in script.arguments] == ["x"]
    assert any(words in hint and "is not read" in hint for hint in map(str, script.hints))


def test_computed_values_are_reported() -> None:
    script = read(
        HEAD + "@click.option('--x', default=lambda: 1)\n"
        "@click.option('--y', type=click.Choice(names()))\ndef f(x, y): ..."
    )
    assert [one.default for one in script.arguments][1] is None
    assert "is computed (lambda: 1)" in str(script.hints[0])
    assert script.hints[1] == because("choices-computed", name="--y")


def test_dates_decimals_and_enum_classes_have_their_types() -> None:
    source = """
import click
from decimal import Decimal
from enum import Enum
class Color(Enum):
    RED = "red"
@click.command()
@click.option("--day", type=click.DateTime())
@click.option("--own", type=click.DateTime(["%d.%m.%Y"]))
@click.option("--price", type=Decimal)
@click.option("--color", type=click.Choice(Color))
def main(day, own, price, color): pass
"""
    found = {a.name: (a.type, a.choices) for a in read_script(ast.parse(source)).arguments}
    assert found == {
        "day": ("datetime", ()),
        "own": ("string", ()),
        "price": ("decimal", ()),
        "color": ("choice", ("RED",)),
    }
