"""Scripts are read, never run."""

import ast
import os

from hypothesis import given
from hypothesis import strategies as st

from nbyard.domain.inspection import argparse_scripts, click_scripts
from nbyard.domain.inspection.scripts import Script, read_script

BOTH = argparse_scripts.KEYWORDS | click_scripts.KEYWORDS


def read(source: str) -> Script:
    return read_script(ast.parse(source))


def test_a_script_without_either_has_no_arguments() -> None:
    assert read("import sys\nprint(sys.argv)") == Script()
    assert read("import argparse, click") == Script()


def test_reading_never_runs_anything() -> None:
    """HOUSE rule 9."""
    run = "os.system('touch /tmp/nby_canary')"
    read(
        f"import os, argparse\n{run}\np = argparse.ArgumentParser({run})\n"
        f"p.add_argument('--x', default={run}, type={run}, help={run})"
    )
    assert not os.path.lexists("/tmp/nby_canary")


def test_invalid_argument_names_are_refused() -> None:
    long = "x" * 200
    head = "import argparse\np = argparse.ArgumentParser()\n"
    script = read(head + f"p.add_argument('--{'y' * 20}', dest='{long}')\np.add_argument('-a')")
    assert [one.name for one in script.arguments] == ["a"] and "is not read" in str(script.hints[0])
    script = read(head + f"p.add_argument('{long}')\np.add_argument('-a')")
    assert script.arguments == [] and "is not read" in str(script.hints[0])


CALLS = st.sampled_from(
    [
        "import argparse, click",
        "p = argparse.ArgumentParser()",
        "p.add_argument()",
        "p.add_argument(1)",
        "p.add_argument('')",
        "p.add_argument('-')",
        "p.add_argument('--x', choices=1, nargs=[], default={}, help=3, dest=4)",
        "p.add_argument('--y', type=argparse.FileType(1), action=2)",
        "p.add_argument(dest='z', choices={'a': 1})",
        "with p: p.add_argument_group().add_argument('--w', nargs='?')",
        "@click.command\n@click.option\n@click.option('')\n@click.argument()\ndef f(): pass",
        "@click.command()\n@click.option('a', 'b')\n@click.option('/', type=())\ndef g(): pass",
        "@click.command()\n@click.argument('', nargs='a', type=click.Choice())\ndef h(): pass",
        "@click.command()\n@click.option('--p', default=[], type=(int,), nargs=2)\ndef i(): pass",
        "@click.command()\n@click.option('--q', multiple=True, default=5)\ndef j(q): open(q)",
    ]
)


@given(st.lists(CALLS, max_size=5))
def test_strange_scripts_are_read_too(lines: list[str]) -> None:
    read("\n".join(lines))


WORDS = st.sampled_from(["'--x'", "'-y'", "'z'", "''", "1", "'--on/--off'", "*a"])
VALUES = st.sampled_from(
    [
        *("0", "-1", "2", "1.5", "10 ** 400", "True", "None", "''", "'a'", "'+'", "[]", "[1, 'a']"),
        *("{}", "{'a': 1}", "{'a', 1}", "()", "(int, str)", "Path('a')", "int", "bool", "f(x)"),
        *("click.Choice()", "click.Choice('ab')", "click.Path(1, exists=2)", "click.File(3)"),
        *("argparse.FileType(0)", "lambda: 1", "sys.stdin", "argparse.SUPPRESS", "'store_true'"),
    ]
)
KEYWORDS = st.dictionaries(st.sampled_from(sorted(BOTH)), VALUES, max_size=4)


@given(st.lists(st.tuples(WORDS, KEYWORDS), min_size=1, max_size=4))
def test_strange_options_are_read_too(calls: list[tuple[str, dict[str, str]]]) -> None:
    """What is no program is no reason to fail."""
    written = [f"{word}, {', '.join(f'{n}={v}' for n, v in more.items())}" for word, more in calls]
    head = "import argparse, click\nfrom pathlib import Path\n"
    added = "".join(f"p.add_argument({one})\n" for one in written)
    read(f"{head}p = argparse.ArgumentParser()\n{added}")
    for kind in ("option", "argument"):
        decorators = "".join(f"@click.{kind}({one})\n" for one in written)
        read(f"{head}@click.command()\n{decorators}def f(): pass\n")
