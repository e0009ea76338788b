"""Files are checked without running them, all of them or those that changed."""

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest

from nbyard.domain.workflows.structs import read_document
from nbyard.rest.identity import local_name
from nbyard.testing.dispatcher_thread import Dispatching

from ....notebooks import PARAMETERS, notebook

EXAMPLE = Path(__file__).resolve().parents[4] / "examples/penguins"


@pytest.fixture
def project(shell, yard) -> Path:
    root: Path = yard.context.files.root
    shutil.copytree(EXAMPLE, root / "penguins")
    return root / "penguins"


@pytest.fixture
def git(yard) -> Callable[..., None]:
    def git(*words: str) -> None:
        name = ("-c", "user.name=a", "-c", "user.email=a@example.org")
        root = yard.context.files.root
        subprocess.run(["git", *name, *words], cwd=root, check=True, capture_output=True)

    return git


def edit(path: Path, old: str, new: str) -> None:
    path.write_text(path.read_text().replace(old, new))


def test_the_example_has_no_problems(shell, project: Path) -> None:
    said = shell("check")
    assert (said.code, said.out) == (0, "penguins/penguins.nbflow: no problems\n")
    assert shell("runs", "ls", "--json").json["items"] == []


def test_each_problem_is_reported_at_its_node(shell, project: Path) -> None:
    edit(project / "penguins.nbflow", '"clean.ipynb"', '"gone.ipynb"')
    reports = ("--junit", "report.xml", "--sarif", "report.sarif")
    said = shell("check", "penguins", "penguins/evaluate.py", *reports)
    lines = (project / "penguins.nbflow").read_text().splitlines()
    at = next(n for n, line in enumerate(lines, 1) if line.strip().startswith('"clean":'))
    assert said.code == 1
    assert said.out.startswith(f"penguins/penguins.nbflow:{at}: error: clean: ")
    assert said.out.endswith("penguins/evaluate.py: no problems\n")
    root = project.parent
    suite = ElementTree.parse(root / "report.xml").getroot()
    assert (suite.attrib["tests"], suite.attrib["failures"]) == ("2", "1")
    result = json.loads((root / "report.sarif").read_text())["runs"][0]["results"][0]
    assert result["ruleId"] == "no-file"
    region = result["locations"][0]["physicalLocation"]["region"]
    assert region == {"startLine": at}


def test_a_report_is_written_to_the_standard_output(shell, project: Path) -> None:
    said = shell("check", "--junit", "-")
    assert ElementTree.fromstring(said.out).attrib["tests"] == "1"
    assert "penguins.nbflow: no problems" in said.err
    assert not (project.parent / "-").exists()


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("a.nbflow", b'{"version": 1, "nodes": {', "invalid"),
        ("a.nbflow", b"\xff", None),
        ("a.nbflow", b'{"version": 1, "nodes": {"a": {"type": "robot"}}}', "invalid"),
        ("a.ipynb", b"{}", None),
        ("gone.py", None, "not-found"),
        ("gone.nbflow", None, "not-found"),
    ],
)
def test_unreadable_files_are_errors(shell, yard, name, content, code) -> None:
    if content is not None:
        (yard.context.files.root / name).write_bytes(content)
    said = shell("check", name, "--json")
    assert said.code == 1
    [finding] = said.json[0]["findings"]
    assert finding["level"] == "error" and code in (None, finding["code"])


def test_only_changed_workflows_are_checked(shell, project: Path, git) -> None:
    root = project.parent
    outside = shell("check", "--changed")
    assert outside.code == 2 and "not a git repository" in outside.err
    shutil.copytree(project, root / "other")
    git("init", "-q")
    git("add", "-A")
    git("commit", "-qm", "first")
    assert "No files to check." in shell("check", "--changed").err
    edit(root / "other/clean.ipynb", "penguins", "birds")
    assert shell("check", "--changed").out == "other/penguins.nbflow: no problems\n"
    # as a wrong use of the command, not as a file with errors
    unknown = shell("check", "--changed", "fog")
    assert unknown.code == 2 and "fog" in unknown.err
    git("commit", "-qam", "second")
    assert shell("check", "--changed").out == ""
    assert shell("check", "--changed", "HEAD~1").out == "other/penguins.nbflow: no problems\n"
    shutil.copy(EXAMPLE / "penguins.nbflow", project / "new.nbflow")
    assert shell("check", "--changed", "HEAD").out == "penguins/new.nbflow: no problems\n"
    # A repository of somebody else must not start its programs.
    started = root / "started"
    git("config", "core.fsmonitor", f"touch {started}; false")
    shell("check", "--changed")
    assert not started.exists()
    said = shell("check", "--changed", f"--output={started}")
    assert said.code != 0 and not started.exists()


def test_code_with_a_syntax_error_is_an_error(shell, project: Path) -> None:
    """A script, a cell and inline code are parsed, also if a description has the arguments."""
    root = project.parent
    (root / "bad.py").write_text("x = 1\ndef f(:\n")
    (root / "bad.ipynb").write_text(notebook("n = 1", "!ls (", "def f(:", tags=[PARAMETERS]))
    edit(project / "train.ipynb", '"source": [', '"source": [\n    "def f(:\\n",')
    said = shell("check", "bad.py", "bad.ipynb", "penguins", "--json")
    assert said.code == 1
    script, cells, workflow = ([*one["findings"]] for one in said.json)
    assert [(one["code"], one["level"], one["line"]) for one in script] == [
        ("python-line-invalid", "error", 2)
    ]
    assert [(one["text"].partition(":")[0], one["level"]) for one in cells] == [
        ("cell 3, line 1", "error")
    ]
    assert {(one["place"], one["level"]) for one in workflow} == {("train", "error")}
    edit(
        project / "penguins.nbflow",
        '"path": "train.ipynb"',
        '"mode": "muted", "path": "train.ipynb"',
    )
    assert shell("check", "penguins").code == 0
    failure = ElementTree.fromstring(shell("check", "bad.ipynb", "--junit", "-").out)
    assert failure.attrib["failures"] == "1"
    result = shell("check", "bad.py", "--sarif", "-").json["runs"][0]["results"][0]
    assert (result["level"], result["ruleId"]) == ("error", "python-line-invalid")
    assert result["locations"][0]["physicalLocation"]["region"] == {"startLine": 2}


def test_copied_workflow_is_named(shell, yard) -> None:
    """Two files have the same ID."""
    text = '{"version": 1, "meta": {"id": "one"}, "nodes": {}}'
    for name in ("own.nbflow", "copy.nbflow"):
        (yard.context.files.root / name).write_text(text)
    with yard.store.write() as c:
        path = str(yard.context.files.root / "own.nbflow")
        yard.store.workflows.create_or_update(c, local_name(), path, read_document(text.encode()))
    said = shell("check", "--json")
    findings = {one["path"]: [finding["code"] for finding in one["findings"]] for one in said.json}
    assert said.code == 0 and findings == {"copy.nbflow": ["workflow-is-copy"], "own.nbflow": []}


def test_a_function_is_checked(shell, yard) -> None:
    (yard.context.files.root / "lib.py").write_text("def clean(n: int) -> int:\n    return n\n")
    assert shell("check", "lib.py::clean").out == "lib.py::clean: no problems\n"


def test_changed_code_outside_workflows_is_checked(shell, project: Path, git) -> None:
    root = project.parent
    git("init", "-q")
    git("add", "penguins")
    git("commit", "-qm", "first")
    scripts = {
        "report.ipynb": notebook("x = 1"),
        "main.py": "if __name__ == '__main__':\n    print(1)\n",
        "tool": "#!/bin/sh\necho 1\n",
        "lib.py": "def used() -> int:\n    return 1\n",
        "known.py": "print(1)\n",
        "rows.csv": "n\n1\n",
        ".hidden/old.ipynb": notebook("def f(:"),
    }
    for name, text in scripts.items():
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text(text)
    assert shell("executables", "add", "known.py").code == 0
    git("add", "-A")
    git("commit", "-qm", "second")
    said = shell("check", "--changed", "HEAD~1", "--json")
    paths = [one["path"] for one in said.json]
    assert said.code == 0
    assert paths == ["known.py", "main.py", "report.ipynb", "tool"]
    (root / "report.ipynb").write_text(notebook("def f(:"))
    assert shell("check", "--changed").code == 1
    assert "No files to check." in shell("check", "penguins", "--changed").err
    (root / "report.ipynb").unlink()
    assert "No files to check." in shell("check", "--changed").err
    (root / "lib.py").write_text("import argparse\ndef used(:\n")
    said = shell("check", "--changed")
    assert said.code == 1 and "lib.py:2: error" in said.out


@pytest.fixture
def sampled(shell, yard) -> Path:
    """Write a notebook that reads a table, as a node of a workflow."""
    root: Path = yard.context.files.root
    (root / "data.csv").write_text("n\n" + "1\n" * 200)
    parameters = "input_csv = 'data.csv'"
    count = "rows = len(open(input_csv).readlines())\nassert rows <= 6, rows\nprint('rows', rows)"
    (root / "count.ipynb").write_text(notebook(parameters, count, tags=[PARAMETERS]))
    nodes = {
        "data": {"type": "dataset", "path": "data.csv"},
        "count": {"type": "executable", "path": "count.ipynb"},
    }
    edge = {"source": "data", "output": "data", "target": "count", "input": "input_csv"}
    document = {"version": 1, "meta": {}, "nodes": nodes, "edges": {"e": edge}, "positions": {}}
    (root / "flow.nbflow").write_text(json.dumps(document, indent=1))
    return root


@pytest.mark.sample(1)
def test_a_file_runs_on_a_sample(shell, sampled: Path, dispatcher: Dispatching) -> None:
    """A failure is a finding in each report; history and cache stay empty."""
    said = shell("check", "--sample", "--rows", "5", "flow.nbflow")
    assert (said.code, said.out) == (0, "flow.nbflow: no problems\n")
    assert "the check run succeeded" in said.err
    reports = ("--junit", "report.xml", "--sarif", "report.sarif")
    said = shell("check", "--sample", "flow.nbflow", *reports)
    at = (sampled / "flow.nbflow").read_text().splitlines().index('  "count": {') + 1
    line = f"flow.nbflow:{at}: error: count, cell 2: AssertionError: 101"
    line += " (this may be due to the sample) (assert rows <= 6, rows)"
    assert (said.code, said.out) == (1, f"{line}\n")
    assert "rows <= 6, rows" in said.err, "the traceback, as after a run"
    failure = ElementTree.parse(sampled / "report.xml").getroot().find(".//failure")
    assert failure is not None and "AssertionError: 101" in failure.attrib["message"]
    result = json.loads((sampled / "report.sarif").read_text())["runs"][0]["results"][0]
    assert "cell 2: AssertionError: 101" in result["message"]["text"]
    assert shell("runs", "ls", "--json").json["items"] == []


def test_sizes_need_a_sample(shell, sampled: Path) -> None:
    said = shell("check", "--rows", "5", "flow.nbflow")
    assert said.code == 2 and "need --sample" in said.err
    said = shell("check", "--sample", "--rows", "0", "flow.nbflow")
    assert said.code == 1 and "rows: must be" in said.out


def test_model_with_missing_packages_is_a_warning(shell, yard) -> None:
    """The warning has the command that installs them. A run in a container needs none."""
    root = yard.context.files.root
    (root / "nervosum.yaml").write_text(
        "name: Cow\ndeployment: {mode: batch}\nrequirements: [no-such-cow==6.1]\n"
        "interface: {model_module: model, model_class: Cow}\n"
        "input_schema: [{name: n, type: int}]\noutput_schema: [{name: n, type: int}]\n"
    )
    (root / "model.py").write_text("class Cow:\n    def predict(self, data): return data\n")
    (root / "d.csv").write_text("n\n1\n")
    nodes = {
        "d": {"type": "dataset", "path": "d.csv"},
        "p": {"type": "executable", "path": "nervosum.yaml"},
    }
    edges = {"e": {"source": "d", "output": "data", "target": "p", "input": "data"}}
    document = {"version": 1, "nodes": nodes, "edges": edges}
    (root / "w.nbflow").write_text(json.dumps(document))
    said = shell("check", "w.nbflow", "--json")
    assert said.code == 0
    [finding] = said.json[0]["findings"]
    assert (finding["level"], finding["code"]) == ("warning", "model-packages-missing")
    assert "no-such-cow==6.1 'pandas>=2.2'" in finding["text"]
