"""Commands that run programs or read tables."""

import json
import subprocess
import sys
from pathlib import Path

from nbyard.testing.dispatcher_thread import Dispatching
from nbyard.yard import Yard


def test_successful_run_exits_with_0(shell, echo, dispatcher: Dispatching):
    """The second = belongs to the value. Progress is on standard error."""
    said = shell("run", echo, "-p", "word=a=b=c", "--name", "first")
    assert said.code == 0, said.err
    assert "succeeded" in said.err
    assert "a=b=c" in shell("runs", "log", "first").out
    assert shell("runs", "status", "first").out == "succeeded\n"


def test_pin_applies_to_one_run(shell, echo, dispatcher: Dispatching):
    """The used run is shown with its number."""
    assert shell("run", echo, "--name", "first").code == 0
    said = shell("run", echo, "-p", "word=other", "--pin", "main=first")
    assert "result of run 1" in said.err
    assert "pinned" not in shell("run", echo, "-p", "word=other", "--pin", "main=").err


def test_json_output_contains_only_json(shell, echo, dispatcher: Dispatching):
    said = shell("run", echo, "--json")
    assert (said.code, said.err) == (0, "")
    assert said.json["run"]["state"] == "succeeded"
    assert shell("runs", "ls", "--json").json["items"][0]["state"] == "succeeded"
    assert shell("run", "show", "1", "--json").code == 2


def test_failed_run_exits_with_1(shell, yard, dispatcher: Dispatching):
    """The failure and its log are named."""
    (yard.context.files.root / "bad.sh").write_text("#!/bin/sh\nexit 4\n")
    said = shell("run", "bad.sh")
    assert said.code == 1
    assert "main failed" in said.err
    assert "nbyard runs log" in said.err
    assert said.err.endswith("with the same code: nbyard runs retry 1\n")
    assert shell("runs", "status", "1").code == 1


def test_datasets_can_be_managed_from_a_shell(shell, yard, dispatcher: Dispatching):
    (yard.context.files.root / "a.csv").write_text("x,y\n1,2\n")
    said = shell("datasets", "add", "a.csv", "--name", "Mine")
    assert said.code == 0
    assert "1 × 2" in said.err
    assert "Mine" in shell("datasets", "ls").out
    assert shell("dataset", "show", "Mine", "--json").json["id"] == said.out.strip()
    shown = shell("datasets", "show", "Mine").out
    assert "1 × 2" in shown
    assert "sha256:" in shown
    assert "ready" in shell("datasets", "versions", "Mine").out
    assert shell("datasets", "rm", "Mine").code == 0
    assert shell("datasets", "show", "Mine").code == 3


def test_runs_are_shown_as_text(shell, echo, dispatcher: Dispatching):
    shell("run", echo, "-p", "word=hello")
    shown = shell("runs", "show", "1")
    assert shown.code == 0
    assert "succeeded" in shown.out
    assert "no earlier result" in shown.out
    assert shell("runs", "show", "1", "--json").json["run"]["number"] == 1


def test_terminal_controls_in_names_and_logs_are_removed(shell, yard, dispatcher: Dispatching):
    """Links, clipboard access and cursor moves. Colours are kept on a terminal."""
    evil = "\\033]8;;javascript:alert(1)\\033\\\\x\\033]52;c;eA==\\007\\033[2J\\033[31mred\\033[0m"
    script = f"#!/bin/sh\nprintf '{evil}\\n'\nprintf '10%%\\r20%%\\n'\n"
    (yard.context.files.root / "evil.sh").write_text(script)
    shell("run", "evil.sh")
    out = shell("runs", "log", "1").out
    assert "red" in out
    assert "\x1b" not in out
    assert "\x07" not in out
    assert "10%\n20%\n" in out


def test_installed_command_works(tmp_path: Path):
    """Doctor, in a process of its own."""
    program = Path(sys.executable).with_name("nbyard")
    done = subprocess.run(
        [program, "doctor", "--json"],
        capture_output=True,
        text=True,
        env={"PATH": "/usr/bin:/bin", "NBYARD_STORE_DIR": str(tmp_path / "store")},
        check=False,
        timeout=60,
    )
    assert done.returncode in (0, 1), done.stderr
    assert {check["state"] for check in json.loads(done.stdout)["checks"]} <= {
        "ok", "missing", "failed",
    }  # fmt: skip


def test_two_versions_of_a_dataset_are_compared(shell, yard: Yard, dispatcher):
    folder = yard.context.files.root / "t"
    folder.mkdir()
    for text in ("1", "2"):
        (folder / "a").write_text(text)
        assert shell("datasets", "add", "t", "--replace").code == 0
    said = shell("datasets", "compare", "t", "1", "2")
    assert said.code == 0, said.err
    assert said.out.startswith("version  1 → 2\n") and "~ a  1 B\n" in said.out
    assert shell("datasets", "compare", "t", "--json").json["file_changes"] == 1
    assert "bytes are the same" in shell("datasets", "compare", "t", "2", "2").err
    assert shell("datasets", "compare", "t", "9").code == 3


def test_dataset_in_use_is_deleted_only_with_force(shell, yard: Yard, dispatcher):
    root = yard.context.files.root
    (root / "t.csv").write_text("a\n1\n")
    assert shell("datasets", "add", "t.csv").code == 0
    nodes = {"t": {"type": "dataset", "dataset": "t.csv"}}
    (root / "flow.nbflow").write_text(json.dumps({"version": 1, "nodes": nodes, "edges": {}}))
    said = shell("datasets", "rm", "t.csv")
    assert said.code == 1 and "'t.csv' is used by " in said.err and "flow.nbflow" in said.err
    assert shell("datasets", "rm", "t.csv", "--force").code == 0


def test_command_exits_without_a_garbage_collection():
    """All objects are frozen before the interpreter's last collection."""
    code = """
import atexit, gc
atexit.register(lambda: print(gc.get_freeze_count() > 0))
from nbyard.cli.main import main
main()
"""
    words = [sys.executable, "-c", code, "--version"]
    done = subprocess.run(words, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.splitlines()[-1] == "True"
