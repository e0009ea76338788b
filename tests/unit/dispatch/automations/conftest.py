"""Automations on a bench: the tests set the clock, cause events and end runs."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.support.fake_runtime_bench import OWNER, Bench

from nbyard.dispatch.automations.controller import AutomationController
from nbyard.dispatch.loop import Dispatcher
from nbyard.domain.automations.structs import Automation, Fire, Firing, NewAutomation
from nbyard.domain.datasets.structs import FileSource, NewDataset
from nbyard.domain.ids import new_id
from nbyard.domain.runs.origins import FireCause
from nbyard.domain.runs.structs import NewRun, Run
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


class AutomationBench:
    """A bench whose automations run `work.py`; the runs end when the test says."""

    def __init__(self, bench: Bench, root: Path):
        self.bench, self.root = bench, root
        self.service = bench.yard.services.automations
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
    def controller(self) -> AutomationController:
        """Return the controller of the dispatcher in charge."""
        return self.bench.dispatcher.automations

    @property
    def controllers(self) -> list[AutomationController]:
        """Return the controllers of all dispatchers, the former ones first."""
        return [*(former.automations for former in self._former), self.controller]

    def settle(self) -> None:
        """Wait for the threads of all dispatchers."""
        for dispatcher in [*self._former, self.bench.dispatcher]:
            assert dispatcher.settle(30)


class TimesBench(AutomationBench):
    """A bench with one automation at times that the test sets."""

    def __init__(self, bench: Bench, clock: Clock, root: Path):
        super().__init__(bench, root)
        self.clock = clock
        self.automation: Automation | None = None

    def create(self, **body: Any) -> Automation:
        """Create the automation from plain data."""
        body = {"run": {"path": "work.py"}, "zone": "UTC", **body}
        self.automation = self.service.create(OWNER, msgspec.convert(body, NewAutomation))
        return self.automation

    @property
    def id(self) -> str:
        """Return the ID of the automation."""
        assert self.automation is not None
        return self.automation.id

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
        """Return the automation as it is stored."""
        return self.service.get(OWNER, self.id)

    def firings(self) -> list[Firing]:
        """Return all firings, the earliest due time first."""
        page = self.service.firings(OWNER, self.id, limit=500)
        return sorted(page.items, key=lambda firing: firing.due_at or firing.created_at)

    def told(self) -> list[list[Any]]:
        """Return due time, outcome and count of all firings."""
        return [
            [f"{one.due_at:%Y-%m-%dT%H:%M:%S}", one.outcome, one.count] for one in self.firings()
        ]

    def runs(self) -> list[Any]:
        """Return all runs of the automation, newest first."""
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
        """End all runs of the automation that are active."""
        live = [run for run in self.runs() if run.state in ("queued", "running")]
        for run in live:
            self.bench.cancel(run.id)
        self.bench.until(
            lambda: all(self.bench.run(run.id).state not in ("queued", "running") for run in live)
        )


@pytest.fixture
def clock_of(monkeypatch) -> Clock:
    return Clock(monkeypatch)


@pytest.fixture
def scheduled(bench: Bench, clock_of: Clock, yard: Yard) -> Iterator[TimesBench]:
    yield TimesBench(bench, clock_of, yard.context.files.root)


LIVE = ("queued", "running")


class EventsBench(AutomationBench):
    """A bench with automations on events that the tests cause."""

    def __init__(self, bench: Bench, root: Path):
        super().__init__(bench, root)
        self.runs_of = bench.yard.services.runs

    def close(self) -> None:
        """Stop watching files."""
        for controller in self.controllers:
            controller.close()

    def look(self, controller: AutomationController | None = None) -> None:
        """Handle events and firings until nothing changes any more."""
        controller = controller or self.controller
        controller.next_match = 0.0
        controller.tick()
        self.settle()
        while controller.tick(has_news=False, has_time=False):
            self.settle()

    def create(self, on: dict[str, Any], **body: Any) -> Automation:
        """Create an automation from plain data."""
        body = {"run": {"path": "work.py"}, "on": on, **body}
        return self.service.create(OWNER, msgspec.convert(body, NewAutomation))

    def fire(self, automation: Automation, **values: Any) -> Firing:
        """Fire an automation."""
        return self.service.fire(OWNER, automation.id, Fire(values))

    def fire_unchecked(self, automation: Automation, **values: Any) -> None:
        """Record a firing whose values no longer fit when its run is created."""
        store = self.bench.yard.store
        with store.write() as c:
            store.firings.add(c, automation, f"fire:{new_id()}", FireCause(), given=Fire(values))

    def publish(self, name: str = "sea", text: str = "a,b\n1,2\n") -> None:
        """Import a new version of a dataset, and wait until it is ready."""
        (self.root / f"{name}.csv").write_text(text)
        body = NewDataset(FileSource(f"{name}.csv"), name=name, replace=True)
        made = self.bench.yard.services.datasets.create(OWNER, body)
        get = self.bench.yard.services.datasets.get
        self.bench.until(lambda: get(OWNER, made.id).current.state == "ready")

    def run(self, path: str = "other.py", *, succeeds: bool = True) -> Run:
        """Run a script to its end."""
        (self.root / path).write_text("print()")
        made = self.runs_of.create(OWNER, NewRun(path=path, force=True))
        self.end(made.id, succeeds=succeeds)
        return self.bench.run(made.id)

    def end(self, run_id: str, *, succeeds: bool = True) -> None:
        """End a run when its attempt runs."""
        runtime = self.bench.runtime
        self.bench.until_task(run_id, "running", "main")
        attempt = self.bench.attempt(run_id, "main")
        self.bench.until(lambda: attempt in runtime.running)
        runtime.end(attempt, "succeeded" if succeeds else "failed")
        self.bench.until(lambda: self.bench.run(run_id).state not in LIVE)

    def firings(self, automation: Automation) -> list[Firing]:
        """Return all firings of an automation, the oldest first."""
        return self.service.firings(OWNER, automation.id, limit=500).items[::-1]

    def outcomes(self, automation: Automation) -> list[str]:
        """Return what the events of an automation led to, the oldest first."""
        return [firing.outcome for firing in self.firings(automation)]

    def runs(self, automation: Automation) -> list[Run]:
        """Return all runs of an automation, newest first."""
        return self.runs_of.list(OWNER, automation=automation.id, limit=500).items

    def end_runs(self, automation: Automation) -> None:
        """Cancel all runs of an automation that are active."""
        live = [run for run in self.runs(automation) if run.state in LIVE]
        for run in live:
            self.bench.cancel(run.id)
        self.bench.until(lambda: all(self.bench.run(run.id).state not in LIVE for run in live))


@pytest.fixture
def fired(bench: Bench, yard: Yard) -> Iterator[EventsBench]:
    made = EventsBench(bench, yard.context.files.root)
    yield made
    made.close()
