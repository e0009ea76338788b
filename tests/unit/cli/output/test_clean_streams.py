"""Nothing that a command prints controls the terminal, wherever the text comes from."""

import io
import json
import re
import sys

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbyard.cli.output.clean_streams import clean_streams, without_control_characters
from nbyard.cli.output.console import show_json

COLOUR = re.compile(r"\x1b\[[0-9;]*m")
# Copy to the clipboard, change the title, clear the screen, and the same as single characters.
HOSTILE = "\x1b]52;c;eA==\x07\x1b]0;title\x07\x1b[2J\x9b2J\x9d0;title\x9c"


def is_harmless(text: str) -> bool:
    return not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", COLOUR.sub("", text))


@given(st.text() | st.text(alphabet="\x1b[]0;m\x9b\r\na"))
def test_text_cannot_control_the_terminal(text):
    assert is_harmless(without_control_characters(text))


def test_plain_text_and_colours_are_kept():
    text = "a\tb\n\x1b[1;31mred\x1b[0m ümläut 🚀"
    assert without_control_characters(text) == text


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
@given(pieces=st.lists(st.text(alphabet="\x1b[]0;mé\x9b\n")))
def test_both_streams_are_harmless_during_a_command(encoding, pieces):
    streams = [io.TextIOWrapper(io.BytesIO(), encoding=encoding) for _ in range(2)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdout", streams[0])
        patch.setattr(sys, "stderr", streams[1])
        with clean_streams():
            for piece in pieces:
                click.echo(piece, nl=False)
                sys.stderr.writelines([piece])
                click.secho(piece, err=True, bold=True)
        assert sys.stdout is streams[0]
    for stream in streams:
        stream.flush()
        assert is_harmless(stream.buffer.getvalue().decode())


def test_json_keeps_its_values(capsys):
    show_json({"a": HOSTILE})
    printed = capsys.readouterr().out
    assert is_harmless(printed) and json.loads(printed) == {"a": HOSTILE}


@pytest.mark.parametrize(
    "words",
    [["executables", "inspect", "x.py"], ["check", "x.py"], [f"a{HOSTILE}"], ["check", "y"]],
)
def test_texts_of_files_and_words_are_harmless(shell, yard, words):
    root = yard.context.files.root
    name = HOSTILE.replace("/", "")
    (root / "x.py").write_text(
        f"import argparse\np = argparse.ArgumentParser()\np.add_argument('--a', help={name!r})\n"
        f"p.add_argument('--b', choices=[{name!r}], default={name!r})\np.parse_args()\n"
    )
    (root / "y").mkdir(exist_ok=True)
    (root / "y" / f"{name}.py").write_text("import (\n")
    result = shell(*words)
    assert is_harmless(result.out) and is_harmless(result.err) and result.out + result.err
