"""What the first lines of a script say about its start and its arguments."""

import pytest

from nbyard.domain.commands.interpreters import (
    description_hints,
    is_source,
    read_start,
    start_hints,
)

PLAIN = [
    ("a.py", b"print(1)"),
    ("a.sh", b"echo one"),
    ("a.bash", b"#!/bin/bash\necho $HOME $PATH"),
    ("a.R", b"print(1)"),
    ("a.jl", b"println(1)"),
]


@pytest.mark.parametrize(("name", "content"), PLAIN)
def test_a_plain_script_needs_no_hint(name: str, content: bytes) -> None:
    start = read_start(name, content)
    assert start_hints(name, content, start) == description_hints(name, content, start) == []


@pytest.mark.parametrize("name", ["run", "a.txt", "a.bash.bak"])
def test_a_script_without_an_interpreter_gets_a_hint(name: str) -> None:
    (hint,) = description_hints(name, b"echo 1", read_start(name, b"echo 1"))
    assert str(hint).startswith(f"{name} does not say")
    started = b"#!/bin/sh\necho 1"
    assert description_hints(name, started, read_start(name, started)) == []


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("flow/train.pipeline", "file-of-elyra"),
        ("workflows.yaml", "file-of-nb-workflows"),
        ("old/labfile.yaml", "file-of-nb-workflows"),
    ],
)
def test_files_of_other_programs_get_advice_that_helps(name: str, code: str) -> None:
    hints = description_hints(name, b"a: 1\n", read_start(name, b"a: 1\n"))
    assert [hint.code for hint in hints] == [code]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf16_gets_a_hint(encoding: str) -> None:
    content = "\ufeff" * (encoding != "utf-16") + "import sys"
    for name in ("a.py", "a.sh", "run"):
        script = content.encode(encoding)
        (hint,) = start_hints(name, script, read_start(name, script))
        assert str(hint).startswith(f"{name} is UTF-16 text")


def test_an_unreadable_byte_order_mark_gets_a_hint() -> None:
    mark = b"\xef\xbb\xbf"
    for name, line in (("a.sh", b"#!/bin/bash\n"), ("run", b"#!/bin/bash\n"), ("b.R", b"x\n")):
        start = read_start(name, mark + line)
        (hint,) = start_hints(name, mark + line, start)
        assert "byte order mark (BOM)" in str(hint)
    python = mark + b"#!/usr/bin/env python3\n"
    assert start_hints("run", python, read_start("run", python)) == []
    assert read_start("run", python).language == "python"


def test_windows_line_ends_of_a_shell_script_get_a_hint() -> None:
    content = b"#!/bin/bash\r\necho one\r\n"
    for name in ("a.sh", "run"):
        (hint,) = start_hints(name, content, read_start(name, content))
        assert "(CRLF), which bash" in str(hint)
    assert start_hints("a.py", content[2:], read_start("a.py", content[2:])) == []


@pytest.mark.parametrize(
    ("name", "content", "way"),
    [
        ("a.py", b"import fire\nfire.Fire(main)", "fire"),
        ("a.py", b"import os, fire", "fire"),
        ("a.py", b"from optparse import OptionParser\nOptionParser()", "optparse"),
        ("a.py", b"import sys, getopt\ngetopt.getopt(sys.argv[1:], 'n:')", "getopt"),
        ("a.py", b"if __name__ == '__main__':\n    import fire", "fire"),
        ("a.py", b"from typer import Typer", "typer"),
        ("a.py", b"import sys\nprint(sys.argv[1])", "sys.argv"),
        ("a.sh", b"while getopts 'ab:' name; do :; done", "getopts"),
        ("a.sh", b'OPTS=$(getopt -o ab: -- "$@")', "getopts"),
        ("a.sh", b'if ! getopts "ab:" name; then exit 2; fi', "getopts"),
        ("a.sh", b'# getopts is old\ncase "$1" in a) ;; esac', "$1"),
        ("a.sh", b'case "$1" in a) ;; esac', "$1"),
        ("a.bash", b'for each in "$@"; do :; done', "$1"),
        ("a.sh", b"echo ${2:-none}", "$1"),
        ("a.R", b"args <- commandArgs(trailingOnly = TRUE)", "commandArgs"),
        ("a.R", b"parser <- OptionParser(option_list = all)", "optparse"),
        ("a.R", b"p <- arg_parser('Fit')", "argparse"),
        ("a.pl", b"my ($name) = @ARGV;", "@ARGV"),
        ("a.rb", b"puts ARGV[0]", "ARGV"),
        ("a.js", b"console.log(process.argv)", "process.argv"),
        ("a.jl", b"println(ARGS[1])", "ARGS"),
    ],
)
def test_unsupported_argument_parsers_get_a_hint(name: str, content: bytes, way: str) -> None:
    (hint,) = description_hints(name, content, read_start(name, content))
    assert str(hint).startswith(f"{name} reads its arguments with {way}")
    assert "Read --help" in str(hint)


def test_a_binary_gets_a_hint_about_its_arguments() -> None:
    start = read_start("wc.sh", b"\x7fELF\x02")
    assert start.command == ["{file}"] and start_hints("wc.sh", b"\x7fELF\x02", start) == []
    (hint,) = description_hints("wc.sh", b"\x7fELF\x02", start)
    assert "the binary wc.sh" in str(hint)


@pytest.mark.parametrize(
    ("line", "word"),
    [
        (b"if [[ -n $HOME ]]; then :; fi", "[["),
        (b"set -euo pipefail", "set -euo pipefail"),
        (b"diff <(ls a) <(ls b)", "<("),
        (b"declare -A counts", "declare"),
        (b"echo ${names[@]}", "${names["),
    ],
)
def test_bash_syntax_in_a_sh_script_gets_a_hint(line: bytes, word: str) -> None:
    (hint,) = start_hints("a.sh", line, read_start("a.sh", line))
    assert f"sh does not support {word}." in str(hint)
    for name, content in (("a.sh", b"#!/bin/bash\n" + line), ("a.bash", line)):
        assert start_hints(name, content, read_start(name, content)) == []
    comment = b"# not in sh: " + line
    assert start_hints("a.sh", comment, read_start("a.sh", comment)) == []


@pytest.mark.parametrize("path", ["helper.py", "lib/Plot.R", "other.ipynb", "run.sh"])
def test_modules_are_source(path: str) -> None:
    assert is_source(path)


@pytest.mark.parametrize("path", ["sales.csv", "config.yaml", "data/.py", "README"])
def test_data_and_settings_are_not(path: str) -> None:
    assert not is_source(path)
