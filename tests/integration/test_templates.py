"""Each template of the gallery is copied and run, and with --full checked with a sample."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest

from nbyard.domain.models.model_classes import read_class
from nbyard.domain.models.structs import model_json
from nbyard.domain.runs.checks import NewCheckRun
from nbyard.domain.runs.structs import NewRun
from nbyard.domain.workflows.structs import NAME, CheckWorkflow, NewExample, Template

from .projects import ADA, RunningProject
from .serving.conftest import start, stop, until

NEW = [name for name in get_args(Template) if name != NAME]  # other tests run the penguins


class Copied(RunningProject):
    def start(self, **wish: Any) -> str:
        return self.yard.services.runs.create(ADA, NewRun(**wish)).id


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Copied]:
    with Copied.opened(tmp_path, slots=2) as made:
        yield made


def succeeds(project: Copied, run: str) -> bool:
    done = project.end(run)
    assert done.run.state == "succeeded", [task.failure for task in done.tasks]
    return all(task.artifacts for task in done.tasks)


@pytest.mark.parametrize("template", NEW)
def test_a_template_runs_without_problems_and_hints(project: Copied, template: Template) -> None:
    services = project.yard.services
    path = services.workflows.create_example(ADA, NewExample(template=template)).path
    text = (project.root / path).read_text()
    seen = services.workflows.check(ADA, CheckWorkflow(path, text))
    assert (seen.problems, seen.proposals) == ([], [])
    assert [(name, view.hints) for name, view in seen.nodes.items() if view.hints] == []
    assert succeeds(project, project.start(path=path))


@pytest.mark.long  # other tests check samples of the penguins
@pytest.mark.parametrize("template", NEW)
def test_a_sample_of_a_template_succeeds(project: Copied, template: Template) -> None:
    services = project.yard.services
    path = services.workflows.create_example(ADA, NewExample(template=template)).path
    assert succeeds(project, services.runs.check_sample(ADA, NewCheckRun(path=path)).id)


def test_the_class_of_a_template_answers_as_a_service(project: Copied) -> None:
    services = project.yard.services
    services.workflows.create_example(ADA, NewExample(template="diagnosis"))
    (found,) = services.models.sources(ADA).classes
    file = project.root / found.path
    server = start(file.parent, model_json(read_class(file.read_bytes(), file.name)))
    sample = {"radius": 20.6, "texture": 17.8, "smoothness": 0.085, "concavity": 0.087}
    try:
        until(lambda: server.ask("/health").status == 200, server)
        assert server.ask("/predict", sample).body["prediction"]["malignant"] is True
    finally:
        stop(server)
