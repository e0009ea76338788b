"""The parents of supervisors leave nothing behind."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from nbyard.runtimes.process import ProcessRuntime
from nbyard.runtimes.supervisor_parents import Parents, sweep_warm_ups
from nbyard.testing.conformance.runtimes import STORE, wait_until

LIVES = os.getpid()
# a rehearsal is over in a moment: this one stays in its folder
STAYS = """
import signal, tempfile
make = tempfile.mkdtemp
tempfile.mkdtemp = lambda *words: make(*words) and signal.pause()
"""


@pytest.fixture
def gone() -> int:
    """A pid that nobody has."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


@pytest.fixture
def places(tmp_path, monkeypatch) -> Path:
    """Where temporary folders are made."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_only_leftovers_of_dead_processes_of_this_store_are_deleted(places, gone):
    stay = [f"nby-s[1]-{LIVES}-a", f"nby-s1-{gone}-b", f"nby-other-{gone}-c", "nby-s[1]", "nby-d_e"]
    for name in (*stay, f"nby-s[1]-{gone}-f"):
        (places / name).mkdir()
        (places / name / "rehearsal.ipynb").touch()
    sweep_warm_ups("s[1]")
    assert sorted(os.listdir(places)) == sorted(stay)


def test_each_sweep_removes_leftovers(places, gone):
    left = places / f"nby-{STORE}-{gone}-a"
    left.mkdir()
    ProcessRuntime().sweep(STORE, [])
    assert not left.exists()


@pytest.mark.skipif(sys.platform != "linux", reason="there are no prepared parents")
def test_a_parent_killed_during_warm_up_leaves_no_files(places, monkeypatch):
    """As by a dispatcher that leaves before it needed it."""
    (places / "sitecustomize.py").write_text(STAYS)
    monkeypatch.setenv("PYTHONPATH", str(places))
    runtime = ProcessRuntime(parents=Parents())
    runtime.prepare_notebooks(STORE)
    wait_until(lambda: any(places.glob(f"nby-{STORE}-*")))
    runtime.close()
    assert list(places.glob("nby-*")) == []
