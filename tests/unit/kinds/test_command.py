"""Scripts and binaries as executables."""

import pytest

from nbyard.domain.arguments.bindings import Option
from nbyard.domain.arguments.structs import Argument
from nbyard.domain.environments.structs import EnvironmentRef
from nbyard.errors import Invalid
from nbyard.kinds.command import CommandKind
from nbyard.kinds.protocol import Reading

KIND = CommandKind()
HERE = EnvironmentRef(interpreter="/opt/python")


@pytest.mark.parametrize(
    ("name", "content", "language", "command"),
    [
        ("a.py", b"", "python", ["python3", "{file}"]),
        ("A.PY", b"#!/usr/local/bin/python3.13 -u\n", "python", ["python3", "-u", "{file}"]),
        (
            "a.py",
            b"#!/usr/bin/env -S uv run --script\n",
            "python",
            ["uv", "run", "--script", "{file}"],
        ),
        ("a.sh", b"#!/bin/bash\nset -o pipefail", "bash", ["/bin/bash", "{file}"]),
        ("a.sh", b"#!/usr/bin/env python3\n", "python", ["python3", "{file}"]),
        ("a.r", b"#!/usr/bin/env -S Rscript --vanilla\n", "R", ["Rscript", "--vanilla", "{file}"]),
        ("a.mjs", b"#!/usr/bin/env node\n", "javascript", ["node", "{file}"]),
        ("a.sh", b"", "sh", ["sh", "{file}"]),
        ("a.R", b"", "R", ["Rscript", "{file}"]),
        ("run", b"#!/usr/bin/env python3\n", "python", ["python3", "{file}"]),
        ("run", b"#!/usr/bin/env -S bash -eu\n", "bash", ["bash", "-eu", "{file}"]),
        ("run", b"#!/bin/sh -e\r\n", "sh", ["/bin/sh", "-e", "{file}"]),
        ("run", b"#!\n", "", ["{file}"]),
        ("run", b"#!/bin/\xff\n", "", ["{file}"]),
        ("run", b"#!'open quote\n", "", ["{file}"]),
        ("tool", b"\x7fELF\x02", "", ["{file}"]),
        ("tool.exe", b"text", "", ["{file}"]),
        ("tool", b"", "", ["{file}"]),
    ],
)
def test_files_are_started_by_their_kind(
    name: str, content: bytes, language: str, command: list[str]
) -> None:
    reading = KIND.read(name, content)
    assert (reading.kind, reading.language, reading.command) == ("command", language, command)
    assert reading.arguments == [] and reading.tag_cell is None


@pytest.mark.parametrize(
    "content", [b"x = = 1", b"\x00", b"\xff", b"(" * 1000, b"-" * 100000 + b"1"]
)
def test_broken_python_is_only_a_hint(content: bytes) -> None:
    """It may be meant for another version of Python."""
    assert KIND.read("a.py", content).hints_without_description


def test_arguments_of_a_script_are_read() -> None:
    content = (
        b"import argparse\np = argparse.ArgumentParser()\n"
        b"p.add_argument('data')\np.add_argument('--rate', type=float, default=0.1)\np.parse_args()"
    )
    reading = KIND.read("fit.py", content)
    work = KIND.work("fit.py", reading, {"data": "-x"}, HERE)
    assert work.argv[1:] == ["{attempt}/code/fit.py", "--rate", "0.1", "--", "-x"]
    assert KIND.read("fit.sh", content).arguments == []
    assert len(KIND.read("fit", b"#!/usr/bin/env python3\n" + content).arguments) == 2


def test_a_command_becomes_work() -> None:
    arguments = [Argument("x", reach=Option("--x"))]
    reading = Reading("command", "python", "", arguments, command=["python3", "{file}"])
    work = KIND.work("a/b.py", reading, {"x": "1"}, HERE)
    assert work.argv == ["/opt/python", "{attempt}/code/a/b.py", "--x", "1"]
    assert KIND.work("b.py", reading, {}, EnvironmentRef()).argv[0] == "python3"


def test_work_without_a_command_is_refused() -> None:
    with pytest.raises(Invalid, match="command"):
        KIND.work("x", Reading("command", "", "", []), {}, HERE)


def test_the_digest_covers_the_bytes() -> None:
    assert KIND.code_digest(b"a") != KIND.code_digest(b"b")
    assert KIND.code_digest(b"a").startswith("sha256:")


def test_handoff_values_are_not_on_the_command_line() -> None:
    text = b"""
import argparse, nbyard
parser = argparse.ArgumentParser()
parser.add_argument("--alpha", type=float, default=1.0)
parser.parse_args()
table = nbyard.input("table")
nbyard.output("model", nbyard.input("rate", 2))
"""
    reading = CommandKind().read("fit.py", text)
    assert [a.name for a in reading.arguments] == ["alpha", "table", "model", "rate"]
    given = {
        "alpha": 2.0,
        "rate": 3,
        "table": "{attempt}/inputs/table/t.csv",
        "model": "{attempt}/outputs/model/model",
    }
    work = CommandKind().work("fit.py", reading, given, EnvironmentRef(interpreter="py"))
    assert work.argv == ["py", "{attempt}/code/fit.py", "--alpha", "2.0"]
    assert work.handed == {"rate": 3, "table": "{attempt}/inputs/table/t.csv"}
