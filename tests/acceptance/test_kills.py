"""kill -9 of the processes of an installed nbyard: the run ends as without the kill, publishes
nothing twice, and leaves nothing."""

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from sqlalchemy import text

from nbyard.domain.callers import Caller
from nbyard.domain.runs.structs import RunDetail
from nbyard.ipc.dispatcher_launcher import LEASE, is_dead
from nbyard.rest.identity import local_name
from nbyard.runtimes.supervisor_parents import NO_ATTEMPT
from nbyard.settings import Settings
from nbyard.yard import Yard

from ..notebooks import PARAMETERS, notebook

PATIENCE_SECONDS = 60.0
SWEEP_SECONDS = 30.0
WAITING = "echo ready\nuntil [ -e {gate} ]; do sleep 0.02; done"
SLOW = """
import os, time
print("ready", flush=True)
while not os.path.exists({gate!r}):
    time.sleep(0.02)
open(output_txt, "w").write("made")
"""
KILL_ON_ANSWER = """
import dataclasses, os, pathlib, signal, sys
from nbyard.domain.callers import Caller
from nbyard.domain.runs.structs import NewRun
from nbyard.rest.identity import local_name
from nbyard.yard import Yard
yard = Yard.open(start=pathlib.Path.cwd())
die = lambda: os.kill(os.getpid(), signal.SIGKILL)
mortal = Yard(yard.settings, dataclasses.replace(yard.context, ensure_dispatcher=die))
body = NewRun(path=sys.argv[1])
mortal.services.runs.create(Caller(local_name()), body, idempotency_key="once")
"""


def until(condition: Callable[[], Any], what: str, seconds: float = PATIENCE_SECONDS) -> Any:
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, f"waited in vain for {what}"
        time.sleep(0.02)
    return found


class Place:
    """A folder with a workflow, its own store, and the installed programs."""

    def __init__(self, folder: Path, programs: Path):
        self.folder = folder
        self.programs = programs
        self.witness = folder / "witness"
        self.gate = folder / "gate"
        self.root = folder / "root"
        self.root.mkdir()
        self.environment = {**os.environ, "NBYARD_STORE_DIR": str(folder / "store")}
        self.environment |= {"NBYARD_IDLE_SECONDS": "1", "NBYARD_SLOTS": "2"}
        config = Settings(store_dir=str(folder / "store"), inline_dispatch=True)
        self.yard = Yard.open(config)  # it looks, and starts nothing
        self.caller = Caller(local_name())

    # What is run

    def flow(self, first: str = "", notebook: str = "") -> None:
        """Write first → second; each adds a line to the witness when it is executed."""
        nodes: dict[str, Any] = {"second": {"type": "executable", "path": "second.sh"}}
        self._script("second", 'cat "$SOURCE" > "$OUT"', takes=True)
        if notebook:
            self._notebook("first", notebook)
        else:
            self._script("first", f'{first}\necho made > "$OUT"', takes=False)
        suffix = "ipynb" if notebook else "sh"
        nodes["first"] = {"type": "executable", "path": f"first.{suffix}"}
        output = "output_txt" if notebook else "out"
        edge = {"source": "first", "output": output, "target": "second", "input": "source"}
        whole = {"version": 1, "meta": {}, "nodes": nodes, "edges": {"e": edge}, "positions": {}}
        whole["edges"] = {f"first.{output}->second.source": edge}
        (self.root / "flow.nbflow").write_text(json.dumps(whole))

    def _script(self, name: str, body: str, takes: bool) -> None:
        (self.root / f"{name}.sh").write_text(f"echo {name} >> {self.witness}\n{body}\n")
        arguments = [{"name": "out", "role": "output", "format": "txt"}]
        arguments += [{"name": "source", "role": "input"}] if takes else []
        for argument in arguments:
            variable = str(argument["name"]).upper()
            argument["reach"] = {"kind": "variable", "variable": variable}  # type: ignore[assignment]
        told = {"version": 1, "kind": "command", "arguments": arguments}
        (self.root / f"{name}.sh.nbexec").write_text(json.dumps(told))

    def _notebook(self, name: str, body: str) -> None:
        tell = f"open({str(self.witness)!r}, 'a').write('first\\n')"
        text = notebook("output_txt = 'o.txt'", f"{tell}\n{body}", tags=[PARAMETERS])
        (self.root / f"{name}.ipynb").write_text(text)

    # Who runs it

    def start(self, *words: str, **environment: str) -> "subprocess.Popen[str]":
        """Start one of the installed programs in its own session."""
        return subprocess.Popen(
            [str(self.programs / words[0]), *words[1:]],
            cwd=self.root,
            env={**self.environment, **environment},
            start_new_session=True,
            text=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def call(self, *words: str, **environment: str) -> str:
        process = self.start(*words, **environment)
        told, _ = process.communicate(timeout=PATIENCE_SECONDS)
        assert process.returncode == 0, told
        return told

    def submit(self, **environment: str) -> str:
        return self.call("nbyard", "run", "flow.nbflow", "--detach", **environment).strip()

    # What came of it

    def detail(self, run: str = "1") -> RunDetail:
        return self.yard.services.runs.get(self.caller, run)

    def has_ended(self) -> bool:
        return self.detail().run.state in ("succeeded", "failed", "cancelled")

    def holder(self) -> str:
        """Return the live holder of the lease; empty if there is none."""
        with self.yard.store.read() as c:
            lease = self.yard.store.leases.get(c, LEASE)
        if lease is None or is_dead(lease.holder):
            return ""
        return lease.holder

    def has_been_held(self) -> bool:
        with self.yard.store.read() as c:
            return self.yard.store.leases.get(c, LEASE) is not None

    def dispatcher(self) -> int:
        return int(until(self.holder, "a dispatcher").split(":")[1])

    def marked(self) -> list[psutil.Process]:
        """Return all live processes with the mark of the store, except the dispatcher's prepared
        parent."""
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                marks = process.environ()
                mine = marks.get("NBYARD_STORE") == self.yard.store.id
                mine = mine and marks.get("NBYARD_ATTEMPT_ID") != NO_ATTEMPT
                if mine and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
        return found

    def wait_ready(self) -> None:
        until(lambda: "ready" in self._log(), "the first node")

    def _log(self) -> str:
        with contextlib.suppress(Exception):
            return self.yard.services.runs.log(self.caller, "1", "first").text
        return ""

    def executed(self) -> list[str]:
        return self.witness.read_text().split() if self.witness.exists() else []

    def attempts(self, node: str) -> list[str]:
        task = next(task for task in self.detail().tasks if task.node == node)
        return [attempt.state for attempt in task.attempts]

    def check_end(self) -> None:
        """Check that the run succeeded, was published once, and left nothing."""
        until(self.has_ended, "the end of the run")
        detail = self.detail()
        assert detail.run.state == "succeeded", detail
        published = sorted((task.node, a.name) for task in detail.tasks for a in task.artifacts)
        published = [one for one in published if one[1] != "executed.ipynb"]
        assert len(published) == len(set(published)) == 2
        with self.yard.store.read() as c:
            assert c.execute(text("select count(*) from cache")).scalar() == 2
            assert c.execute(text("select count(*) from runs")).scalar() == 1
        until(lambda: not self.marked(), "nothing of ours alive", SWEEP_SECONDS)
        until(lambda: not self.left(), f"a tidy store, not {self.left()}", SWEEP_SECONDS)

    def left(self) -> list[str]:
        """Return files that are neither record nor result."""
        store = self.yard.store.folder
        found = [str(path) for path in (store / "blobs" / "tmp").iterdir()]
        for folder in (store / "attempts").iterdir():
            found += [str(folder / name) for name in ("code", "inputs", "outputs", "lock")]
            with contextlib.suppress(OSError, ValueError):
                found.append(json.loads((folder / "runner.json").read_text()).get("scratch", ""))
        return [path for path in found if path and os.path.lexists(path)]

    def close(self) -> None:
        """Kill what the test left, by name, because the processes are not children of the test."""
        if self.holder():
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.dispatcher(), signal.SIGTERM)
        until(lambda: not self.holder(), "the dispatcher's end")
        for process in self.marked():
            with contextlib.suppress(psutil.Error):
                process.kill()
        self.yard.close()


@pytest.fixture(scope="module")
def programs(request: pytest.FixtureRequest) -> Path:
    """Return the folder of the installed programs; NBYARD_TEST_PROGRAMS names another one."""
    named = os.environ.get("NBYARD_TEST_PROGRAMS")
    if named:
        return Path(named)
    return Path(request.getfixturevalue("installed").folder) / "bin"


@pytest.fixture
def place(tmp_path: Path, programs: Path) -> Iterator[Place]:
    made = Place(tmp_path, programs)
    yield made
    made.close()


def test_run_survives_the_death_of_its_dispatcher(place: Place) -> None:
    """Any client that reads the run starts a new dispatcher. tests/faults kills at every point."""
    place.flow()
    place.submit(NBYARD_CRASH_AT="published")
    until(place.has_been_held, "a dispatcher")
    until(lambda: not place.holder(), "its death")
    assert not place.has_ended()
    place.call("nbyard", "runs", "show", "1")
    place.check_end()
    assert sorted(place.executed()) == ["first", "second"]
    assert place.attempts("first") == place.attempts("second") == ["succeeded"]


def test_run_survives_a_client_killed_before_the_response(place: Place) -> None:
    """The run is committed, and the same key returns it."""
    place.flow()
    script = place.folder / "die.py"
    script.write_text(KILL_ON_ANSWER)
    process = place.start("python", str(script), "flow.nbflow")
    process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == -signal.SIGKILL
    assert place.detail().run.state == "queued"
    assert not place.holder()
    script.write_text(KILL_ON_ANSWER.replace("os.kill(os.getpid(), signal.SIGKILL)", "None"))
    place.call("python", str(script), "flow.nbflow")
    place.check_end()
    assert sorted(place.executed()) == ["first", "second"]


def test_run_survives_the_death_of_all_its_processes(place: Place) -> None:
    """In the midst of the work: kernel, runner, supervisor and dispatcher."""
    place.flow(notebook=SLOW.format(gate=str(place.gate)))
    place.submit()
    place.wait_ready()
    pids = [process.pid for process in place.marked()]
    assert pids
    for pid in (place.dispatcher(), *pids):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    place.gate.touch()
    until(lambda: not place.holder(), "the dispatcher's death")
    place.call("nbyard", "runs", "ls")
    place.check_end()
    assert place.attempts("first") == ["lost", "succeeded"]
    assert place.attempts("second") == ["succeeded"]
    assert place.executed() == ["first", "first", "second"]


def test_run_survives_its_killed_shell(place: Place) -> None:
    """`nbyard run` is killed with all its children."""
    place.flow(WAITING.format(gate=place.gate))
    shell = place.start("nbyard", "run", "flow.nbflow")
    place.wait_ready()
    os.killpg(shell.pid, signal.SIGKILL)
    shell.communicate(timeout=PATIENCE_SECONDS)
    place.gate.touch()
    place.check_end()
    assert place.executed() == ["first", "second"]


def test_waiting_shell_restarts_a_killed_dispatcher(place: Place) -> None:
    place.flow(WAITING.format(gate=place.gate))
    shell = place.start("nbyard", "run", "flow.nbflow")
    place.wait_ready()
    os.kill(place.dispatcher(), signal.SIGKILL)
    place.gate.touch()
    told, _ = shell.communicate(timeout=PATIENCE_SECONDS)
    assert shell.returncode == 0, told
    place.check_end()
    assert place.executed() == ["first", "second"]
