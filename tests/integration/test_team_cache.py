"""Two users of one project, and the nightly sample, with real processes."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from nbyard.dispatch.runs import rechecks
from nbyard.domain.callers import Caller
from nbyard.domain.projects.members import NewMember
from nbyard.domain.projects.structs import NewProject
from nbyard.domain.runs.structs import NewRun, Task
from nbyard.reasons.structs import separate
from nbyard.store.runs.artifacts_and_cache import CacheRows
from nbyard.store.schema.tables import tasks

from ..notebooks import PARAMETERS, notebook
from .projects import ADA, ENDED, RunningProject

REACH = {"kind": "option", "flag": "--out"}
OUT = {"name": "out", "role": "output", "format": "txt", "reach": REACH}
OF_NOTEBOOK = ("out = 'out.txt'", "print('of ann')\nopen(out, 'w').write('1')")


class Project(RunningProject):
    """Single notebooks and scripts, which write one output."""

    def start(self, **wish: Any) -> str:
        return self.yard.services.runs.create(ADA, NewRun(**wish)).id

    def script(self, name: str, body: str) -> str:
        (self.root / name).write_text(f'{body} > "$2"\n')
        described = {"version": 1, "kind": "command", "arguments": [OUT]}
        (self.root / f"{name}.nbexec").write_text(json.dumps(described))
        return name

    def run_as(self, caller: Caller, path: str) -> Task:
        """Return the task of a run of a file that has succeeded."""
        services = self.yard.services.runs
        made = services.create(caller, NewRun(path=path))
        done = self.dispatching.until(
            lambda: services.get(caller, made.id), lambda detail: detail.run.state in ENDED
        )
        assert done.run.state == "succeeded", [task.why for task in done.tasks]
        return done.tasks[0]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    """Process runs of several users: a store for them would refuse this runtime."""
    settable = property(lambda _: True, lambda _, __: None)
    monkeypatch.setattr(CacheRows, "is_shared", settable, raising=False)
    with Project.opened(tmp_path, slots=2) as made:
        yield made


def test_a_member_takes_the_result_of_a_colleague(project: Project) -> None:
    """With its log and its bytes. A run outside of the project computes again."""
    services, store = project.yard.services, project.yard.store
    wine = services.projects.create(Caller("ann"), NewProject("wine")).id
    services.shares.grant(Caller("ann"), "project", wine, NewMember("bob", "editor"))
    (project.root / "a.ipynb").write_text(notebook(*OF_NOTEBOOK, tags=[PARAMETERS]))
    first = project.run_as(Caller("ann", project=wine), "a.ipynb")
    (project.root / "notes.txt").write_text("nothing reads this")
    second = project.run_as(Caller("bob", project=wine), "a.ipynb")
    assert second.cached and second.reason is not None
    assert second.reason.code == "unchanged-reads-team"
    params = second.reason.params
    assert (params["user"], params["run_id"]) == ("ann", first.run_id)
    assert "of ann" in services.runs.log(Caller("bob"), second.run_id, second.node).text
    digests = [{a.name: a.digest for a in task.artifacts} for task in (first, second)]
    assert digests[0] == digests[1] and "out" in digests[0]
    with store.read() as c:
        assert all(store.artifacts.get(c, "bob", a.id) for a in second.artifacts)
    for outside in ("eve", "bob"):
        assert not project.run_as(Caller(outside), "a.ipynb").cached


def test_random_bytes_are_found_and_equal_ones_are_not(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rechecks, "LOOK_SECONDS", 0.0)
    services, store = project.yard.services.runs, project.yard.store
    files = [
        project.script("random.sh", "head -c 16 /dev/urandom"),
        project.script("fixed.sh", "echo fixed"),
    ]
    cached = [project.run_as(ADA, file).cached for file in files * 2]
    assert cached == [False, False, True, True]
    with store.write() as c:
        yesterday = datetime.now().astimezone() - timedelta(days=1)
        c.execute(update(tasks).where(tasks.c.cached).values(finished_at=yesterday))
    project.yard.settings.reproducibility_sample = 100.0

    def told() -> list[str]:
        details = [project.detail(run.id) for run in services.list(ADA, origin="recheck").items]
        reasons = [task.reason for detail in details for task in detail.tasks]
        return sorted(reason.code for reason in reasons if reason)

    project.dispatching.until(told, lambda found: found == ["not-reproduced", "reproduced"])
    again = [project.run_as(ADA, file) for file in files]
    assert all(task.cached for task in again)
    warnings = [[warning.code for warning in separate(task.warning)] for task in again]
    assert warnings == [["not-reproducible"], []]
