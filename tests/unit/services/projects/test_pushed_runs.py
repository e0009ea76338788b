"""Pushed files are run, shown and scheduled by `PROJECT:PATH`, and keep their versions."""

import msgspec
import pytest

from nbyard.domain.automations.structs import AutomaticRun, NewAutomation
from nbyard.domain.automations.times.structs import Interval
from nbyard.domain.runs.previews.estimates import ForecastRequest
from nbyard.domain.runs.structs import NewRun
from nbyard.errors import NbyardError

pytestmark = pytest.mark.slow


def test_a_pushed_file_is_found_by_its_project(yard, ann, runs, projects, folder):
    projects.push(ann, folder(""))
    assert runs.create(ann, NewRun(path="wine:a.py")).path.endswith("/a.py")
    forecast = runs.forecast(ann, ForecastRequest(path="wine:a.py"))
    assert [node.node for node in forecast.nodes] == ["main"]
    timing = NewAutomation(AutomaticRun(path="wine:a.py"), Interval(3600))
    assert yard.services.automations.create(ann, timing).run.path == "a.py"
    for path in ("wine:none.py", "beer:a.py", "wine:../a.py"):
        with pytest.raises(NbyardError):
            runs.create(ann, NewRun(path=path))


def test_a_local_file_of_that_name_comes_first(runs, ann, projects, folder, root):
    projects.push(ann, folder(""))
    (root / "wine:a.py").write_text("print()\n")
    assert runs.create(ann, NewRun(path="wine:a.py")).path == "wine:a.py"


def test_changed_pushed_code_is_a_new_version(yard, ann, runs, projects, folder):
    bodies = [folder("", {"a.py": f"print({number})\n".encode()}) for number in range(3)]
    for body in bodies:
        projects.push(ann, body)
        runs.create(ann, NewRun(path="wine:a.py"))
    (executable,) = yard.services.executables.list(ann).items
    assert executable.current.number == len(bodies)
    versions = yard.services.executables.versions(ann, executable.id).items
    assert len({msgspec.json.encode(version.content_digest) for version in versions}) == len(bodies)
