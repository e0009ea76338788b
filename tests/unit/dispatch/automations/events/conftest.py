"""Triggers on a bench: the tests cause events and end runs."""

from collections.abc import Iterator
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
from nbyard.domain.runs.causes import FireCause
from nbyard.domain.runs.structs import NewRun, Run
from nbyard.yard import Yard

LIVE = ("queued", "running")


class EventsBench:
    """A bench whose triggers run `work.py`; the runs end when the test says."""

    def __init__(self, bench: Bench, root: Path):
        self.bench, self.root = bench, root
        self.service = bench.yard.services.automations
        self.runs_of = bench.yard.services.runs
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

    def close(self) -> None:
        """Stop watching files."""
        for controller in self.controllers:
            controller.close()

    def settle(self) -> None:
        """Wait for the threads of all dispatchers."""
        for dispatcher in [*self._former, self.bench.dispatcher]:
            assert dispatcher.settle(30)

    def look(self, controller: AutomationController | None = None) -> None:
        """Handle events and firings until nothing changes any more."""
        controller = controller or self.controller
        controller.next_match = 0.0
        controller.tick()
        self.settle()
        while controller.tick(has_news=False, has_time=False):
            self.settle()

    def create(self, on: dict[str, Any], **body: Any) -> Automation:
        """Create a trigger from plain data."""
        body = {"run": {"path": "work.py"}, "on": on, **body}
        return self.service.create(OWNER, msgspec.convert(body, NewAutomation))

    def fire(self, automation: Automation, **values: Any) -> Firing:
        """Fire a trigger."""
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
        self.bench.until(lambda: self.bench.task(run_id, "main").state == "running")
        attempt = self.bench.attempt(run_id, "main")
        self.bench.until(lambda: attempt in runtime.running)
        runtime.end(attempt, "succeeded" if succeeds else "failed")
        self.bench.until(lambda: self.bench.run(run_id).state not in LIVE)

    def firings(self, automation: Automation) -> list[Firing]:
        """Return all firings of a trigger, the oldest first."""
        page = self.service.firings(OWNER, automation.id, limit=500)
        return page.items[::-1]

    def outcomes(self, automation: Automation) -> list[str]:
        """Return what the events of a trigger led to, the oldest first."""
        return [firing.outcome for firing in self.firings(automation)]

    def runs(self, automation: Automation) -> list[Run]:
        """Return all runs of a trigger, newest first."""
        return self.runs_of.list(OWNER, automation=automation.id, limit=500).items

    def end_runs(self, automation: Automation) -> None:
        """Cancel all runs of a trigger that are active."""
        live = [run for run in self.runs(automation) if run.state in LIVE]
        for run in live:
            self.bench.cancel(run.id)
        self.bench.until(lambda: all(self.bench.run(run.id).state not in LIVE for run in live))


@pytest.fixture
def fired(bench: Bench, yard: Yard) -> Iterator[EventsBench]:
    made = EventsBench(bench, yard.parts.files.root)
    yield made
    made.close()
