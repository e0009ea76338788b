"""A snapshot of an attempt for threads to work with."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from nbyard.attempts import folders
from nbyard.dispatch.context import DispatchContext
from nbyard.dispatch.state.live_runs import LiveAttempt, LiveTask
from nbyard.domain.attempts.monitor_links import container_ports
from nbyard.domain.attempts.structs import Output
from nbyard.domain.runs.structs import BytesOf, ResultOf, Run, TaskPlan
from nbyard.errors import NotFound
from nbyard.reasons.structs import because
from nbyard.runtimes.protocol import Order
from nbyard.store.runs.attempts import AttemptRecord
from nbyard.store.runs.tasks import TaskRecord

REQUIREMENTS = "code/.nbyard-requirements.txt"
# Less than one step of priority, so that a retry overtakes no run of a higher priority.
AGAIN = 0.5


@dataclass(frozen=True)
class AttemptSnapshot:
    """A live attempt with its task, run and inputs, and what its runtime needs.

    - `lost`: number of lost attempts before it.
    - `outputs`: expected outputs if there is no task.json.
    - `since`: when the dispatcher learned of it, by the monotonic clock.
    """

    attempt: AttemptRecord
    task: TaskRecord
    run: Run
    order: Order
    inputs: dict[str, BytesOf]
    lost: int
    outputs: dict[str, Output] | None = None
    since: float = field(default_factory=time.monotonic)

    @property
    def is_cancelled(self) -> bool:
        """Return whether a user requested to cancel the run."""
        return self.run.cancel_requested_at is not None

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
    plan = task.plan
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
        caps=(context.settings.max_other_bytes, context.settings.max_other_files),
    )


def inputs_of(task: LiveTask) -> dict[str, BytesOf]:
    """Return the bytes of each bound input of a task, by name.

    Raises:
        NotFound: An upstream task has no such output.
    """
    return inputs_from(task.record.plan, lambda node: task.run.tasks[node].results)


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
