"""A parser is followed through the statements that always run."""

import ast

import pytest

from nbyard.domain.inspection.argparse_walk import ParserWalk, follow_parser, is_option, name_in
from nbyard.domain.inspection.cli_parameters import UnreadArguments
from nbyard.domain.inspection.python_calls import PythonModule
from nbyard.reasons.structs import because

HEAD = "import argparse\np = argparse.ArgumentParser()\n"


def followed(text: str) -> ParserWalk:
    walk = follow_parser(PythonModule(ast.parse(HEAD + text)))
    assert walk is not None
    return walk


def test_calls_are_found_in_their_order() -> None:
    walk = followed(
        "g = p.add_argument_group()\n"
        "(p.add_argument('a'), g.add_argument('b'))\n"
        "one = g.add_mutually_exclusive_group()\n"
        "with x: one.add_argument('--c')\n"
        "p.set_defaults(d=1, **e)\n"
    )
    found = [(ast.unparse(call.args[0]), exclusive) for call, exclusive in walk.added]
    assert found == [("'a'", False), ("'b'", False), ("'--c'", True)]
    assert walk.defaults == {"d", "**"} and walk.hints() == [] and not walk.is_open


def test_skipped_calls_are_reported() -> None:
    walk = followed("if x: p.add_argument('--a')\nother.add_argument('b')\nplugin(parser=p)")
    assert walk.added == []
    assert walk.hints() == [
        because("loose-arguments-unread", lines=[3, 4]),
        because("arguments-of-call-unread", name="plugin", line=5),
    ]
    assert walk.is_open


def test_missing_and_dynamic_parsers_are_not_read() -> None:
    assert follow_parser(PythonModule(ast.parse("import argparse"))) is None
    with pytest.raises(UnreadArguments, match="several parsers"):
        followed("argparse.ArgumentParser()")


@pytest.mark.parametrize(
    ("text", "result"),
    [("f('-a', '--' + x)", True), ("f(f'--{x}')", True), ("f('a')", False), ("f(x)", False)],
)
def test_options(text: str, result: bool) -> None:
    call = ast.parse(text, mode="eval").body
    assert isinstance(call, ast.Call) and is_option(call) is result


def test_names_of_parsed_values_are_known() -> None:
    name_of = name_in(PythonModule(ast.parse(HEAD + "args, rest = p.parse_known_args()")))
    names = [name_of(ast.parse(text, mode="eval").body) for text in ("args.a", "rest.a", "args")]
    assert names == ["a", "", ""]
