"""Files that code opens without declaring them are shown after a run, can be declared with one
click, and can be connected."""

import json
from shutil import copytree, ignore_patterns
from typing import Any

import pytest

from nbyard.domain.attempts.undeclared_files import DeclareFiles
from nbyard.domain.executables.structs import NewExecutable
from nbyard.domain.runs.structs import NewRun, Task
from nbyard.domain.workflows.structs import CheckWorkflow, WorkflowCheck
from nbyard.errors import Invalid
from nbyard.reasons.structs import because

from ...test_runs import ADA, Project, project, states

__all__ = ["project"]


def check(project: Project) -> WorkflowCheck:
    document = {"version": 1, "nodes": project.nodes, "edges": project.edges}
    body = CheckWorkflow("flow.nbflow", json.dumps(document))
    return project.yard.services.workflows.check(ADA, body)


def told(project: Project, node: str) -> list[tuple[str, str, str]]:
    found = check(project).nodes[node].undeclared
    return [(one.role, one.path, one.name) for one in found.files] if found else []


def declare(project: Project, path: str, **more: Any) -> list[str]:
    done = project.yard.services.executables.declare(ADA, DeclareFiles(path, **more))
    return [argument.name for argument in done.added]


@pytest.fixture
def two(project: Project) -> Project:
    """Write a notebook that creates a file which a script reads, both undeclared."""
    (project.root / "data").mkdir()
    (project.root / "data/iris.csv").write_text("x\n1\n")
    (project.root / "result.csv").write_text("old")
    project.notebook(
        "clean",
        "factor = 2",
        "import helper\nrows = open('data/iris.csv').read().split()\n"
        "open('result.csv', 'w').write(f'{rows[0]}\\n{int(rows[1]) * factor}\\n')",
    )
    (project.root / "helper.py").write_text("")
    (project.root / "report.py").write_text(
        "import os\nos.makedirs('out', exist_ok=True)\n"
        "open('out/report.txt', 'w').write(open('result.csv').read())\n"
    )
    project.nodes["report"] = {"type": "executable", "path": "report.py"}
    return project


def test_undeclared_files_can_be_shown_declared_and_connected(two: Project) -> None:
    """The second run passes the file on, and the cache follows its bytes."""
    assert two.run().run.state == "succeeded"
    assert told(two, "clean") == [
        ("input", "data/iris.csv", "iris"),
        ("output", "result.csv", "result"),
    ]
    assert told(two, "report") == [
        ("input", "result.csv", "result"),
        ("output", "out/report.txt", "report"),
    ]
    (proposal,) = check(two).proposals
    assert (proposal.source, proposal.output) == ("clean", "result")
    assert (proposal.target, proposal.input) == ("report", "result")
    assert (proposal.writes, proposal.reads) == ("result.csv", "result.csv")
    assert proposal.score == 1
    assert proposal.reason == because(
        "same-file", writer="clean.ipynb", reader="report.py", file="result.csv"
    )

    declare(two, "clean.ipynb", inputs=["data/iris.csv"], outputs=["result.csv"])
    declare(two, "report.py", inputs=["result.csv"], outputs=["out/report.txt"])
    two.arrow("clean", "report", "result", "result")
    assert told(two, "clean") == told(two, "report") == []
    detail = two.run()
    assert set(states(detail).values()) == {"succeeded"}
    assert two.bytes_of(detail, "clean", "result") == b"x\n2\n"
    assert two.bytes_of(detail, "report", "report") == b"x\n2\n"
    assert [task.other_files for task in detail.tasks] == [None, None]

    again = two.run()
    assert all(task.cached for task in again.tasks)
    (two.root / "result.csv").write_text("another old one")
    cached = {task.node: task.cached for task in two.run().tasks}
    assert cached == {
        "clean": False,
        "report": True,
    }  # the one opens it, the other is given its own
    (two.root / "data/iris.csv").write_text("x\n4\n")
    changed = two.run()
    assert two.bytes_of(changed, "report", "report") == b"x\n8\n"


@pytest.mark.long
def test_undeclared_files_are_shown_after_the_workflow_moved(two: Project) -> None:
    """This writes nothing to the store."""
    text = json.dumps({"version": 1, "meta": {"id": "w"}, "nodes": two.nodes})
    (two.root / "old.nbflow").write_text(text)
    services = two.yard.services
    two.end(services.runs.create(ADA, NewRun(path="old.nbflow")).id)
    (two.root / "old.nbflow").rename(two.root / "new.nbflow")
    found = services.workflows.check(ADA, CheckWorkflow("new.nbflow", text)).nodes["report"]
    assert found.undeclared
    assert [one.path for one in found.undeclared.files] == ["result.csv", "out/report.txt"]
    (seen,) = services.workflows.list(ADA).items
    assert seen.path == str(two.root / "old.nbflow")


def test_declared_output_that_is_not_written_is_missing(two: Project) -> None:
    """The file of an earlier run in the folder does not count as output of this run."""
    declare(two, "clean.ipynb", outputs=["result.csv"])
    two.notebook("clean", "factor = 2", "found = open('result.csv').read()")
    detail = two.run()
    (failure,) = [task.why for task in detail.tasks if task.node == "clean"]
    assert "result.csv is unchanged" in failure
    declare(two, "clean.ipynb", inputs=["result.csv"])  # changed in place
    two.nodes.pop("report")
    assert two.bytes_of(two.run(), "clean", "result") == b"old"


def test_folder_output_contains_only_files_of_this_run(project: Project) -> None:
    """Files that were in the folder before are not part of the result."""
    (project.root / "plots").mkdir()
    (project.root / "plots/old.txt").write_text("old")
    project.notebook("clean", "factor = 2")
    declare(project, "clean.ipynb", outputs=["plots"])
    description = project.root / "clean.ipynb.nbexec"
    told = json.loads(description.read_text())
    told["arguments"][0]["format"] = "folder"
    description.write_text(json.dumps(told))

    def task(code: str) -> Task:
        project.notebook("clean", "factor = 2", code)
        (only,) = project.run().tasks
        return only

    assert "plots contains no file" in task("pass").why
    assert "plots was not written" in task("import shutil; shutil.rmtree('plots')").why
    artifacts = task("open('plots/new.txt', 'w').write('new')").artifacts
    (digest,) = [one.digest for one in artifacts if one.name == "plots"]
    assert [entry.path for entry in project.yard.context.blobs.tree(digest).files] == ["new.txt"]


def test_declaration_of_a_file_can_be_undone(two: Project) -> None:
    description = two.root / "clean.ipynb.nbexec"
    declare(two, "clean.ipynb", outputs=["result.csv"])
    declare(two, "clean.ipynb", inputs=["data/iris.csv"])
    before = description.read_text()
    found = check(two).nodes["clean"].arguments
    assert [one.name for one in found] == ["factor", "result", "iris"]
    declare(two, "clean.ipynb", remove=["iris"])
    assert [one.name for one in check(two).nodes["clean"].arguments] == ["factor", "result"]
    declare(two, "clean.ipynb", inputs=["data/iris.csv"])
    assert description.read_text() == before
    declare(two, "clean.ipynb", remove=["iris", "result"])
    assert not description.exists()
    with pytest.raises(Invalid, match="not a declared file"):
        declare(two, "clean.ipynb", remove=["factor"])


def test_parameter_that_names_a_file_can_become_an_input(project: Project) -> None:
    """The notebook stays unchanged, and a connection passes another file to it."""
    (project.root / "houses.csv").write_text("own")
    (project.root / "other.csv").write_text("other")
    project.notebook(
        "clean",
        "csv = 'houses.csv'\nmodel = 'm.joblib'\nfactor = 2",
        "text = open(csv).read()\nopen(model, 'w').write(text)",
    )
    before = (project.root / "clean.ipynb").read_bytes()
    assert project.run().run.state == "succeeded"
    assert told(project, "clean") == [
        ("input", "houses.csv", "csv"),
        ("output", "m.joblib", "model"),
    ]
    both = {"inputs": ["houses.csv"], "outputs": ["m.joblib"]}
    assert declare(project, "clean.ipynb", **both) == ["csv", "model"]
    description = project.root / "clean.ipynb.nbexec"
    written = description.read_text()
    assert declare(project, "clean.ipynb", **both) == ["csv", "model"]
    assert description.read_text() == written
    assert told(project, "clean") == []
    found = {one.name: (one.role, one.format) for one in check(project).nodes["clean"].arguments}
    assert found == {
        "csv": ("input", "csv"),
        "model": ("output", "joblib"),
        "factor": ("value", ""),
    }
    project.nodes["other"] = {"type": "dataset", "path": "other.csv"}
    project.arrow("other", "clean", "data", "csv")
    assert project.bytes_of(project.run(), "clean", "model") == b"other"
    assert not (project.root / "m.joblib").exists()
    declare(project, "clean.ipynb", remove=["csv", "model"])
    assert not description.exists()
    assert (project.root / "clean.ipynb").read_bytes() == before


def test_a_declared_parameter_keeps_its_description(project: Project) -> None:
    project.notebook("clean", "csv = 'houses.csv'")
    description = project.root / "clean.ipynb.nbexec"
    words = {"version": 1, "arguments": [{"name": "csv", "help": "Prices by year"}]}
    description.write_text(json.dumps(words))
    declare(project, "clean.ipynb", inputs=["./houses.csv"])
    (argument,) = check(project).nodes["clean"].arguments
    assert (argument.role, argument.format, argument.help) == ("input", "csv", "Prices by year")
    assert argument.default == "houses.csv"
    declare(project, "clean.ipynb", remove=["csv"])
    assert json.loads(description.read_text()) == words


@pytest.mark.long
def test_second_declaration_of_the_same_file_changes_nothing(two: Project) -> None:
    """Two nodes use the same code, or a user clicks twice."""
    description = two.root / "clean.ipynb.nbexec"
    assert declare(two, "clean.ipynb", outputs=["result.csv"]) == ["result"]
    before = description.read_text()
    assert declare(two, "clean.ipynb", outputs=["result.csv"]) == ["result"]
    assert description.read_text() == before
    both = {"inputs": ["data/iris.csv", "result.csv"], "outputs": ["result.csv"]}
    assert declare(two, "clean.ipynb", **both) == ["iris", "result_csv", "result"]
    assert declare(two, "clean.ipynb", remove=["result"], outputs=["result.csv"]) == ["result"]


def test_declaring_files_keeps_the_argparse_arguments_of_a_script(project: Project) -> None:
    """The arguments stay those of the code."""
    (project.root / "tool.py").write_text(
        "import argparse\np = argparse.ArgumentParser()\np.add_argument('--times', type=int)\n"
        "open('o.txt', 'w').write('x' * p.parse_args().times)\n"
    )
    project.nodes["tool"] = {
        "type": "executable",
        "path": "tool.py",
        "arguments": {"times": {"value": 3}},
    }
    declare(project, "tool.py", outputs=["o.txt"])
    assert [one.name for one in check(project).nodes["tool"].arguments] == ["times", "o"]
    assert project.bytes_of(project.run(), "tool", "o") == b"xxx"


@pytest.mark.parametrize("path", ["../../out.csv", "/etc/out.csv", "clean.ipynb", "a/../b"])
def test_invalid_file_paths_are_refused(two: Project, path: str) -> None:
    with pytest.raises(Invalid):
        declare(two, "clean.ipynb", outputs=[path])
    assert not (two.root / "clean.ipynb.nbexec").exists()


def test_task_lists_its_files(two: Project) -> None:
    run = two.run().run.id
    found = two.yard.services.runs.undeclared(ADA, run, "report")
    assert (found.code, [one.path for one in found.files]) == (
        "report.py",
        ["result.csv", "out/report.txt"],
    )
    assert two.yard.services.runs.undeclared(ADA, run, "clean").problem is None


def test_file_missing_for_a_failed_task_can_be_declared(project: Project) -> None:
    """Two notebooks without ports; one reads the file that the other writes."""
    project.notebook("prepare", "open('prepared.csv', 'w').write('x')")
    project.notebook("model", "text = open('prepared.csv').read()\nopen('m.txt', 'w').write(text)")
    detail = project.run()
    assert states(detail)["model"] == "failed"
    assert told(project, "model") == [("input", "prepared.csv", "prepared")]
    seen = project.yard.services.runs.undeclared(ADA, detail.run.id, "model")
    assert (seen.code, [file.path for file in seen.files]) == ("model.ipynb", ["prepared.csv"])
    (proposal,) = check(project).proposals
    assert proposal.reason == because(
        "same-file", writer="prepare.ipynb", reader="model.ipynb", file="prepared.csv"
    )
    assert (proposal.writes, proposal.reads) == ("prepared.csv", "prepared.csv")

    declare(project, "prepare.ipynb", outputs=["prepared.csv"])
    declare(project, "model.ipynb", inputs=["prepared.csv"])
    assert told(project, "model") == []
    (proposal,) = check(project).proposals
    assert proposal.by_file and (proposal.writes, proposal.reads) == ("", "")
    project.arrow("prepare", "model", "prepared", "prepared")
    assert project.run().run.state == "succeeded"
    assert told(project, "model") == [("output", "m.txt", "m")]

    # after a success, a missing file joins those that were opened before
    project.notebook("model", "open('other.csv').read()")
    project.run()
    assert told(project, "model") == [("input", "other.csv", "other"), ("output", "m.txt", "m")]


def test_registered_executables_open_files_beside_their_code(project: Project) -> None:
    """In one folder, equal names mean the same file; in two folders, the file is only suggested."""
    for path, role in (("p/a.ipynb", "outputs"), ("p/b.ipynb", "inputs"), ("q/c.ipynb", "inputs")):
        (project.root / path).parent.mkdir(exist_ok=True)
        project.notebook(path.removesuffix(".ipynb"), "open('config.json')")
        project.nodes.pop(path.removesuffix(".ipynb"))
        declare(project, path, **{role: ["config.json"]})
        found = project.yard.services.executables.create(ADA, NewExecutable(path=path))
        project.nodes[path[2]] = {"type": "executable", "executable": found.id}
    (proposal, other) = check(project).proposals
    assert (proposal.target, proposal.score, proposal.by_file) == ("b", 1, True)
    assert (other.target, other.by_file) == ("c", False)


def test_cached_tasks_list_the_files_of_the_original_task(two: Project) -> None:
    """A copied folder uses cached results, although no file was opened there."""
    two.run()
    other = two.root / "copy"
    copytree(two.root, other, ignore=ignore_patterns("*.nbflow", ".*"))
    text = json.dumps({"version": 1, "nodes": two.nodes})
    (other / "flow.nbflow").write_text(text)
    services = two.yard.services
    detail = two.end(services.runs.create(ADA, NewRun(path="copy/flow.nbflow")).id)
    assert [task.cached for task in detail.tasks] == [True, True]
    nodes = services.workflows.check(ADA, CheckWorkflow("copy/flow.nbflow", text)).nodes
    for node, paths in (
        ("clean", ["data/iris.csv", "result.csv"]),
        ("report", ["result.csv", "out/report.txt"]),
    ):
        found = nodes[node].undeclared
        assert found and [file.path for file in found.files] == paths
        assert services.runs.undeclared(ADA, detail.run.id, node) == found
