"""Arguments of other programs, from the output of --help."""

import argparse

import click
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbyard.domain.arguments.bindings import Flag, Option, Positional, Reach, Words
from nbyard.domain.arguments.structs import Argument
from nbyard.domain.inspection.help_parser import read_help

GNU = """\
Usage: sortish [OPTION]... [FILE]...
  or:  sortish [OPTION]... --files0-from=F
Write sorted concatenation of all FILE(s) to standard output.

  -f, --ignore-case           fold lower case to upper case characters
  -k, --key=KEYDEF            sort via a key; KEYDEF gives location and type,
                              and may be given often
      --compress[=PROG]       compress temporaries
  -S SIZE                     use SIZE for main memory buffer
      --file=FILE             read from FILE
      --help        display this help and exit
      --version     output version information and exit
"""
CLAP = """\
Fast things.

Usage: fast [OPTIONS] --level <LEVEL> <INPUT> [OUTPUT]

Options:
  -l, --level <LEVEL>    How much [possible values: low, high]
  -v, --verbose...       Say more
      --[no-]color       In colours
      --size <W> <H>     Of the picture
  -h, --help             Print help
"""


def reaches(text: str) -> dict[str, Reach | None]:
    return {one.name: one.reach for one in read_help(text).arguments}


def test_help_of_gnu_programs_is_read() -> None:
    assert reaches(GNU) == {
        "ignore_case": Flag("--ignore-case"),
        "key": Option("--key", joined=True),
        "compress": Option("--compress", joined=True),
        "S": Option("-S"),
        "file": Option("--file", joined=True),
        "file_2": Positional(0),
    }
    found = {one.name: one for one in read_help(GNU).arguments}
    assert found["key"].help.endswith("may be given often")
    assert (found["file"].role, found["file_2"].type) == ("input", "list")


def test_usages_over_several_lines_are_read() -> None:
    assert reaches("usage: sum.py [-h]\n              orders out\n") == {
        "orders": Positional(0),
        "out": Positional(1),
    }


def test_help_of_rust_programs_is_read() -> None:
    assert reaches(CLAP) == {
        "level": Option("--level"),
        "verbose": Flag("--verbose"),
        "color": Flag("--color/--no-color"),
        "size": Words("--size"),
        "input": Positional(0),
        "output": Positional(1),
    }
    found = {one.name: one for one in read_help(CLAP).arguments}
    assert (found["verbose"].type, found["input"].role, found["output"].role) == (
        *("int", "input"),
        "output",
    )
    assert found["input"].required


def test_help_of_argparse_is_read() -> None:
    """The same as its source tells, but for types and defaults."""
    parser = argparse.ArgumentParser(prog="fit")
    parser.add_argument("data")
    parser.add_argument("extra", nargs="*")
    parser.add_argument("-a", "--alpha", type=float, metavar="FLOAT", help="how fast")
    parser.add_argument("--mode", choices=["fast", "exact"])
    parser.add_argument("--sizes", nargs="+")
    parser.add_argument("--scale", action=argparse.BooleanOptionalAction)
    parser.add_argument("--quiet", action="store_true")
    parser.add_argument("--model", required=True)
    text = parser.format_help()
    assert reaches(text) == {
        "alpha": Option("--alpha"),
        "mode": Option("--mode"),
        "sizes": Words("--sizes"),
        "scale": Flag("--scale/--no-scale"),
        "quiet": Flag("--quiet"),
        "model": Option("--model"),
        "data": Positional(0),
        "extra": Positional(1),
    }
    found = {one.name: one for one in read_help(text).arguments}
    assert found["alpha"].type == "float" and found["mode"].choices == ("fast", "exact")


def test_help_of_click_is_read() -> None:
    @click.command()
    @click.argument("data")
    @click.argument("out", required=False)
    @click.option("--rate", type=click.IntRange(0, 5), required=True)
    @click.option("--kind", type=click.Choice(["a", "b"]))
    @click.option("--shout/--no-shout", default=False)
    def main(**_: object) -> None: ...

    text = main.get_help(click.Context(main, info_name="main"))
    found = {one.name: one for one in read_help(text).arguments}
    assert {name: one.reach for name, one in found.items()} == {
        "rate": Option("--rate"),
        "kind": Option("--kind"),
        "shout": Flag("--shout/--no-shout"),
        "data": Positional(0),
        "out": Positional(1),
    }
    assert (found["rate"].type, found["rate"].required) == ("int", True)
    assert found["kind"].choices == ("a", "b") and found["out"].role == "output"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("usage: git <command> [<args>]\n\n  -q, --quiet  be quiet", "subcommands"),
        ("usage: x [a ...] [b ...]\n\n  -q, --quiet  be quiet", "be distinguished"),
    ],
)
def test_unsupported_options_are_not_read(text: str, words: str) -> None:
    found = read_help(text)
    assert [one.name for one in found.arguments] == ["quiet"] and words in str(found.hints[0])


@pytest.mark.parametrize("text", ["", "no such option: --help\n", "-- done --", "Usage:", "1 - 2"])
def test_other_text_is_no_help(text: str) -> None:
    assert read_help(text).arguments == []


@pytest.mark.parametrize(
    ("written", "kind"),
    [
        ("--python TEXT  of the image  [default: 3.10]", "string"),
        ("--zip TEXT  where (default: 01234)", "string"),
        ("--release RELEASE  which (default: 3.9)", "string"),
        ("--rate RATE  how fast (default: 1)", "string"),
        ("--rate FLOAT  how fast (default: 2)", "float"),
        ("--size INTEGER  how many  [default: -3; x>=-9]", "int"),
        ("--mode {1,2}  which (default: 1)", "choice"),
    ],
)
def test_a_default_number_is_only_shown(written: str, kind: str) -> None:
    """The program would get 3.1 for 3.10, and a whole number may be the default of a float."""
    (found,) = read_help(f"  {written}\n").arguments
    assert (found.type, found.default, found.required) == (kind, msgspec.UNSET, False)
    assert "default: " in found.help and found.help.endswith(written[-4:])


def test_colours_and_overstrikes_are_left_out() -> None:
    text = "  \x1b[1m--fast\x1b[0m   go\n  -\b--\b-m\bmo\bod\bde\be X   how\n"
    assert reaches(text) == {"fast": Flag("--fast"), "mode": Option("--mode")}


def test_a_sentence_is_no_value() -> None:
    (found,) = read_help("  --force overwrite what is there\n").arguments
    assert (found.reach, found.help) == (Flag("--force"), "overwrite what is there")


@given(st.text(st.sampled_from("-[]<>{}()|=., \n\tabUsage:…"), max_size=80))
def test_any_text_is_read(text: str) -> None:
    names = [one.name for one in read_help(f"usage: x {text}\n  {text}").arguments]
    assert len(names) == len(set(names)) and isinstance(names, list)


def test_a_repeated_option_is_read_once() -> None:
    found = read_help("  --a  one\n\n  --a  two\n").arguments
    assert found == [Argument("a", type="bool", default=False, help="one", reach=Flag("--a"))]
