"""A program is run with --help within limits."""

import math
import os
import sys
from types import SimpleNamespace

import pytest

from nbyard.errors import Invalid
from nbyard.host import help_output
from nbyard.host.help_output import MAX_BYTES, run_help
from nbyard.testing.conformance.runtimes import wait_until

PYTHON = [sys.executable, "-c"]


def test_help_is_read_from_both_streams():
    program = "import sys; print(sys.argv[1:], flush=True); print('more', file=sys.stderr)"
    assert run_help([*PYTHON, program]) == "['--help']\nmore\n"


def test_help_runs_in_an_empty_folder_without_input_or_our_variables(monkeypatch):
    monkeypatch.setenv("JUPYTER_TOKEN", "secret")
    monkeypatch.setenv("NBYARD_STORE_DIR", "/x")
    program = (
        "import os, sys; print(os.listdir(), repr(sys.stdin.read()), os.environ['COLUMNS'],"
        " [n for n in os.environ if n.startswith(('JUPYTER', 'NBYARD'))], os.getcwd())"
    )
    *told, folder = run_help([*PYTHON, program]).split()
    assert told == ["[]", "''", "200", "[]"] and not os.path.exists(folder)


def test_output_is_limited():
    assert len(run_help([*PYTHON, "while True: print('x' * 10000)"])) == MAX_BYTES


def test_a_program_that_does_not_end_is_killed_with_its_children(tmp_path, monkeypatch):
    moments = iter([0.0, 0.0])  # the time is over once the program has printed
    clock = SimpleNamespace(monotonic=lambda: next(moments, math.inf))
    monkeypatch.setattr(help_output, "time", clock)
    note = tmp_path / "pid"
    program = f"sleep 1000 & echo $! > {note}; echo usage: x; wait"
    assert run_help(["sh", "-c", program]) == "usage: x\n"
    child = int(note.read_text())
    wait_until(lambda: not _is_alive(child))


def _is_alive(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as handle:
            return handle.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (["/no/such/program"], "cannot be started"),
        (["a\0b"], "cannot be started"),
        ([*PYTHON, ""], "printed nothing"),
    ],
)
def test_a_program_without_help_is_refused(command, words):
    with pytest.raises(Invalid, match=words):
        run_help(command)
