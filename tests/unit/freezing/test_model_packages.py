"""The packages of a model's node: installed in a container, checked on this machine."""

import json
import shlex

import msgspec
import pytest

from nbyard.domain.automations.structs import Fire, NewAutomation
from nbyard.domain.executables.structs import NewExecutable, Resources
from nbyard.domain.runs.structs import NewRun
from nbyard.domain.workflows.structs import CheckWorkflow, Node
from nbyard.errors import Invalid
from nbyard.freezing.environment_resolution import find_used
from nbyard.freezing.imported_packages import Installed
from nbyard.freezing.model_packages import ModelPackages, missing_packages
from nbyard.freezing.node_resolution import Freeze, Resolver

from .test_environment_resolution import known

__all__ = ["known"]

FILE = """
name: Café Cow
deployment: {{mode: batch}}
interface: {{model_module: model, model_class: Cow}}
requirements: {}
input_schema: [{{name: n, type: int}}]
output_schema: [{{name: n, type: int}}]
"""
NODE = Node("executable", path="model.yaml")
SERVING = "pandas>=2.2\npyarrow>=16\n"


@pytest.fixture
def write(root):
    (root / "model.py").write_text(
        "class Cow:\n    def predict(self, data):\n        return data\n"
    )
    (root / "d.csv").write_text("n\n1\n")

    def to(requirements: str, file: str = "") -> str:
        (root / "model.yaml").write_text(FILE.format(requirements))
        if file:
            (root / requirements).write_text(file)
        return "model.yaml"

    return to


def frozen(yard, node=NODE, **overrides):
    return Freeze(Resolver(yard.context, "ann", ".", **overrides), {"n": node})


@pytest.mark.parametrize(
    ("requirements", "file", "text"),
    [
        ("[]", "", SERVING),
        ("[no-such-cow==6.1]", "", f"no-such-cow==6.1\n{SERVING}"),
        ("needs.txt", "# seen\npandas == 2.2.3\n", "pandas==2.2.3\npyarrow>=16\n"),
        ("needs.txt", f"six==1.16.0 --hash=sha256:{'0' * 64}\n", None),
        ("needs.txt", "-e .\n", "-e .\n"),
    ],
)
def test_a_container_gets_packages_and_the_predictor(yard, write, requirements, file, text):
    """The model's own lines win. Hashes are for all packages or none."""
    write(requirements, file)
    freeze = frozen(yard)
    assert freeze.requirements("n") == (file if text is None else text)


@pytest.mark.parametrize(
    "more", [{"image": "own:1"}, {"requirements": "needs.txt"}, {"environment": "cows"}]
)
def test_settings_of_the_node_win(yard, ann, write, known, more):
    known("cows", "ready")
    write("needs.txt", "six\n")
    freeze = frozen(yard, Node("executable", path="model.yaml", **more))
    with yard.store.write() as c:
        assert freeze.rows(c)["n"].model_requirements == ""


def test_a_version_keeps_its_requirements(yard, ann, write, root):
    path = write("needs.txt", "six==1.16.0\n")
    made = yard.services.executables.create(ann, NewExecutable(path=path, resources=Resources()))
    (root / "needs.txt").write_text("six\n")
    pinned = Node("executable", path=path, version=made.current.id)
    assert frozen(yard, pinned).requirements("n") == f"six==1.16.0\n{SERVING}"


@pytest.fixture
def installed(monkeypatch):
    """Pretend that these packages, by normal name, are installed on this machine."""
    names = {"pandas", "pyarrow"}
    monkeypatch.setattr(
        "nbyard.freezing.model_packages.installed_packages",
        lambda *_: Installed(frozenset(names)),
    )
    return names


@pytest.fixture
def run(yard, ann):
    def create(path, **more):
        body = NewRun(path=path, parameters={"data": "d.csv"}, **more)
        return yard.services.runs.create(ann, body)

    return create


def refused(create):
    with pytest.raises(Invalid) as error:
        create()
    (detail,) = error.value.details
    return detail


def test_a_missing_file_matters_only_without_an_image(write, known, run):
    """A process has the packages of this machine, and did never read the file."""
    path = write("needs.txt")
    known("cows", "ready")
    assert run(path)
    assert run(path, image="own:1")
    assert run(path, runtime="docker", environment="cows")
    detail = refused(lambda: run(path, runtime="docker"))
    assert detail.path == "main.requirements" and "needs.txt" in str(detail.reason)


def test_a_workflow_runs_in_the_image_of_the_run(yard, ann, write, root, known):
    path = write("needs.txt")
    nodes = {
        "d": {"type": "dataset", "path": "d.csv"},
        "p": {"type": "executable", "path": path, "runtime": "docker"},
    }
    edges = {"e": {"source": "d", "output": "data", "target": "p", "input": "data"}}
    (root / "w.nbflow").write_text(json.dumps({"version": 1, "nodes": nodes, "edges": edges}))
    create = yard.services.runs.create
    detail = refused(lambda: create(ann, NewRun(path="w.nbflow")))
    assert detail.path == "p.requirements"
    assert create(ann, NewRun(path="w.nbflow", image="own:1"))
    known("cows", "ready")
    assert create(ann, NewRun(path="w.nbflow", environment="cows"))


def test_an_mlflow_folder_runs_without_a_requirements_file(yard, ann, write, root, run):
    """Also a registered version of it; its file is in a bundle."""
    write("[]")
    (root / "cow").mkdir()
    (root / "cow" / "MLmodel").write_text(
        "flavors: {python_function: {loader_module: mlflow.sklearn}}\n"
        "signature:\n"
        '  inputs: \'[{"name": "n", "type": "long"}]\'\n'
        '  outputs: \'[{"name": "n", "type": "long"}]\'\n'
    )
    path = "cow/MLmodel"
    made = yard.services.executables.create(ann, NewExecutable(path=path, resources=Resources()))
    body = CheckWorkflow(
        "w.nbflow",
        json.dumps({"version": 1, "nodes": {"p": {"type": "executable", "path": path}}}),
    )
    assert yard.services.workflows.check(ann, body).nodes["p"].problem is None
    assert run(path)
    for node in (Node("executable", path=path), Node("executable", executable=made.id)):
        freeze = frozen(yard, node)
        assert str(freeze.nodes["n"].problems.container) != "None"
        with yard.store.write() as c:
            assert freeze.rows(c)["n"].model_requirements == ""


def test_a_local_process_without_pandas_is_refused_with_the_command(write, run, installed):
    path = write("[no-such-cow==6.1, 'six; python_version < \"3\"', pandas]")
    installed.remove("pandas")
    detail = refused(lambda: run(path))
    assert detail.path == "main.environment" and detail.reason is not None
    assert detail.reason.params["packages"] == ["no-such-cow==6.1", "pandas"]
    command = shlex.split(detail.reason.params["command"])
    assert command[:5] == ["nbyard", "environments", "create", "cafe-cow", "no-such-cow==6.1"]
    assert command[5:] == ['six; python_version < "3"', "pandas", "pyarrow>=16"]
    assert run(path, runtime="docker")


def test_uncertain_packages_do_not_refuse_a_run(write, run, installed):
    """The module cv2 is also in opencv-python-headless; the name alone does not tell."""
    installed.add("opencv-python-headless")
    assert run(write("[opencv-python, mlflow]"))


@pytest.mark.parametrize("mode", ["follows", "pinned"])
def test_a_schedule_runs_after_the_packages_are_installed(yard, ann, write, installed, mode):
    """A pinned schedule is refused at once, and its template has no state of the machine."""
    run = {"path": write("[]"), "parameters": {"data": "d.csv"}}
    body = {"run": run, "on": {"kind": "phrase", "text": "daily"}, "mode": mode}
    new, automations = msgspec.convert(body, NewAutomation), yard.services.automations
    installed.remove("pandas")
    if mode == "pinned":
        assert refused(lambda: automations.create(ann, new)).path == "run.main.environment"
        installed.add("pandas")
        made = automations.create(ann, new)
        installed.remove("pandas")
        assert automations.fire(ann, made.id, Fire()), "its process says what is missing"
    else:
        installed.add("pandas")
        made = automations.create(ann, new)
        installed.remove("pandas")
        refused(lambda: automations.fire(ann, made.id, Fire()))
    installed.add("pandas")
    assert automations.fire(ann, made.id, Fire())


def test_a_bypassed_model_needs_no_packages(yard, ann, write, root, installed):
    installed.clear()
    nodes = {
        "d": {"type": "dataset", "path": "d.csv"},
        "p": {"type": "executable", "path": write("[]"), "mode": "bypassed"},
        "q": {"type": "executable", "path": "s.py"},
    }
    (root / "s.py").write_text("print()\n")
    edges = {"e": {"source": "d", "output": "data", "target": "p", "input": "data"}}
    (root / "w.nbflow").write_text(json.dumps({"version": 1, "nodes": nodes, "edges": edges}))
    assert yard.services.runs.create(ann, NewRun(path="w.nbflow"))


def test_the_canvas_shows_missing_packages_before_a_run(yard, ann, write, root):
    path = write("needs.txt", "no-such-cow\n")
    nodes = {
        "p": {"type": "executable", "path": path},
        "q": {"type": "executable", "path": path, "runtime": "docker"},
    }
    body = CheckWorkflow("w.nbflow", json.dumps({"version": 1, "nodes": nodes}))
    seen = yard.services.workflows.check(ann, body).nodes
    (hint,) = seen["p"].hints
    assert f"create cafe-cow -r {root}/needs.txt 'pandas>=2.2'" in hint.params["command"]
    assert seen["q"].hints == []
    write("[pandas, msgspec<0.1]")
    assert yard.services.workflows.check(ann, body).nodes["p"].hints == [], "it is installed"


def test_an_environment_lacks_unlocked_packages(yard, known):
    known("cows", "ready")
    used, _ = find_used(yard.context, "ann", "cows")
    packages = ModelPackages("Cow", "", ["six"], ["pandas>=2.2"])
    lacks = missing_packages(yard.context, packages, used)
    assert lacks is not None and lacks.params["environment"] == "cows"
    command = "nbyard environments install cows 'pandas>=2.2' six 'pyarrow>=16'"
    assert lacks.params["command"] == command
