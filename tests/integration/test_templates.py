"""Each template of the gallery is copied, checked with a sample of its data, and run."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest

from nbyard.domain.runs.checks import NewCheckRun
from nbyard.domain.runs.structs import NewRun
from nbyard.domain.workflows.structs import NAME, CheckWorkflow, NewExample, Template

from .projects import ADA, RunningProject

NEW = [name for name in get_args(Template) if name != NAME]  # other tests run the penguins


class Copied(RunningProject):
    def start(self, **wish: Any) -> str:
        return self.yard.services.runs.create(ADA, NewRun(**wish)).id


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Copied]:
    with Copied.opened(tmp_path, slots=2) as made:
        yield made


@pytest.mark.parametrize("template", NEW)
def test_a_template_runs_without_problems_and_hints(project: Copied, template: Template) -> None:
    services = project.yard.services
    path = services.workflows.create_example(ADA, NewExample(template=template)).path
    text = (project.root / path).read_text()
    seen = services.workflows.check(ADA, CheckWorkflow(path, text))
    assert (seen.problems, seen.proposals) == ([], [])
    assert [(name, view.hints) for name, view in seen.nodes.items() if view.hints] == []
    checked = project.end(services.runs.check_sample(ADA, NewCheckRun(path=path)).id)
    assert checked.run.state == "succeeded", [task.failure for task in checked.tasks]
    done = project.run(path=path)
    assert done.run.state == "succeeded", [task.failure for task in done.tasks]
    assert all(task.artifacts for task in done.tasks)


def test_the_class_of_a_template_can_be_deployed(project: Copied) -> None:
    services = project.yard.services
    services.workflows.create_example(ADA, NewExample(folder=".", template="diagnosis"))
    (found,) = services.models.sources(ADA).classes
    assert (found.path, found.class_name) == ("diagnosis/diagnosis.py", "Diagnosis")
