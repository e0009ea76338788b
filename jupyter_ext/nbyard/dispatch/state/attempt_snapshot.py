"""A snapshot of an attempt for threads to work with, and what they report back."""

import threading
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from nbyard.attempts import folders
from nbyard.dispatch.context import DispatchContext
from nbyard.dispatch.state.live_runs import LiveAttempt, LiveTask
from nbyard.domain.attempts.monitor_links import container_ports
from nbyard.domain.attempts.other_files import OtherFiles
from nbyard.domain.attempts.structs import Failure, Output, Result
from nbyard.domain.runs.run_progress import is_left_out, is_pruned
from nbyard.domain.runs.structs import BytesOf, ResultOf, Run, TaskPlan
from nbyard.errors import NotFound
from nbyard.reasons.structs import Reason, because
from nbyard.runtimes.protocol import Order
from nbyard.store.runs.attempts import AttemptRecord
from nbyard.store.runs.tasks import TaskRecord

REQUIREMENTS = "code/.nbyard-requirements.txt"
# Less than one step of priority, so that a retry overtakes no run of a higher priority.
AGAIN = 0.5


@dataclass(frozen=True)
class Started:
    """The runtime has started the attempt."""

    site: str
    at: datetime


@dataclass(frozen=True)
class WaitEnded:
    """The attempt continues predictions of an earlier one; `rows` are already done."""

    rows: int


@dataclass(frozen=True)
class Running:
    """The attempt is running."""

    at: datetime


@dataclass(frozen=True)
class Waits:
    """The attempt waits for `what`; None ends the wait."""

    what: Reason | None


@dataclass(frozen=True)
class Ended:
    """The attempt has ended; with a `result`, it reported its end itself."""

    how: Literal["succeeded", "failed", "cancelled", "lost"]
    failure: Failure | None = None
    result: Result | None = None
    rows: list[dict[str, Any]] = field(default_factory=list)  # artifacts whose bytes are stored
    hold: ExitStack = field(default_factory=ExitStack)  # protects the bytes until the commit
    is_as_keyed: bool = True  # whether the cache key describes the packages that were installed
    warning: Reason | None = None  # differences from the lock, and other warnings
    others: OtherFiles | None = None  # files beside the declared outputs
    reason: Reason | None = None  # why the attempt was lost
    is_whole: bool = False  # all outputs are stored, although a contract stops the branch


@dataclass(frozen=True)
class NotBegun:
    """The worker ended before it began the attempt; another worker may get it."""


@dataclass(frozen=True)
class WorkerLeft:
    """The function worker accepts no more calls."""


@dataclass(frozen=True)
class AttemptGone:
    """No process of an ended attempt is left, so its GPUs are free."""


Fact = Started | WaitEnded | Running | Waits | Ended | NotBegun | WorkerLeft | AttemptGone


@dataclass(frozen=True)
class Report:
    """All facts from one check of an attempt or function worker."""

    attempt_id: str
    facts: list[Fact]

    def release(self) -> None:
        """Allow the collection of the bytes of this report again.

        Rows name the bytes now, or they are not wanted.
        """
        for fact in self.facts:
            if isinstance(fact, Ended):
                fact.hold.close()


class ReportInbox:
    """Reports of all threads; `ring` wakes the loop."""

    def __init__(self) -> None:
        self.ring: Callable[[], None] = lambda: None
        self._lock = threading.Lock()
        self._reports: list[Report] = []
        self._is_rung = False

    def put(self, report: Report | None) -> None:
        """Add a report; None only wakes the loop for another round."""
        with self._lock:
            if report is not None:
                self._reports.append(report)
            # One ring per round is enough to wake the loop.
            is_first, self._is_rung = not self._is_rung, True
        if is_first:
            self.ring()

    def take(self) -> list[Report]:
        """Return all reports since the last call."""
        with self._lock:
            reports, self._reports, self._is_rung = self._reports, [], False
        return reports


@dataclass(frozen=True)
class AttemptSnapshot:
    """A live attempt with its task, run and inputs, and what its runtime needs."""

    attempt: AttemptRecord
    task: TaskRecord
    run: Run
    order: Order
    inputs: dict[str, BytesOf]
    lost: int  # number of lost attempts before it
    outputs: dict[str, Output] | None = None  # expected outputs if there is no task.json
    since: float = field(default_factory=time.monotonic)  # when the dispatcher learned of it

    @property
    def is_cancelled(self) -> bool:
        """Return whether the task or its run is cancelled."""
        asked = self.run.cancel_requested_at or self.task.cancel_requested_at
        return asked is not None or is_pruned(self.task.reason)

    @property
    def attempt_ids(self) -> list[str]:
        """Return the IDs of the attempts that a check of it is about."""
        return [self.attempt.id]


def snapshot_of(context: DispatchContext, live: LiveAttempt) -> AttemptSnapshot:
    """Return the snapshot of an attempt from the board."""
    task, run = live.task, live.task.run
    order = order_of(context, live.record, task.record, run.run.priority)
    inputs = inputs_of(task)
    return AttemptSnapshot(
        live.record, task.record, run.run, order, inputs, task.lost, since=live.since
    )


def order_of(
    context: DispatchContext, attempt: AttemptRecord, task: TaskRecord, priority: int
) -> Order:
    """Return what a runtime needs to know of an attempt.

    Retries get a slightly higher priority.
    """
    plan, used = task.plan, task.plan.environment
    # All members of a project use the image that was built for the owner of their environment.
    owner = used.owner if used and used.owner and not plan.image else task.owner
    return Order(
        attempt_id=attempt.id,
        store_id=context.store.id,
        run_id=task.run_id,
        node_id=task.node,
        folder=folders.attempt_folder_of(context.folder, attempt.id, attempt.worker),
        mark=attempt.mark,
        site=attempt.site,
        image=plan.image,
        requirements=REQUIREMENTS if plan.requirements_digest else "",
        cpu=plan.cpu,
        memory_bytes=plan.memory_bytes,
        gpu=plan.gpu,
        gpus=attempt.gpus,
        warm=plan.warm,
        ports=list(container_ports(plan.ports).values()),
        priority=priority + (AGAIN if attempt.number > 1 else 0.0),
        owner_key=context.store.isolation.owner_key(owner),
        caps=(context.settings.max_other_bytes, context.settings.max_other_files),
    )


def inputs_of(task: LiveTask) -> dict[str, BytesOf]:
    """Return the bytes of each bound input of a task, by name.

    Raises:
        NotFound: An upstream task has no such output.
    """
    tasks, plan = task.run.tasks, task.record.plan
    optional = {node: tasks[node].record for node in plan.optional_needs()}
    left_out = {node for node, own in optional.items() if is_left_out(own.state, own.reason)}
    return inputs_from(plan.without(left_out), lambda node: tasks[node].results)


def inputs_from(
    plan: TaskPlan, results_of: Callable[[str], Mapping[str, BytesOf]]
) -> dict[str, BytesOf]:
    """Return the bytes of each bound input; `results_of` returns a node's outputs by name.

    Raises:
        NotFound: An upstream node has no such output.
    """
    inputs: dict[str, BytesOf] = {}
    for name, binding in plan.bindings.items():
        if isinstance(binding, BytesOf):
            inputs[name] = binding
        elif isinstance(binding, ResultOf):
            made = results_of(binding.node).get(binding.output)
            if made is None:
                raise NotFound(because("output-not-made", node=binding.node, output=binding.output))
            inputs[name] = made
    return inputs
