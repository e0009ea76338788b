"""The controller of deployments: what shall run is made to run, and kept so."""

import time
from collections.abc import Callable
from functools import partial

from nbyard.dispatch.awaiting import awaited
from nbyard.dispatch.facts import Inbox
from nbyard.dispatch.rollouts import Rollout
from nbyard.dispatch.room import Room
from nbyard.dispatch.workers import Workers
from nbyard.dockerd import Engine
from nbyard.domain.limits import Limits
from nbyard.domain.slots import Capacity, Slots
from nbyard.store.deployments import DeploymentRow, RevisionRow

CLOCK_SECONDS = 2.0


class DeploymentController:
    """One step of one deployment at a time, in threads; GPUs are granted here, in the one thread
    that also grants them to runs. `slots` says what is free."""

    def __init__(
        self, room: Room, workers: Workers, inbox: Inbox, slots: Callable[[], Slots]
    ) -> None:
        self._room = room
        self._rows = room.store.deployments
        self._workers = workers
        self._inbox = inbox
        self._slots = slots
        self._engine: Engine | None = None
        self._rollouts: dict[str, Rollout] = {}
        self._is_busy = False
        self._next_look = 0.0
        self._read_grants()

    def tick(self, *, has_news: bool = True) -> bool:
        """Begin the steps that are due; whether any deployment is wanted or to be ended."""
        now = time.monotonic()
        if not has_news and now < self._next_look and self.patience() > 0:
            return self._is_busy
        self._next_look = now + CLOCK_SECONDS
        with self._room.store.read() as c:
            rows = self._rows.under_way(c)
        self._rollouts = {row.id: self._rollout(row) for row in rows}
        for rollout in self._rollouts.values():
            rollout.gives_way = False
        self._is_busy = bool(rows)
        if rows:
            self._read_grants()
            self._grant(rows)
        for row in rows:
            rollout = self._rollouts[row.id]
            if has_news or rollout.due <= now:
                rollout.due = now + CLOCK_SECONDS
                work, fail = partial(rollout.step, row), partial(rollout.fail, row)
                self._workers.submit(f"deployment {row.id}", work, fail, self._again)
        return self._is_busy

    def patience(self) -> float:
        """After how many seconds the next step is due."""
        due = min((one.due for one in self._rollouts.values()), default=float("inf"))
        return max(due - time.monotonic(), 0.0)

    def close(self) -> None:
        """What runs goes on."""
        if self._engine is not None:
            self._engine.close()

    def _rollout(self, row: DeploymentRow) -> Rollout:
        if self._engine is None:
            settings = self._room.settings
            self._engine = Engine(settings.docker_host, certificates=settings.docker_cert_path)
        return self._rollouts.get(row.id) or Rollout(self._room, self._engine)

    def _again(self, _: object) -> None:
        """A step is done: what it let go of may be what others wait for."""
        self._next_look = 0.0
        self._inbox.put(None)

    # GPUs

    def _read_grants(self) -> None:
        """They count for the queue of runs too."""
        with self._room.store.read() as c:
            granted = self._rows.granted(c)
        self._room.grants.clear()
        self._room.grants.update(granted)

    def _grant(self, rows: list[DeploymentRow]) -> None:
        """To those that wait for nothing else, the oldest first."""
        waiting = [(row, one) for row in rows if (one := _waiting(row))]
        waiting = [(row, one) for row, one in waiting if not awaited(self._room, row, one)]
        slots = self._slots() if waiting else Slots(Capacity(0))
        for row, one in waiting:
            rollout, former = self._rollouts[row.id], row.revisions.get(row.serving)
            wanted = Limits(gpu=one.revision.spec.gpu)
            words = slots.lacks(wanted).get("gpu", "")
            rollout.gives_way = bool(words and former and former.revision.gpus)
            if not words:
                self._give(one, list(slots.grant(wanted)))
                rollout.due = 0.0
            elif words != one.revision.reason:
                with self._room.write() as c:
                    self._rows.set_revision(c, one.revision.id, reason=words)

    def _give(self, one: RevisionRow, gpus: list[str]) -> None:
        with self._room.write() as c:
            self._rows.set_revision(c, one.revision.id, gpus=gpus, reason="")
        self._room.grants[one.revision.id] = gpus


def _waiting(row: DeploymentRow) -> RevisionRow | None:
    """The revision that has to be granted GPUs before it can be started, if there is one."""
    one = row.revisions.get(row.serving, row.newest) if row.newest.is_over else row.newest
    is_wanted = row.is_wanted and row.state != "stopping" and one.phase == "pending"
    lacks = len(one.revision.gpus) < one.revision.spec.gpu
    return one if is_wanted and lacks else None
