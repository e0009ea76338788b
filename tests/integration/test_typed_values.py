"""Values have the annotated type, from a shell, a program and an automation alike."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nbyard.domain.arguments.structs import parse_value
from nbyard.domain.automations.structs import AutomaticRun, Fire, NewAutomation
from nbyard.domain.automations.times.structs import Cron
from nbyard.domain.environments.structs import EnvironmentRef
from nbyard.domain.runs.structs import NewRun, RunDetail
from nbyard.errors import Invalid
from nbyard.kinds.notebook import NotebookKind
from nbyard.runner.work.inject_parameters import insert_values_cell

from ..notebooks import PARAMETERS, notebook
from .foreign import R
from .projects import ADA, RunningProject

CASES: dict[str, Any] = json.loads((Path(__file__).parents[1] / "cases/values.json").read_text())
YEARLY = Cron("0 3 1 1 *")
SHAPES = "import enum\nclass Shape(enum.Enum):\n    ROUND = 'round'\n    SQUARE = 'square'\n"


class Notebook(RunningProject):
    def start(self, **wish: Any) -> str:
        return self.yard.services.runs.create(ADA, NewRun(path="n.ipynb", **wish)).id

    def printed(self, detail: RunDetail) -> str:
        assert detail.run.state == "succeeded", detail.tasks[0].failure
        cells = self.yard.services.runs.cells(ADA, detail.run.id, detail.tasks[0].node).notebook
        assert cells is not None
        return "".join(out.get("text", "") for out in cells["cells"][-1]["outputs"])


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Notebook]:
    with Notebook.opened(tmp_path, slots=2, ready_kernels=0) as project:
        (project.root / "shapes.py").write_text(SHAPES)
        yield project


def cases(language: str) -> tuple[str, list[dict[str, Any]]]:
    whole = CASES[language]
    lines = [*whole["code"], *(case["code"] for case in whole["cases"])]
    return "\n".join(lines), whole["cases"]


def given(found: list[dict[str, Any]], key: str) -> dict[str, Any]:
    return {case["name"]: case[key] for case in found}


def test_notebook_receives_annotated_types_from_all_surfaces(project: Notebook) -> None:
    code, known = cases("python")
    names = ", ".join(f"{case['name']!r}: repr({case['name']})" for case in known)
    show = f"import json; print(json.dumps({{{names}}}))"
    (project.root / "n.ipynb").write_text(notebook(code, show, tags=[PARAMETERS]))
    results = given(known, "result")
    automations, runs = project.yard.services.automations, project.yard.services.runs
    assert json.loads(project.printed(project.run(texts=given(known, "text")))) == results
    values = given(known, "value")
    assert json.loads(project.printed(project.run(parameters=values))) == results
    planned = AutomaticRun(path="n.ipynb", parameters=values)
    made = automations.create(ADA, NewAutomation(planned, YEARLY))
    assert (
        json.loads(project.printed(project.end(automations.fire(ADA, made.id, Fire()).run_id)))
        == results
    )
    for name, wrong in [(case["name"], wrong) for case in known for wrong in case["wrong"]]:
        for path, start in (
            (f"parameters.{name}", lambda texts: runs.create(ADA, NewRun("n.ipynb", texts=texts))),
            (f"run.parameters.{name}", lambda texts: automations.create(ADA, scheduled(texts))),
        ):
            with pytest.raises(Invalid) as refused:
                start({name: wrong})
            assert refused.value.details[0].path.startswith(path), (name, wrong)


def scheduled(texts: dict[str, str]) -> NewAutomation:
    return NewAutomation(AutomaticRun(path="n.ipynb", texts=texts), YEARLY, "other")


def test_r_notebook_keeps_the_classes_of_its_defaults(project: Notebook) -> None:
    R().declare(Path(os.environ["JUPYTER_DATA_DIR"]), "ir")
    code, known = cases("R")
    show = [f'cat("{case["name"]}", deparse({case["name"]}), "\\n")' for case in known]
    text = notebook(code, "\n".join(show), tags=[PARAMETERS], kernel="ir", language="R")
    (project.root / "n.ipynb").write_text(text)
    expected = [f"{case['name']} {case['result']}" for case in known]
    for wish in ({"texts": given(known, "text")}, {"parameters": given(known, "value")}):
        printed = project.printed(project.run(**wish))
        assert [line.strip() for line in printed.splitlines()] == expected


def test_bash_notebook_receives_values_in_its_assignments() -> None:
    """The cells run in Bash itself, because its kernel may be missing."""
    code, known = cases("bash")
    content = notebook(code, tags=[PARAMETERS], kernel="bash", language="bash").encode()
    kind = NotebookKind()
    reading = kind.read("n.ipynb", content)
    arguments = {argument.name: argument for argument in reading.arguments}
    assert [*arguments] == [case["name"] for case in known] and reading.hints == []
    assert arguments["name"].help == "who is greeted" and arguments["rows"].default == "5"
    texts = {case["name"]: parse_value(arguments[case["name"]], case["text"]) for case in known}
    assert texts == given(known, "value")
    cells = json.loads(content)
    work = kind.work("n.ipynb", reading, texts, EnvironmentRef())
    insert_values_cell(cells, "bash", work.parameters)
    show = "\n".join(f'printf "%s\\n" "${case["name"]}"' for case in known)
    script = "\n".join(cell["source"] for cell in cells["cells"]) + "\n" + show
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [case["result"] for case in known]
    for name, wrong in [(case["name"], wrong) for case in known for wrong in case["wrong"]]:
        with pytest.raises(Invalid):
            parse_value(arguments[name], wrong)
