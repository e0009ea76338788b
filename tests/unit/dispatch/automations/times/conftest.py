"""A schedule on a bench whose clock the test sets."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.support.fake_runtime_bench import OWNER, Bench

from nbyard.dispatch.automations.controller import AutomationController
from nbyard.dispatch.loop import Dispatcher
from nbyard.domain.automations.structs import Automation, Firing, NewAutomation
from nbyard.host import clock
from nbyard.yard import Yard


class Clock:
    """The clock of the machine, as the test sets it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.time = datetime(2026, 11, 25, 21, tzinfo=UTC)
        monkeypatch.setattr(clock, "now", lambda: self.time)

    def set(self, text: str) -> None:
        """Set the clock, in UTC unless the text has an offset."""
        moment = datetime.fromisoformat(text)
        self.time = moment if moment.tzinfo else moment.replace(tzinfo=UTC)


class TimesBench:
    """A bench with one schedule of `work.py`, whose runs end when the test says."""

    def __init__(self, bench: Bench, clock: Clock, root: Path):
        self.bench, self.clock, self.root = bench, clock, root
        self.service = bench.yard.services.automations
        self.automation: Automation | None = None
        self._former: list[Dispatcher] = []
        self._offer_runtime()

    def _offer_runtime(self) -> None:
        """Let the fake runtime take the place of the one that runs use by default."""
        self.bench.context.runtimes["process"] = self.bench.runtime

    def restart(self) -> AutomationController:
        """Let another dispatcher take over; return the controller of the former one."""
        former = self.bench.replace_dispatcher()
        self._offer_runtime()
        self._former.append(former)
        return former.automations

    @property
    def controllers(self) -> list[AutomationController]:
        """Return the controllers of all dispatchers, the former ones first."""
        return [former.automations for former in self._former] + [self.controller]

    def settle(self) -> None:
        """Wait for the threads of all dispatchers."""
        for dispatcher in [*self._former, self.bench.dispatcher]:
            assert dispatcher.settle(30)

    def create(self, **body: Any) -> Automation:
        """Create the schedule from plain data."""
        body = {"run": {"path": "work.py"}, "zone": "UTC", **body}
        self.automation = self.service.create(OWNER, msgspec.convert(body, NewAutomation))
        return self.automation

    @property
    def id(self) -> str:
        """Return the ID of the schedule."""
        assert self.automation is not None
        return self.automation.id

    @property
    def controller(self) -> AutomationController:
        """Return the controller of the dispatcher in charge."""
        return self.bench.dispatcher.automations

    def look(self, controller: AutomationController | None = None) -> None:
        """Handle all that is due by the clock."""
        controller = controller or self.controller
        controller.tick()
        while self.bench.dispatcher.settle(30) and controller.seconds_until_due() == 0:
            controller.tick()

    def at(self, text: str) -> None:
        """Set the clock and handle all that is due."""
        self.clock.set(text)
        self.look()

    def now(self) -> Automation:
        """Return the schedule as it is stored."""
        return self.service.get(OWNER, self.id)

    def firings(self) -> list[Firing]:
        """Return all ticks, the earliest due time first."""
        page = self.service.firings(OWNER, self.id, limit=500)
        return sorted(page.items, key=lambda firing: firing.due_at or firing.created_at)

    def told(self) -> list[list[Any]]:
        """Return due time, outcome and count of all ticks."""
        return [
            [f"{one.due_at:%Y-%m-%dT%H:%M:%S}", one.outcome, one.count] for one in self.firings()
        ]

    def runs(self) -> list[Any]:
        """Return all runs of the schedule, newest first."""
        return self.bench.yard.services.runs.list(OWNER, automation=self.id, limit=500).items

    def finish_run(self) -> None:
        """Let the newest run succeed; a cached one needs no attempt."""
        run, runtime = self.runs()[0], self.bench.runtime
        done = lambda: self.bench.run(run.id).state == "succeeded"  # noqa: E731
        self.bench.until(lambda: done() or bool(runtime.running))
        for attempt in runtime.running:
            runtime.end(attempt)
        self.bench.until(done)

    def end_runs(self) -> None:
        """End all runs of the schedule that are active."""
        live = [run for run in self.runs() if run.state in ("queued", "running")]
        for run in live:
            self.bench.cancel(run.id)
        self.bench.until(
            lambda: all(self.bench.run(run.id).state not in ("queued", "running") for run in live)
        )


@pytest.fixture
def clock_of(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


@pytest.fixture
def scheduled(bench: Bench, clock_of: Clock, yard: Yard) -> Iterator[TimesBench]:
    made = TimesBench(bench, clock_of, yard.parts.files.root)
    yield made
