"""E7: the packages of a model's node, installed in a container, looked for on this machine."""

import json
import shlex

import pytest

from nbyard.domain.executables.structs import NewExecutable, Resources
from nbyard.domain.runs.structs import NewRun
from nbyard.domain.workflows.structs import CheckWorkflow, Node
from nbyard.errors import Invalid
from nbyard.freezing.environment_resolution import find_used
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
    return Freeze(Resolver(yard.parts, "ann", ".", **overrides), {"n": node})


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
def test_a_container_gets_them_and_what_predicts(yard, write, requirements, file, text):
    """The model's own lines win. Hashes are for all packages or none."""
    write(requirements, file)
    freeze = frozen(yard)
    assert freeze.requirements("n") == (file if text is None else text)


@pytest.mark.parametrize(
    "more", [{"image": "own:1"}, {"requirements": "needs.txt"}, {"environment": "cows"}]
)
def test_what_the_node_names_itself_wins(yard, ann, write, known, more):
    known("cows", "ready")
    write("needs.txt", "six\n")
    freeze = frozen(yard, Node("executable", path="model.yaml", **more))
    with yard.store.write() as c:
        assert freeze.rows(c)["n"].model_requirements == ""


def test_a_version_keeps_its_own(yard, ann, write, root):
    path = write("needs.txt", "six==1.16.0\n")
    made = yard.services.executables.create(ann, NewExecutable(path=path, resources=Resources()))
    (root / "needs.txt").write_text("six\n")
    pinned = Node("executable", path=path, version=made.current.id)
    assert frozen(yard, pinned).requirements("n") == f"six==1.16.0\n{SERVING}"


def test_a_file_that_is_not_there_is_a_problem(yard, write):
    write("needs.txt")
    assert str(frozen(yard).resolved["n"].problem) == "There is no requirements file needs.txt."


def test_a_local_process_is_refused_with_the_command_that_helps(yard, ann, write):
    path = write("[no-such-cow==6.1, 'six; python_version < \"3\"', pandas]")
    with pytest.raises(Invalid) as refused:
        yard.services.runs.create(ann, NewRun(path=path, parameters={"data": "d.csv"}))
    (detail,) = refused.value.details
    assert detail.path == "main.environment" and detail.reason is not None
    assert detail.reason.params["packages"] == ["no-such-cow==6.1"]
    command = shlex.split(detail.reason.params["command"])
    assert command[:5] == ["nbyard", "environments", "create", "cafe-cow", "no-such-cow==6.1"]
    assert command[5:] == ['six; python_version < "3"', "pandas", "pyarrow>=16"]
    assert yard.services.runs.create(
        ann, NewRun(path=path, parameters={"data": "d.csv"}, runtime="docker")
    )


def test_the_canvas_knows_before_a_run(yard, ann, write, root):
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


def test_an_environment_lacks_what_it_has_not_locked(yard, known):
    known("cows", "ready")
    used, _ = find_used(yard.parts, "ann", "cows")
    packages = ModelPackages("Cow", "", ["six"], ["pandas>=2.2"])
    lacks = missing_packages(yard.parts, packages, used)
    assert lacks is not None and lacks.params["environment"] == "cows"
    assert lacks.params["command"] == "nbyard environments install cows 'pandas>=2.2' six"
