"""A dispatcher without processes: it stores runs, uses a fake runtime and ticks on demand.

The test decides the result of each attempt.
"""

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from nbyard.attempts import folders
from nbyard.dispatch.context import DispatchContext
from nbyard.dispatch.loop import Dispatcher
from nbyard.dispatch.state.attempt_snapshot import AttemptSnapshot, snapshot_of
from nbyard.domain.attempts.structs import RESULT, TASK, Failure, Result, TaskFile
from nbyard.domain.callers import Caller
from nbyard.domain.executables.structs import NewExecutable
from nbyard.domain.ids import new_id
from nbyard.domain.maps.structs import EACH, MapPlan
from nbyard.domain.runs.structs import ResultOf, Run, RunDetail, Task, TaskPlan, ValueOf
from nbyard.errors import Unavailable
from nbyard.reasons.structs import Reason, text_reason
from nbyard.runtimes.protocol import Observation, Order
from nbyard.store import Connection
from nbyard.store.leases import Lease
from nbyard.yard import Yard

OWNER = Caller("ada")
SCRIPT = "print('hello')\n"
INPUTS = ("in0", "in1", "in2")


def _reach(name: str) -> dict[str, Any]:
    return {"reach": {"kind": "option", "flag": f"--{name}"}}


DESCRIPTION = {
    "version": 1,
    "kind": "command",
    "arguments": [
        *({"name": name, "role": "input", "required": False, **_reach(name)} for name in INPUTS),
        {"name": "n", "role": "value", "type": "int", "default": 0, **_reach("n")},
        {"name": "out", "role": "output", "format": "txt", **_reach("out")},
    ],
}
Graph = Mapping[str, Sequence[str]]
ONE_NODE: Graph = {"a": ()}


def mapped_plan(plan: TaskPlan, maps: Mapping[str, MapPlan]) -> TaskPlan:
    """Return the plan with its map, whose first input has the elements or follows them."""
    own = maps.get(plan.node)
    bindings = dict(plan.bindings)
    for name, binding in plan.bindings.items():
        if own and own.each and isinstance(binding, ResultOf):
            bindings[EACH] = bindings.pop(name)
        elif own and isinstance(binding, ResultOf) and binding.node in maps:
            bindings[name] = msgspec.structs.replace(binding, each=True)
    return msgspec.structs.replace(plan, map=own, bindings=bindings)


class FakeRuntime:
    """A runtime whose attempts live in a dictionary; it obeys unless the test says otherwise."""

    name = "fake"

    def __init__(self) -> None:
        self.orders: dict[str, Order] = {}
        self.states: dict[str, str] = {}
        self.starts: list[str] = []
        self.stops: list[tuple[str, str]] = []
        self.swept: list[str] = []
        self.ended_runs: list[str] = []
        self.out_of_reach = ""
        self.refusal: Exception | None = None
        self.obeys = True
        self.begins = True
        self.waits = ""
        self.unheard = ""

    queues_itself = False

    def open(self, store_id: str) -> None:
        """Do nothing: the runtime holds no resources."""

    def close(self) -> None:
        """Do nothing: the runtime holds no resources."""

    def start(self, order: Order) -> str:
        """Start an attempt, unless it is already known."""
        self._reach()
        if self.refusal is not None:
            raise self.refusal
        if self.states.get(order.attempt_id, "unbegun") == "unbegun":
            self.starts.append(order.attempt_id)
            self.orders[order.attempt_id] = order
            self.states[order.attempt_id] = "running" if self.begins else "starting"
        return "here"

    def poll(self, order: Order) -> Observation:
        """Return the state of an attempt, with the reason that the test chose."""
        self._reach()
        if (order.folder / RESULT).exists():
            return Observation("finished")
        state = self.states.get(order.attempt_id, "absent")
        reasons = {"lost": "killed by the test", "starting": self.waits, "running": self.unheard}
        reason = text_reason(reasons.get(state, ""))
        return Observation(state, reason)  # type: ignore[arg-type]

    def logs(self, order: Order) -> None:
        """Fetch nothing: attempts have no logs here."""
        self._reach()

    def stop(self, order: Order, reason: Reason) -> None:
        """Record the request, and end the attempt if the runtime obeys."""
        self._reach()
        self.stops.append((order.attempt_id, str(reason)))
        if self.obeys and self.states.get(order.attempt_id) in ("starting", "unbegun", "running"):
            self.end(order.attempt_id, "cancelled", failure=Failure("cancelled", reason))

    def sweep(self, store_id: str, live: Collection[str]) -> list[str]:
        """Lose all attempts that are not live; return their ids."""
        gone = [attempt_id for attempt_id in self.running if attempt_id not in live]
        for attempt_id in gone:
            self.states[attempt_id] = "lost"
        self.swept += gone
        return gone

    def end_run(self, run_id: str) -> None:
        """Record the end of a run."""
        self.ended_runs.append(run_id)

    def _reach(self) -> None:
        if self.out_of_reach:
            raise Unavailable(self.out_of_reach)

    @property
    def running(self) -> list[str]:
        """Return the ids of the running attempts."""
        return [attempt_id for attempt_id, state in self.states.items() if state == "running"]

    def end(self, attempt_id: str, state: str = "succeeded", text: str = "", **more: Any) -> None:
        """Write what a runner would write: the output if there is one, and result.json last."""
        folder = self.orders[attempt_id].folder
        task = msgspec.json.decode((folder / TASK).read_bytes(), type=TaskFile)
        outputs = []
        if state == "succeeded" and "out" in task.outputs:
            (folder / task.outputs["out"].path).write_text(text or attempt_id)
            outputs = ["out"]
        now = time.time()
        fields = {"token": task.token, "started_at": now, "finished_at": now, "outputs": outputs}
        plain = {"attempt_id": attempt_id, "state": state, **fields, **more}
        content = msgspec.json.encode(msgspec.convert(plain, Result, from_attributes=True))
        (folder / "result.tmp").write_bytes(content)
        (folder / "result.tmp").rename(folder / RESULT)
        self.states[attempt_id] = "finished"

    def lose(self, attempt_id: str) -> None:
        """Mark an attempt as lost, as after a kill from outside."""
        self.states[attempt_id] = "lost"

    def forget(self, attempt_id: str) -> None:
        """Mark a waiting attempt as unknown to the runtime."""
        self.states[attempt_id] = "unbegun"


class Bench:
    """A yard, two fake runtimes ("fake" and "far") and the dispatcher in charge."""

    def __init__(self, yard: Yard, root: Path):
        self.yard = yard
        self.store = yard.store
        self.runtime = FakeRuntime()
        self.far = FakeRuntime()
        self.root = root
        self.version = self.register()
        self._former: list[Dispatcher] = []
        self.context, self.dispatcher = self._take_over()

    def register(self) -> tuple[str, str, list[Any]]:
        (self.root / "work.py").write_text(SCRIPT)
        (self.root / "work.py.nbexec").write_bytes(msgspec.json.encode(DESCRIPTION))
        made = self.yard.services.executables.create(OWNER, NewExecutable(path="work.py"))
        return made.id, made.current.id, made.current.arguments

    def _take_over(self) -> tuple[DispatchContext, Dispatcher]:
        parts = self.yard.context
        context = DispatchContext(
            settings=parts.settings,
            store=self.store,
            blobs=parts.blobs,
            tables=parts.tables,
            links=parts.links,
            runtimes={"fake": self.runtime, "far": self.far},
            lease=self._lease(),
        )
        return context, Dispatcher(context)

    def _lease(self) -> Lease:
        with self.store.write() as c:
            # The previous dispatcher counts as killed. Its lease would otherwise have to expire.
            known = self.store.leases.get(c, "dispatcher")
            if known is not None:
                self.store.leases.release(c, known)
            lease = self.store.leases.take(c, "dispatcher", "bench", 3600)
        assert lease is not None
        return lease

    def replace_dispatcher(self) -> Dispatcher:
        """Replace the dispatcher, as after kill -9.

        Returns the previous one.
        """
        former = self.dispatcher
        self._former.append(former)
        self.context, self.dispatcher = self._take_over()
        return former

    def close(self) -> None:
        """Stop the threads of all dispatchers."""
        for dispatcher in [*self._former, self.dispatcher]:
            dispatcher.settle(10)
            dispatcher.end_threads()

    def submit(self, graph: Graph = ONE_NODE, **plan: Any) -> str:
        """Create a run of these nodes, each with its upstream nodes; return its id.

        Nodes in `maps` run once for each element.
        """
        maps: Mapping[str, MapPlan] = plan.pop("maps", {})
        now, run_id = datetime.now(UTC), new_id()
        row: dict[str, Any] = dict.fromkeys(
            ("title", "path", "workflow_id", "workflow_version_id"), ""
        )
        owner = plan.pop("owner", OWNER.name)
        row |= {"id": run_id, "owner": owner, "runtime": "fake", "created_at": now}
        row["reason"] = None
        row |= {"priority": plan.pop("priority", 0), "origin": plan.pop("origin", "manual")}
        with self.store.write() as c:
            self.store.runs.insert(c, {**row, "parameters": {}, "edges": []})
            run = self.store.runs.by_id(c, run_id)
            assert run is not None
            plans = [
                mapped_plan(self._plan(node, needs, plan), maps) for node, needs in graph.items()
            ]
            rows: list[dict[str, Any]] = [
                {
                    "id": new_id(),
                    "run_id": run_id,
                    "node": task_plan.node,
                    "place": place,
                    "cached": False,
                    "cache_key": "",
                    "reason": None,
                    "plan": msgspec.to_builtins(task_plan),
                    "executable_id": task_plan.executable_id,
                    "created_at": now,
                }
                for place, task_plan in enumerate(plans)
            ]
            self.store.tasks.insert(c, run.owner, run.id, rows)
        return run_id

    def _plan(self, node: str, needs: Sequence[str], more: Mapping[str, Any]) -> TaskPlan:
        executable, version, arguments = self.version
        results = {INPUTS[at]: ResultOf(need, "out") for at, need in enumerate(needs)}
        plain = {"label": node, "runtime": "fake", "cache": False, **more}
        number = ValueOf(plain.pop("n", 0))
        plain["when"] = plain.pop("conditions", {}).get(node, "")
        return TaskPlan(
            node=node,
            executable_id=executable,
            executable_version_id=version,
            arguments=arguments,
            bindings={"n": number, **results},
            **plain,
        )

    def start(self, **plan: Any) -> str:
        """Create a run of the node "a" whose attempt runs; return its id."""
        run_id = self.submit(**plan)
        self.until_task(run_id, "running")
        return run_id

    def finished(self, text: str = "", **plan: Any) -> str:
        """Create a run of the node "a" that has succeeded; return its id."""
        run_id = self.start(**plan)
        self.finish(run_id, text)
        return run_id

    def finish(self, run_id: str, text: str = "") -> None:
        """Let the attempt at "a" succeed with this output, and with it the run."""
        self.runtime.end(self.attempt(run_id), text=text)
        self.until_run(run_id, "succeeded")

    def fail(self, run_id: str, words: str, node: str = "a", *, kind: str = "error") -> None:
        """Let the attempt at a node fail for this reason."""
        failure = Failure(kind, text_reason(words))  # type: ignore[arg-type]
        self.runtime.end(self.attempt(run_id, node), "failed", failure=failure)

    def until_run(self, run_id: str, state: str) -> None:
        """Run rounds until a run has this state."""
        self.until(lambda: self.run(run_id).state == state)

    def until_task(self, run_id: str, state: str, node: str = "a") -> None:
        """Run rounds until the task of a node has this state."""
        self.until(lambda: self.task(run_id, node).state == state)

    def until_attempts(self, run_id: str, states: Sequence[str]) -> None:
        """Run rounds until the attempts at "a" have these states."""
        self.until(lambda: self.states(run_id) == states)

    def round(self, times: int = 1) -> None:
        """Run rounds of the dispatcher, each with its work in threads."""
        for _ in range(times):
            self.dispatcher.tick()
            assert self.dispatcher.settle(30)

    def until(self, condition: Callable[[], Any], rounds: int = 200) -> None:
        """Run rounds until the condition holds."""
        for _ in range(rounds):
            if condition():
                return
            self.round()
        raise AssertionError(f"waited in vain; the runs: {self._run_states()}")

    def until_now(self, condition: Callable[[], Any]) -> None:
        """Run rounds beside threads that may be busy for long, until the condition holds."""
        deadline = time.monotonic() + 60
        while not condition():
            assert time.monotonic() < deadline, f"waited in vain; the runs: {self._run_states()}"
            self.dispatcher.tick()
            self.dispatcher.settle(0.01)
            time.sleep(0.01)  # rounds without a pause would keep a core busy

    def _run_states(self) -> list[Any]:
        page = self.yard.services.runs.list(OWNER)
        runs = [self.detail(run.id) for run in page.items]
        return [
            (detail.run.state, [(t.node, t.state, t.why) for t in detail.tasks]) for detail in runs
        ]

    def cancel(self, run_id: str) -> None:
        """Cancel a run."""
        self.yard.services.runs.cancel(OWNER, run_id)

    def cancel_before_write(self, run_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """Cancel a run between the dispatcher's look at it and its next write."""
        write = self.context.write

        def cancelled_before() -> AbstractContextManager[Connection]:
            monkeypatch.undo()
            self.cancel(run_id)
            return write()

        monkeypatch.setattr(self.context, "write", cancelled_before)

    def run(self, run_id: str) -> Run:
        """Return a run, read directly from the store since tests ask after each round."""
        with self.store.read() as c:
            run = self.store.runs.by_id(c, run_id)
        assert run is not None
        return run

    def detail(self, run_id: str) -> RunDetail:
        """Return a run with its tasks."""
        return self.yard.services.runs.get(OWNER, run_id)

    def task(self, run_id: str, node: str = "a") -> Task:
        """Return the task of a node, read directly from the store as `run` is."""
        with self.store.read() as c:
            task = next(task for task in self.store.tasks.views(c, run_id) if task.node == node)
            attempts = self.store.attempts.views(c, run_id, [task.id])
            artifacts = self.store.artifacts.of_run(c, run_id, [task.id])
            place = self.store.tasks.queue_positions(c, run_id).get(task.id)
        return msgspec.structs.replace(task, attempts=attempts, artifacts=artifacts, place=place)

    def attempt(self, run_id: str, node: str = "a") -> str:
        """Return the id of the newest attempt at the node."""
        return self.task(run_id, node).attempts[-1].id

    def states(self, run_id: str, node: str = "a") -> list[str]:
        """Return the states of all attempts at the node."""
        return [attempt.state for attempt in self.task(run_id, node).attempts]

    def failure(self, run_id: str) -> Failure:
        """Return the failure of the node "a"."""
        failure = self.task(run_id).failure
        assert failure is not None
        return failure

    def snapshot(self, run_id: str, node: str = "a") -> AttemptSnapshot:
        """Return the live attempt at the node, as the dispatcher knows it."""
        board = self.dispatcher.runs.board
        if run_id not in board.runs:
            with self.store.read() as c:
                board.read(c, run_id)
        live = board.runs[run_id].tasks[node].attempt
        assert live is not None
        return snapshot_of(self.context, live)

    def folder(self, attempt_id: str) -> Path:
        """Return the folder of an attempt."""
        return folders.attempt_folder_of(self.store.folder, attempt_id)
