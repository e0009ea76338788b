"""The tests of a runtime: subclass `RuntimeConformance` in a test module.

    class TestMine(RuntimeConformance):
        image = "alpine"                        # the image that attempts need, if any

        @pytest.fixture
        def runtime(self): return MyRuntime()

        def lose(self, runtime, order): …       # kill the attempt without the runtime's knowledge

The attempts use `sh` and coreutils only, so any image will do. What a runtime may offer beside the
methods of `Runtime` (`nbyard.runtimes.protocol.OPTIONAL`) is tested where it does.
"""

import inspect
import secrets
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import msgspec
import pytest

from nbyard.attempts.folders import delete_path
from nbyard.domain.attempts.structs import (
    CANCEL,
    LOG,
    RESULT,
    TASK,
    CommandWork,
    Output,
    Result,
    TaskFile,
)
from nbyard.domain.environments.structs import Lock
from nbyard.errors import Unavailable
from nbyard.reasons.structs import Reason, because
from nbyard.runtimes.protocol import (
    OPTIONAL,
    EndsRuns,
    KnowsImages,
    KnowsPackages,
    KnowsPaths,
    MadeFromSettings,
    Order,
    PathState,
    Runtime,
)
from nbyard.settings import Settings

PATIENCE_SECONDS = 60.0
MANY_FOLDERS = 1_200
CANCEL_SECONDS = 20.0  # five seconds on an idle machine
STORE = f"conformance-{uuid.uuid4().hex[:8]}"

Place = Callable[..., Order]


def wait_until(condition: Callable[[], bool], seconds: float = PATIENCE_SECONDS) -> None:
    """Wait until a condition holds; fail after `seconds`."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


def finish(runtime: Runtime, order: Order) -> Result:
    """Wait for the end of an attempt and return its result."""
    wait_until(lambda: runtime.poll(order).state in ("finished", "lost"))
    runtime.logs(order)
    assert runtime.poll(order).state == "finished"
    return msgspec.json.decode((order.folder / RESULT).read_bytes(), type=Result)


class RuntimeConformance:
    """The tests that every runtime must pass."""

    image = ""

    def lose(self, runtime: Runtime, order: Order) -> None:
        """Kill an attempt without the runtime's knowledge; skip if that is impossible."""
        pytest.skip("this runtime has no way to lose an attempt")

    @pytest.fixture
    def place(self, tmp_path: Path, runtime: Runtime) -> Iterator[Place]:
        """Return a function that creates attempts; stop them after the test."""
        placed: list[Order] = []

        def place(script: str, outputs: dict[str, Output] | None = None, **more: object) -> Order:
            order = place_attempt(tmp_path, script, outputs or {}, self.image, **more)
            placed.append(order)
            return order

        yield place
        for order in placed:
            runtime.stop(order, because("cancelled"))
            wait_until(lambda order=order: runtime.poll(order).state != "running")  # type: ignore[misc]
        runtime.sweep(STORE, [])

    def test_success_with_output_and_log(self, runtime: Runtime, place: Place) -> None:
        order = place(
            'echo hello; echo "$NBYARD_RUN_ID" > "$NBYARD_ATTEMPT/outputs/o.txt"',
            {"o": Output("outputs/o.txt")},
        )
        assert runtime.poll(order).state == "absent"
        assert runtime.start(order)
        result = finish(runtime, order)
        assert (result.state, result.failure, result.outputs) == ("succeeded", None, ["o"])
        assert result.token == "token"
        assert (order.folder / "outputs" / "o.txt").read_text() == "run-7\n"
        assert (order.folder / LOG).read_text() == "hello\n"

    def test_exit_code_with_last_lines(self, runtime: Runtime, place: Place) -> None:
        """Check that a failure has its exit code, its last line and the log's end (E4)."""
        order = place("echo one; echo two >&2; exit 3")
        runtime.start(order)
        failure = finish(runtime, order).failure
        assert failure is not None
        assert (failure.kind, failure.exit_code) == ("exit-code", 3)
        assert failure.reason.code == "exited-after-line"
        # a container's two streams have no order
        assert failure.reason.params["line"] in ("one", "two")
        assert {"one", "two"} <= set(failure.traceback.split())

    def test_missing_output_breaks_the_contract(self, runtime: Runtime, place: Place) -> None:
        order = place("true", {"table": Output("outputs/table.csv")})
        runtime.start(order)
        failure = finish(runtime, order).failure
        assert failure is not None
        assert (failure.kind, failure.reason.code) == ("contract", "output-missing")
        assert failure.reason.params["output"] == "table"

    def test_deeply_nested_output(self, runtime: Runtime, place: Place) -> None:
        """Check that an attempt ends whose output has more folders than Python has calls."""
        nest = f"$(printf 'd/%.0s' $(seq {MANY_FOLDERS}))"
        order = place(f'mkdir -p "$NBYARD_ATTEMPT/outputs/o/{nest}"', {"o": Output("outputs/o")})
        runtime.start(order)
        finish(runtime, order)
        delete_path(order.folder)
        assert not order.folder.exists()

    def test_start_is_idempotent(self, runtime: Runtime, place: Place) -> None:
        """Check that several starts execute the work once (I3)."""
        order = place('echo once >> "$NBYARD_ATTEMPT/outputs/count"; sleep 1')
        (order.folder / "outputs").mkdir()
        # In a container, the work may run as another user.
        (order.folder / "outputs").chmod(0o777)
        sites = {runtime.start(order) for _ in range(3)}
        finish(runtime, order)
        sites.add(runtime.start(order))
        assert runtime.poll(order).state == "finished"
        assert (order.folder / "outputs" / "count").read_text() == "once\n"
        assert len(sites) == 1

    def test_cancel_ends_even_what_ignores_it(self, runtime: Runtime, place: Place) -> None:
        """Check that a cancel asks at once, and kills within five seconds (R7, I9)."""
        order = place("trap '' TERM INT; echo ready; while true; do sleep 0.1; done")
        runtime.start(order)
        wait_until(lambda: self._log(runtime, order) != "")
        runtime.stop(order, because("cancelled"))
        assert runtime.poll(order).state == "running", "whoever cancels does not wait for it"
        wait_until(lambda: runtime.poll(order).state == "finished", CANCEL_SECONDS)
        result = finish(runtime, order)
        assert result.state == "cancelled"
        assert result.failure is not None and result.failure.message == str(because("cancelled"))

    def test_cancel_before_start(self, runtime: Runtime, place: Place) -> None:
        """Check that an attempt that was cancelled in the queue never runs (I9)."""
        order = place('touch "$NBYARD_ATTEMPT/outputs/ran"')
        (order.folder / CANCEL).write_text("changed my mind")
        runtime.start(order)
        assert finish(runtime, order).state == "cancelled"
        assert not (order.folder / "outputs" / "ran").exists()

    def test_timeout(self, runtime: Runtime, place: Place) -> None:
        """Check that the limit is enforced where the attempt runs (I11)."""
        order = place("sleep 60", timeout_seconds=0.5)
        runtime.start(order)
        failure = finish(runtime, order).failure
        assert failure is not None and failure.kind == "timeout"

    def test_lost(self, runtime: Runtime, place: Place) -> None:
        """Check that an attempt killed from outside is lost, with a reason (F4, F5, R8)."""
        order = place("sleep 600")
        runtime.start(order)
        wait_until(lambda: runtime.poll(order).state == "running")
        self.lose(runtime, order)
        wait_until(lambda: runtime.poll(order).state == "lost")
        assert isinstance(runtime.poll(order).reason, Reason)

    def test_optional_methods_have_the_declared_parameters(self, runtime: Runtime) -> None:
        """Check the signatures of optional methods, which are found by their names alone."""
        for protocol in OPTIONAL:
            if isinstance(runtime, protocol):
                for name in [name for name in vars(protocol) if not name.startswith("_")]:
                    own = inspect.signature(getattr(runtime, name)).parameters
                    declared = [*inspect.signature(getattr(protocol, name)).parameters][1:]
                    assert [*own] == declared, f"{protocol.__name__}.{name}"

    def test_it_is_made_from_settings(self, runtime: Runtime) -> None:
        cls = type(runtime)
        made = cls.from_settings(Settings()) if isinstance(cls, MadeFromSettings) else cls()
        assert made.name == runtime.name
        made.close()

    def test_optional_methods_do_what_is_declared(self, runtime: Runtime, place: Place) -> None:
        """Check that the end of a run can be repeated, as after a lost answer (I12)."""
        if isinstance(runtime, EndsRuns):
            order = place("true")
            runtime.start(order)
            finish(runtime, order)
            runtime.end_run(order.run_id)
            runtime.end_run(order.run_id)
        if isinstance(runtime, KnowsImages):
            assert runtime.image_id("nbyard.invalid/missing:1") == ""
        if isinstance(runtime, KnowsPaths):
            wait_until(lambda: bool(_states_by_machine(runtime)))
            for states in _states_by_machine(runtime):
                assert list(states["/"][0]) == ["folder"]
                assert list(states["/nbyard-missing"][0]) == ["missing"]
        if isinstance(runtime, KnowsPackages):
            wait_until(lambda: bool(_installed(runtime)))

    def _log(self, runtime: Runtime, order: Order) -> str:
        runtime.logs(order)
        log = order.folder / LOG
        return log.read_text() if log.exists() else ""


def _installed(runtime: KnowsPackages) -> list[Lock]:
    """Return what is installed where the work is done, or nothing until that is known."""
    try:
        return runtime.locks()
    except Unavailable:
        return []


def _states_by_machine(runtime: KnowsPaths) -> Sequence[Mapping[str, PathState]]:
    """Return the states of two paths on each machine, or nothing until the machines are there."""
    try:
        return runtime.path_states(["/", "/nbyard-missing"])
    except Unavailable:
        return []


class Supervised(RuntimeConformance):
    """The tests of runtimes with a supervisor beside the attempt."""

    def test_silence_has_a_limit(self, runtime: Runtime, place: Place) -> None:
        """Check that a silent attempt is killed, and one that prints continues (F15, I11)."""
        speaks = place("for i in 1 2 3 4; do sleep 0.3; echo $i; done", silence_timeout_seconds=5.0)
        silent = place("echo begins; sleep 1000", silence_timeout_seconds=0.5)
        runtime.start(silent)
        failure = finish(runtime, silent).failure
        runtime.stop(silent, because("cancelled"))
        assert failure is not None
        assert (failure.kind, failure.message) == (
            "timeout",
            "produced no output or progress for 0.5 s",
        )
        runtime.start(speaks)
        assert finish(runtime, speaks).state == "succeeded"


def place_attempt(
    parent: Path, script: str, outputs: dict[str, Output], image: str, **more: object
) -> Order:
    """Create an attempt folder that runs a shell script, and return its order."""
    attempt_id = str(uuid.uuid4())
    folder = parent / attempt_id
    (folder / "code").mkdir(parents=True)
    task = TaskFile(
        attempt_id=attempt_id,
        token="token",
        mark=secrets.token_hex(16),
        work=CommandWork(argv=["sh", "-c", script]),
        outputs=outputs,
        environment={"NBYARD_RUN_ID": "run-7"},
    )
    task = msgspec.structs.replace(task, **more)
    (folder / TASK).write_bytes(msgspec.json.encode(task))
    return Order(
        attempt_id=attempt_id,
        store_id=STORE,
        run_id="run-7",
        node_id="node",
        folder=folder,
        mark=task.mark,
        image=image,
        memory_bytes=task.memory_bytes,
    )
