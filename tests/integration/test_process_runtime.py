"""Attempts as processes: the conformance suite, and the effects of kills, floods and daemons."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import psutil
import pytest

from nbyard.domain.attempts.structs import EVENTS, LOG, RUNNER, USAGE, NotebookWork, Output
from nbyard.errors import NbyardError, Unavailable
from nbyard.host.wakeup import PROGRESS, open_listener
from nbyard.reasons.structs import because
from nbyard.runner.supervision.work_log import LIMIT_BYTES
from nbyard.runtimes.process import ProcessRuntime
from nbyard.runtimes.protocol import Order, Runtime
from nbyard.runtimes.supervisor_parents import RUNNER as RUNNER_PROGRAM
from nbyard.runtimes.supervisor_parents import Parents
from nbyard.testing.conformance.runtimes import (
    STORE,
    Place,
    RuntimeConformance,
    Supervised,
    finish,
    place_attempt,
    wait_until,
)

from ..notebooks import PARAMETERS, notebook
from .attempts import executed, failure_of, log_of, run, supervisor_pid

pytestmark = pytest.mark.sample(1)

RUNNER_FOLDER = RUNNER_PROGRAM.parent


def alive(order: Order) -> list[str]:
    """Return the live processes that have the mark of the attempt."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("NBYARD_MARK") == order.mark and process.status() != "zombie":
                found.append(" ".join(process.cmdline()))
        except psutil.Error:
            continue
    return found


def printed(order: Order) -> str:
    """Return what the notebook printed.

    A started ipykernel may exit before its shutdown thread reports idle, and then prints that
    thread's error."""
    return log_of(order).partition("ERROR:tornado.general:Uncaught exception in ZMQStream")[0]


def place_notebook(place: Place, *sources: str, **parameters: object) -> Order:
    work = NotebookWork("code/n.ipynb", "python3", "python", parameters)
    order = place("", work=work)
    (order.folder / "code" / "n.ipynb").write_text(notebook(*sources, tags=[PARAMETERS]))
    return order


@pytest.fixture(scope="module")
def prepared() -> Iterator[ProcessRuntime]:
    """Provide one parent for all tests, so that the next test would see what an attempt leaves."""
    runtime = ProcessRuntime(parents=Parents())
    runtime.open(STORE)
    runtime.prepare_notebooks(STORE)
    yield runtime
    runtime.close()


@pytest.fixture(scope="module")
def ready() -> Iterator[ProcessRuntime]:
    """Provide such a parent with kernels that are ready in advance."""
    runtime = ProcessRuntime(parents=Parents(ready_kernels=2, ready_bytes=1 << 30))
    runtime.open(STORE)
    runtime.prepare_notebooks(STORE)
    yield runtime
    runtime.close()


@pytest.fixture(params=["started", "forked", "ready"])
def runtime(
    request: pytest.FixtureRequest, prepared: ProcessRuntime, ready: ProcessRuntime
) -> Runtime:
    """Provide the runtime with each way to start an attempt."""
    return {"forked": prepared, "ready": ready}.get(request.param) or ProcessRuntime()


class TestProcessRuntime(Supervised):
    def lose(self, runtime: Runtime, order: Order) -> None:
        os.kill(supervisor_pid(order), signal.SIGKILL)

    @pytest.mark.parametrize("program", ['PYTHON "$@"; kill -9 $$', "exit 3"])
    def test_killed_start_can_be_repeated(self, place: Place, tmp_path: Path, program: str) -> None:
        """If the supervisor exists already, it is adopted and the work runs once."""
        python = tmp_path / "python"
        python.write_text(f"#!/bin/sh\n{program.replace('PYTHON', sys.executable)}\n")
        python.chmod(0o755)
        order = place("echo once")
        with pytest.raises(Unavailable, match="exited during its start"):
            ProcessRuntime(str(python)).start(order)
        runtime = ProcessRuntime()
        assert run(runtime, order).state == "succeeded"
        assert log_of(order) == "once\n"

    def test_killed_supervisor_leaves_no_process(self, runtime: Runtime, place: Place) -> None:
        """Even daemons in sessions of their own are killed."""
        order = place("setsid sleep 1000 & (setsid sh -c 'sleep 1001 & sleep 1002' &) ; sleep 1003")
        runtime.start(order)
        wait_until(lambda: len(alive(order)) >= 6)
        os.kill(supervisor_pid(order), signal.SIGKILL)
        wait_until(lambda: not alive(order))
        assert runtime.poll(order).state == "lost"

    def test_stop_works_after_supervisor_and_guard_were_killed(
        self, runtime: Runtime, place: Place
    ) -> None:
        """`stop` and `poll` still find the remaining processes."""
        order = place("setsid sleep 1000 & sleep 1001")
        runtime.start(order)
        wait_until(lambda: sum("sleep" in line for line in alive(order)) >= 2)
        pid = supervisor_pid(order)
        for child in [*psutil.Process(pid).children(), psutil.Process(pid)]:
            child.kill()
        wait_until(lambda: not psutil.pid_exists(pid))
        runtime.stop(order, because("text", text="gone anyway"))
        assert not alive(order)
        assert runtime.poll(order).state == "lost"

    def test_killed_command_is_lost_and_a_crash_is_a_failure(
        self, runtime: Runtime, place: Place
    ) -> None:
        """A kill from outside loses the attempt, as in a container."""
        for number, kind in ((signal.SIGKILL, "lost"), (signal.SIGSEGV, "exit-code")):
            order = place(f"kill -{number:d} $$")
            failure = failure_of(runtime, order)
            assert failure.kind == kind
            assert failure.message.startswith(f"killed by signal {number:d}")

    def test_daemons_are_killed_at_the_end_of_an_attempt(
        self, runtime: Runtime, place: Place
    ) -> None:
        """Double-forked children are included."""
        order = place("(setsid env -i sleep 1000 &) ; (setsid sleep 1001 &) ; sleep 0.2")
        assert run(runtime, order).state == "succeeded"
        assert not alive(order)
        assert "left behind were ended" in log_of(order)

    def test_sweep_kills_only_orphans_of_this_store(
        self, runtime: Runtime, place: Place, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Orphans have the label of the store, no live attempt, and a minimum age."""
        monkeypatch.setattr("nbyard.runtimes.process.NEWBORN_SECONDS", 600.0)
        order = place("sleep 1000")
        runtime.start(order)
        assert runtime.sweep(STORE, []) == []
        monkeypatch.setattr("nbyard.runtimes.process.NEWBORN_SECONDS", -1.0)
        assert runtime.sweep("another-store", []) == []
        assert runtime.sweep(STORE, [order.attempt_id]) == []
        assert runtime.poll(order).state == "running"
        swept = runtime.sweep(STORE, ["another-attempt"])
        assert swept and all(order.attempt_id in line for line in swept)
        wait_until(lambda: runtime.poll(order).state == "lost")

    def test_supervisor_suspended_by_sigstop_can_be_cancelled(
        self, runtime: Runtime, place: Place
    ) -> None:
        """SIGSTOP does not keep an attempt alive."""
        order = place("sleep 1000")
        runtime.start(order)
        os.kill(supervisor_pid(order), signal.SIGSTOP)
        runtime.stop(order, because("text", text="hangs"))
        assert finish(runtime, order).state == "cancelled"

    def test_memory_limit_ends_the_attempt(self, runtime: Runtime, place: Place) -> None:
        order = place(
            "x=$(head -c 150000000 /dev/zero | tr '\\0' x); sleep 60", memory_bytes=5 << 24
        )
        failure = failure_of(runtime, order)
        assert failure.kind == "memory" and "limit" in failure.message

    def test_work_with_a_full_log_still_counts_as_active(
        self, runtime: Runtime, place: Place
    ) -> None:
        """The work keeps printing, and the dispatcher is notified of it."""
        flood = "head -c 67108864 /dev/zero | tr '\\0' x; while sleep 0.2; do echo more; done"
        order = place(flood, silence_timeout_seconds=60.0)
        runtime.start(order)
        events = order.folder / EVENTS
        wait_until(lambda: events.exists() and events.read_text().count('"full"') > 1)
        assert (order.folder / LOG).stat().st_size <= LIMIT_BYTES
        runtime.stop(order, because("text", text="enough"))
        assert finish(runtime, order).state == "cancelled"
        assert "more\n" in log_of(order)

    def test_log_flood_is_capped_and_counted(self, runtime: Runtime, place: Place) -> None:
        """The end of one line of 100 MiB is kept, and the missing bytes are counted."""
        order = place("head -c 104857600 /dev/zero | tr '\\0' x; echo; echo the end")
        run(runtime, order)
        log = order.folder / LOG
        assert log.stat().st_size <= 64 * 1024 * 1024 + 400
        text = log.read_text()
        assert text.endswith("the end\n") and "lines missing here: " in text

    def test_resource_usage_of_the_work_is_recorded(self, runtime: Runtime, place: Place) -> None:
        """All its processes count, during the run and at its end."""
        busy = "import time; t = time.time() + 60; a = bytearray(90_000_000)\n"
        busy += "while time.time() < t: pass"
        order = place(f"{sys.executable} -c '{busy}' & wait")
        runtime.start(order)

        def seen() -> list[dict]:
            path = order.folder / USAGE
            lines = path.read_text().splitlines() if path.exists() else []
            return [json.loads(line) for line in lines]

        def is_busy(line: dict) -> bool:
            return line["memory"] > 90_000_000 and line["processes"] == 2 and line["cpu"] > 0.2

        wait_until(lambda: any(is_busy(line) for line in seen()))
        runtime.stop(order, because("text", text="enough"))
        finish(runtime, order)
        last = seen()[-1]
        assert (last["processes"], last["memory"]) == (0, 0)
        assert last["cpu"] >= max(line["cpu"] for line in seen())

    def test_million_lines_are_logged_in_order(self, runtime: Runtime, place: Place) -> None:
        order = place("seq 1000000")
        run(runtime, order)
        lines = log_of(order).splitlines()
        assert len(lines) == 1_000_000 and lines[-1] == "1000000" and lines[4711] == "4712"

    def test_output_that_is_a_link_or_a_fifo_is_refused(
        self, runtime: Runtime, place: Place
    ) -> None:
        for command, word in (("ln -s /etc/passwd", "link"), ("mkfifo", "neither")):
            script = f'{command} "$NBYARD_ATTEMPT/outputs/o"'
            failure = failure_of(runtime, place(script, {"o": Output("outputs/o")}))
            assert failure.kind == "contract" and word in failure.message

    def test_unreadable_task_is_reported(self, runtime: Runtime, place: Place) -> None:
        order = place("true")
        (order.folder / "task.json").write_text("{")
        with pytest.raises(NbyardError, match=r"task\.json"):
            runtime.start(order)

    def test_work_does_not_see_variables_of_the_server(
        self, runtime: Runtime, place: Place, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Neither the hub's token nor Jupyter's parent process ID reach the work."""
        monkeypatch.setenv("JUPYTERHUB_API_TOKEN", "s3cr3t")
        monkeypatch.setenv("JPY_PARENT_PID", "1")
        monkeypatch.setenv("NBYARD_DATABASE", "secret")
        order = place("env")
        run(runtime, order)
        text = log_of(order)
        assert "JUPYTERHUB" not in text and "JPY_" not in text and "DATABASE" not in text
        assert f"NBYARD_ATTEMPT={order.folder}" in text

    def test_full_disk_ends_the_work_with_a_result(
        self, runtime: Runtime, place: Place, tmp_path: Path
    ) -> None:
        """The lost bytes are counted."""
        disk = tmp_path / "disk"
        disk.mkdir()
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(disk)],
            capture_output=True,
            check=False,
        )
        if mounted.returncode:
            pytest.skip("file systems cannot be mounted here")
        try:
            made = place("seq 2000000; echo the end")
            order = msgspec.structs.replace(made, folder=disk / made.attempt_id)
            shutil.copytree(made.folder, order.folder)
            assert run(runtime, order).state == "succeeded"
            assert "No space left" in log_of(order)
            assert '"incomplete"' in (order.folder / "events.jsonl").read_text()
        finally:
            subprocess.run(["umount", "-l", str(disk)], check=True)


class TestForeground:
    """The program that containers and cluster workers start, from a copied folder."""

    place = RuntimeConformance.place
    image = ""

    def run(self, order: Order, copied: Path) -> int:
        shutil.copytree(RUNNER_FOLDER, copied, ignore=shutil.ignore_patterns("__pycache__"))
        command = [sys.executable, "-I", str(copied / "__main__.py"), "--foreground"]
        done = subprocess.run([*command, str(order.folder)], cwd="/", timeout=60, check=False)
        return done.returncode

    def test_copied_runner_executes_a_notebook(
        self, runtime: Runtime, place: Place, tmp_path: Path
    ) -> None:
        """HOUSE: the runner needs no other module of nbyard."""
        order = place_notebook(place, "x = 1", "print(x + 1)", x=2)
        assert self.run(order, tmp_path / "copied") == 0
        result = finish(runtime, order)
        assert result.state == "succeeded"
        assert result.started_at < (result.working_at or 0) < result.finished_at
        assert printed(order) == "3\n"

    def test_second_start_does_not_run_the_work_again(
        self, runtime: Runtime, place: Place, tmp_path: Path
    ) -> None:
        """This also holds after the first supervisor was killed, which loses the attempt."""
        order = place('cd "$NBYARD_ATTEMPT"; echo run >> count; touch counted; sleep 1000')
        runtime.start(order)
        wait_until((order.folder / "counted").exists)
        os.kill(supervisor_pid(order), signal.SIGKILL)
        wait_until(lambda: runtime.poll(order).state == "lost")
        assert self.run(order, tmp_path / "copied") == 0
        assert runtime.poll(order).state == "lost"
        assert (order.folder / "count").read_text() == "run\n"

    def test_usage_is_shown_without_arguments(self) -> None:
        done = subprocess.run(
            [sys.executable, str(RUNNER_FOLDER / "__main__.py")],
            capture_output=True,
            check=False,
        )
        assert done.returncode == 2 and b"usage" in done.stderr


class TestNotebooks:
    """Notebooks through the process runtime."""

    place = RuntimeConformance.place
    image = ""

    def test_values_reach_the_kernel(self, runtime: Runtime, place: Place) -> None:
        """Typed values and working directory; the executed notebook is a copy."""
        order = place_notebook(
            place,
            "from pathlib import Path\ntext = 'a'\nwhere = Path('x')\nnumbers = (1,)",
            "import os\nprint(repr(text), where.name, numbers, os.path.basename(os.getcwd()))",
            text="'\"\\\n${HOME}`id`\u2028\U0001f600",
            where="{attempt}/inputs/data.csv",
            numbers=[1, 2],
        )
        before = (order.folder / "code" / "n.ipynb").read_bytes()
        result = run(runtime, order)
        assert result.failure is None
        expected = repr("'\"\\\n${HOME}`id`\u2028\U0001f600") + " data.csv (1, 2) code\n"
        assert printed(order) == expected
        assert (order.folder / "code" / "n.ipynb").read_bytes() == before
        cells = executed(order)
        assert cells[1]["metadata"]["tags"] == ["injected-parameters"]
        assert cells[2]["outputs"][0]["text"] == expected
        assert result.usage["cpu_seconds"] > 0

    def test_failing_cell_keeps_the_notebook_so_far(self, runtime: Runtime, place: Place) -> None:
        """The notebook is kept up to the failing cell, with its traceback.

        Each cell notes where its output starts in the log.
        """
        written = "import os\nwhile os.path.getsize('../log') < 10_001:\n    pass"
        first = f"print('ä' * 5000, flush=True)\n{written}"
        order = place_notebook(place, first, "1 / 0", "print('never')")
        failure = failure_of(runtime, order)
        assert (failure.kind, failure.cell, failure.error_name) == ("error", 1, "ZeroDivisionError")
        assert failure.message == "ZeroDivisionError: division by zero"
        assert "1 / 0" in failure.traceback or "ZeroDivisionError" in failure.traceback
        cells = executed(order)
        assert cells[1]["outputs"][0]["ename"] == "ZeroDivisionError"
        assert cells[2]["outputs"] == []
        lines = (order.folder / "events.jsonl").read_text().splitlines()
        events = [json.loads(line) for line in lines]
        assert failure.executed_cell == 1
        states = [(e["cell"], e["state"]) for e in events if e["type"] == "cell"]
        assert states == [(0, "running"), (0, "done"), (1, "running"), (1, "failed")]
        starts = [event["log_bytes"] for event in events if event.get("state") == "running"]
        log = (order.folder / "log").read_bytes()
        assert [log[:start].decode() for start in starts] == ["", "ä" * 5000 + "\n"]
        assert [event["seq"] for event in events] == list(range(1, len(events) + 1))

    @pytest.mark.sample(2)
    @pytest.mark.parametrize(
        "source", ["1 / 0", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"]
    )
    @pytest.mark.parametrize(("tags", "executed"), [([], 3), (["injected-parameters"], 2)])
    def test_progress_counts_only_cells_of_the_author(
        self, runtime: Runtime, place: Place, source: str, tags: list[str], executed: int
    ) -> None:
        """The injected cell is not counted, and one of an earlier run is removed."""
        order = place_notebook(place, "x = 1", "y = 0", source, x=2)
        path = order.folder / "code" / "n.ipynb"
        written = json.loads(path.read_text())
        written["cells"][1]["metadata"]["tags"] = tags
        path.write_text(json.dumps(written))
        failure = failure_of(runtime, order)
        assert (failure.cell, failure.executed_cell) == (2, executed)
        assert failure.kind == "error" or "in cell 3" in failure.message

    def test_missing_fields_of_cells_are_added_to_the_copy(
        self, runtime: Runtime, place: Place
    ) -> None:
        order = place_notebook(place, "print('before')", "x = 1")
        path = order.folder / "code" / "n.ipynb"
        written = json.loads(path.read_text())
        del written["cells"][1]["metadata"]
        path.write_text(json.dumps(written))
        assert run(runtime, order).state == "succeeded"
        assert "source; cells: 2" in log_of(order)
        assert "metadata" not in json.loads(path.read_text())["cells"][1]

    def test_killed_kernel_is_reported_with_its_signal(
        self, runtime: Runtime, place: Place
    ) -> None:
        """Within five seconds; printed text is kept."""
        order = place_notebook(
            place, "print('before')", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
        )
        failure = failure_of(runtime, order)
        assert failure.kind == "kernel-died"
        assert "signal 9" in failure.message
        assert "before" in log_of(order)

    def test_kernel_killed_during_its_start_is_lost(
        self, place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Like a running one. A kernel that exits by itself is a failure."""
        for name, end in (("killed", "kill -9 $$"), ("broken", "exit 3")):
            spec = tmp_path / "data" / "kernels" / name
            spec.mkdir(parents=True)
            told = {"argv": ["sh", "-c", end], "display_name": name, "language": "python"}
            (spec / "kernel.json").write_text(json.dumps(told))
        monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "data"))
        runtime = ProcessRuntime()
        for name, kind in (("killed", "kernel-died"), ("broken", "preparation")):
            order = place("", work=NotebookWork("code/n.ipynb", name, "python", {}))
            (order.folder / "code" / "n.ipynb").write_text(notebook("1"))
            failure = failure_of(runtime, order)
            assert failure.kind == kind, failure
            assert "exited during startup" in failure.message

    def test_killed_notebook_leaves_no_connection_file(
        self, place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The connection file contains the key of the kernel."""
        (tmp_path / "tmp").mkdir()
        monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
        kill = "import os, signal; os.kill(os.getppid(), signal.SIGKILL)"
        order = place_notebook(place, kill)
        runtime = ProcessRuntime()
        failure = failure_of(runtime, order)
        assert failure.kind == "kernel-died"
        wait_until(lambda: not list((tmp_path / "tmp").iterdir()))

    def test_kernel_stops_with_its_supervisor(self, runtime: Runtime, place: Place) -> None:
        """Processes that the kernel started stop as well."""
        order = place_notebook(
            place,
            "import subprocess; subprocess.Popen(['setsid', 'sleep', '1000'])",
            "print('up')\nimport time; time.sleep(1000)",
        )
        runtime.start(order)
        wait_until(lambda: "up" in log_of(order))
        os.kill(supervisor_pid(order), signal.SIGKILL)
        wait_until(lambda: not alive(order))
        wait_until(lambda: runtime.poll(order).state == "lost")
        scratch = Path(json.loads((order.folder / RUNNER).read_text())["scratch"])
        wait_until(lambda: not scratch.exists())

    def test_cancel_interrupts_the_cell(self, runtime: Runtime, place: Place) -> None:
        """The cell can clean up, and the notebook so far is kept."""
        order = place_notebook(
            place,
            "import time",
            "try:\n    print('busy')\n    time.sleep(1000)\nfinally:\n    print('cleaned up')",
            "print('never')",
        )
        runtime.start(order)
        wait_until(lambda: "busy" in log_of(order))
        runtime.stop(order, because("text", text="enough"))
        assert finish(runtime, order).state == "cancelled"
        assert "cleaned up" in log_of(order) and "never" not in log_of(order)
        assert not alive(order)
        assert "KeyboardInterrupt" in (order.folder / "executed.ipynb").read_text()

    def test_unknown_kernel_is_refused_with_the_installed_ones(
        self, runtime: Runtime, place: Place
    ) -> None:
        order = place("", work=NotebookWork("code/n.ipynb", "no_such", "", {}))
        (order.folder / "code" / "n.ipynb").write_text(notebook("1"))
        failure = failure_of(runtime, order)
        assert failure.kind == "preparation"
        assert "no_such" in failure.message and "python3" in failure.message

    def test_another_kernel_of_the_language_runs_the_notebook(
        self, runtime: Runtime, place: Place
    ) -> None:
        """The kernel of the notebook is not installed, as in a container."""
        order = place("", work=NotebookWork("code/n.ipynb", "no_such", "python", {}))
        (order.folder / "code" / "n.ipynb").write_text(notebook("print('ran')"))
        assert run(runtime, order).state == "succeeded"
        words = "The kernel no_such is not installed: python3 runs the notebook.\nran\n"
        assert printed(order) == words

    def test_temporary_folder_is_empty_after_the_attempt(
        self, runtime: Runtime, place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """No connection files and no sockets remain."""
        scratch = tmp_path / "t"
        scratch.mkdir()
        monkeypatch.setenv("TMPDIR", str(scratch))
        order = place_notebook(place, "x = 1")
        assert run(runtime, order).state == "succeeded"
        wait_until(lambda: not any(scratch.glob("nby-*")))


def test_progress_notifications_are_limited_in_rate(tmp_path: Path) -> None:
    """At most ten a second; the last progress and the end are always reported."""
    script = (
        "for n in $(seq 100); do echo $n; sleep 0.005; done; until [ -e go ]; do sleep 0.1; done"
    )
    runtime = ProcessRuntime()
    with open_listener(tmp_path) as listener:
        wake = str(listener.path.parent)
        order = place_attempt(tmp_path, script, {}, "", wake=wake)
        before = time.monotonic()
        runtime.start(order)
        heard = [listener.listen(30.0, bool)]
        wait_until(lambda: log_of(order).count("\n") == 100)
        while words := listener.listen(1.0, bool):
            heard.append(words)
        assert all(words == {PROGRESS} for words in heard)
        assert len(heard) <= (time.monotonic() - before) / 0.1 + 1
        (order.folder / "code" / "go").touch()
        while order.attempt_id.encode() not in (words := listener.listen(30.0, bool)):
            assert words == {PROGRESS}
    finish(runtime, order)
