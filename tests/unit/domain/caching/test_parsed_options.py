"""Paths of a parsed command line are given, not computed. Without certainty they are not."""

import ast

import pytest

from nbyard.domain.caching.probed_names import names_of

PLAIN = """
import argparse
from pathlib import Path

def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("table", type=Path)
    parser.add_argument("--model", required=True, help="trained")
    parser.add_argument("-d", "--digits", type=int, default=-4)
    parser.add_argument("--more", nargs="?", default="more.csv")
    parser.add_argument("--verbose", action="store_true")
    options = parser.parse_args()
    {rest}

main()
"""


def is_open(code: str, *, is_started: bool = True) -> bool:
    """Return whether the script may open a name that the task was not given."""
    return names_of(ast.parse(code), {}, is_started=is_started)[1]


@pytest.mark.parametrize(
    "rest",
    [
        "load(options.model)",
        "options.table.read_text()",
        "with open(options.model, 'w') as handle: handle.write('x')",
        "model = options.model; load(model)",
        "print(options); load(options.more)",
        "data = options.load_data; load(data)",
    ],
)
def test_values_of_the_command_line_are_known(rest: str) -> None:
    code = PLAIN.replace("{rest}", rest)
    assert not is_open(code)
    assert is_open(code, is_started=False)


@pytest.mark.parametrize(
    "rest",
    [
        "load(options.model + '.csv')",
        "load(options.table.parent / 'x.csv')",
        "load(options.table.with_suffix('.csv'))",
        "load(options.model.name)",
        "load(options._get_args())",
        "options.model = input(); load(options.model)",
        "options.model += '.csv'; load(options.model)",
        "setattr(options, 'model', input()); load(options.model)",
        "vars(options)['model'] = input(); load(options.model)",
        "change(options); load(options.model)",
        "options = change(); load(options.model)",
        "model = options.model; model = input(); load(model)",
        "import sys; sys.argv.append(input()); load(options.model)",
        "from sys import argv; argv.append(input()); load(options.model)",
        "from sys import argv as words; words.append(input()); load(options.model)",
        "from sys import *; argv.append(input()); load(options.model)",
    ],
)
def test_computed_values_are_unknown(rest: str) -> None:
    assert is_open(PLAIN.replace("{rest}", rest))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("required=True", "type=lambda word: word + '.csv'"),
        ("required=True", "type=str.upper"),
        ("required=True", "action=Own"),
        ("required=True", "action='append'"),
        ("required=True", "nargs='+'"),
        ("required=True", "default=input()"),
        ("required=True", "default=['a']"),
        ("required=True", "**more"),
        ("description=__doc__", "fromfile_prefix_chars='@'"),
        ("argparse.ArgumentParser", "Own"),
        ("parser.parse_args()", "parser.parse_args(input().split())"),
        ("parser.parse_args()", "parser.parse_args(namespace=own)"),
        ("parser.parse_args()", "other.parse_args()"),
        ("    options =", "    parser.set_defaults(model=input())\n    options ="),
        ("    options =", "    extend(parser)\n    options ="),
        ("def main", "def str(word): return word + '.csv'\n\ndef main"),
        ("from pathlib import Path", "from own import *"),
    ],
)
def test_a_parser_with_computed_options_is_unknown(old: str, new: str) -> None:
    code = PLAIN.replace("{rest}", "load(options.model)")
    assert not is_open(code) and code.count(old)
    assert is_open(code.replace(old, new))


def test_names_of_defaults_count() -> None:
    names, _ = names_of(ast.parse(PLAIN.replace("{rest}", "")), {}, is_started=True)
    assert "more.csv" in names
