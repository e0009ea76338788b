"""Queued tasks whose environment cannot be known yet: they wait, and one asks for all of them."""

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from nbyard.dispatch.state.board import LiveTask
from nbyard.dispatch.state.round_changes import Changes

PAUSE_SECONDS = 1.0


@dataclass(eq=False)
class Silence:
    """Why a runtime does not say what is installed there, and when it is asked again."""

    words: str
    until: float = field(default_factory=lambda: time.monotonic() + PAUSE_SECONDS)


class Unknowns:
    """By runtime: what one of its tasks waits for, all of them wait for."""

    def __init__(self) -> None:
        self._silences: dict[str, Silence] = {}
        self._tasks: dict[str, dict[str, LiveTask]] = {}

    def is_silent(self, runtime: str, words: str) -> None:
        """It cannot say it yet. From any thread."""
        self._silences[runtime] = Silence(words)

    def has_spoken(self, runtime: str) -> None:
        """It can. From any thread."""
        self._silences.pop(runtime, None)

    def keep(self, changes: Changes, task: LiveTask) -> bool:
        """Whether the task has to wait; its reason says for what."""
        runtime = task.record.plan.runtime
        silence = self._silences.get(runtime)
        if silence is None:
            return False
        self._tasks.setdefault(runtime, {})[task.record.id] = task
        changes.note_wait(task, silence.words)
        return True

    def forget(self, task_id: str) -> None:
        for tasks in self._tasks.values():
            tasks.pop(task_id, None)

    def known(self) -> Iterator[str]:
        """Those that need not wait any more."""
        for runtime in [one for one in self._tasks if one not in self._silences]:
            yield from self._tasks.pop(runtime)

    def due(self) -> list[list[LiveTask]]:
        """By runtime those of whom one is to ask again."""
        now, found = time.monotonic(), []
        for runtime, tasks in self._tasks.items():
            silence = self._silences.get(runtime)
            if tasks and silence and now >= silence.until:
                silence.until = now + PAUSE_SECONDS
                found.append(list(tasks.values()))
        return found

    def next_due(self) -> float:
        """When that is, by the monotonic clock; infinity when nobody waits."""
        silences = dict(self._silences)
        waiting = [silences[one] for one in silences if self._tasks.get(one)]
        return min((silence.until for silence in waiting), default=math.inf)
