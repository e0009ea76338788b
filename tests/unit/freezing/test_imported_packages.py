"""Imported packages of code, and those that are missing in its environment."""

import json

import pytest

from nbyard.domain.executables.structs import Inspect
from nbyard.domain.runs.structs import NewRun
from nbyard.domain.workflows.structs import CheckWorkflow
from nbyard.freezing.imported_packages import imported_modules
from nbyard.freezing.runs.single_run import MAIN

from ...notebooks import notebook
from .test_environment_resolution import known

__all__ = ["known"]


@pytest.mark.parametrize(
    ("code", "modules"),
    [
        ("import os, cow.bell\nfrom calf import bell\n", {"cow", "calf"}),
        ("try:\n    import cow\nexcept ImportError:\n    cow = None\n", set()),
        ("def run():\n    import cow\nif run:\n    import calf\n", set()),
        ("import beside, package.part, folder\n", {"cow", "calf"}),
        ("import sys\nsys.path.append('..')\nimport cow\n", set()),
        ("from __future__ import annotations\nimport nbyard, IPython\n", set()),
        ("import cow\nimport )", set()),
    ],
)
def test_only_unconditional_imports_count(code: str, modules: set[str]) -> None:
    files = {
        "n.py": code.encode(),
        "beside.py": b"import cow",
        "package": b"",
        "package/__init__.py": b"from . import other",
        "package/part.py": b"import os",
        "package/other.py": b"import calf",
        "folder": b"",
    }
    assert imported_modules("n.py", files.get) == modules


@pytest.mark.parametrize(
    ("cells", "modules"),
    [
        (["%matplotlib inline\nimport cow", "%%bash\nimport calf", "%%time\nimport bell"],
         {"cow", "bell"}),
        (["# pip install cow\nimport cow"], {"cow"}),
        (["!pip install cow", "import cow"], set()),
        (["%%writefile cow.py\na = 1", "import cow"], set()),
        (["import )", "import cow"], {"cow"}),
    ],
)  # fmt: skip
def test_cells_are_read_one_by_one(cells: list[str], modules: set[str]) -> None:
    content = notebook(*cells).encode()
    assert imported_modules("n.ipynb", {"n.ipynb": content}.get) == modules
    assert imported_modules("n.ipynb", {"n.ipynb": b"[]"}.get) == set()


@pytest.fixture
def check(yard, ann, root):
    def of(nodes, **meta):
        document = {"version": 1, "meta": {"id": "w", **meta}, "nodes": nodes}
        body = CheckWorkflow("farm.nbflow", json.dumps(document))
        return yard.services.workflows.check(ann, body).nodes

    (root / "a.py").write_text("import no_such_cow, pytest\n")
    (root / "b.py").write_text("import json, no_such_calf\n")
    return of


def hints(view):
    return {hint.code: hint.params for hint in view.hints if hint.code.startswith("imports-")}


A, B = ({"type": "executable", "path": path} for path in ("a.py", "b.py"))


def test_one_command_creates_an_environment_for_all_nodes(check, known):
    views = check({"a": A, "b": B, "muted": {**B, "mode": "muted"}})
    create = "nbyard environments create farm no_such_calf no_such_cow pytest"
    fields = {"command": create, "environment": "farm"}
    assert hints(views["a"]) == {"imports-missing": {"packages": ["no_such_cow"], **fields}}
    assert hints(views["b"]) == {"imports-missing": {"packages": ["no_such_calf"], **fields}}
    assert hints(views["muted"]) == {}
    known("farm", "ready")
    (params,) = hints(check({"b": B})["b"]).values()
    assert params["command"].split()[-3:] == ["install", "farm", "no_such_calf"]


def test_an_environment_lacks_packages_outside_its_lock(check, known):
    known("cows", "ready")
    views = check({"a": {**A, "environment": "cows"}, "b": B}, environment="cows")
    install = "nbyard environments install cows no_such_calf no_such_cow pytest"
    for view in views.values():
        (params,) = hints(view).values()
        assert params["command"] == install
    assert {"imports-missing-in-environment"} == {*hints(views["a"]), *hints(views["b"])}
    own, default = views["a"].used_environment, views["b"].used_environment
    assert (own.shown, own.named_by, own.default) == ("cows version 1", "node", None)
    assert (default.named_by, default.default.set_by) == ("", "workflow")


@pytest.mark.parametrize(
    ("node", "packages"),
    [
        ({"runtime": "docker"}, ["no_such_cow", "pytest"]),
        ({"image": "own:1"}, None),
        ({"runtime": "docker", "requirements": "r.txt"}, None),
        ({"requirements": "r.txt"}, ["no_such_cow"]),
    ],
)
def test_packages_of_other_images_are_unknown(check, root, node, packages):
    (root / "r.txt").write_text("cow\n")
    found = [params["packages"] for params in hints(check({"a": {**A, **node}})["a"]).values()]
    assert found == ([packages] if packages else [])


def test_a_file_is_checked_by_the_same_rule(yard, ann, root, check, known):
    known("cows", "ready")
    (root / "n.ipynb").write_text(notebook("import no_such_cow", kernel="nbyard-cows"))
    inspected = yard.services.executables.inspect(ann, Inspect("n.ipynb"))
    assert [*hints(inspected)] == ["imports-missing-in-environment"]
    assert inspected.used_environment.named_by == "kernel"
    inspected = yard.services.executables.inspect(ann, Inspect("b.py"))
    assert hints(inspected)["imports-missing"]["packages"] == ["no_such_calf"]
    assert inspected.used_environment is None


def test_modules_of_the_project_are_no_packages(yard, ann, root, finished):
    """Wherever they are; a run that cannot import them names other packages only."""
    (root / "src").mkdir()
    (root / "src" / "train.py").write_text("import no_such_cow, herd")
    (root / "herd.py").touch()
    (root / "nbyard.toml").touch()
    found = yard.services.executables.inspect(ann, Inspect("src/train.py"))
    assert hints(found)["imports-missing"]["packages"] == ["no_such_cow"]
    missing = finished(path="src/train.py").tasks[0].missing
    assert missing.packages == ["no_such_cow"]


def test_a_run_names_its_environment(yard, ann, root, check, known):
    known("cows", "ready")
    made = yard.services.runs.create(ann, NewRun(path="a.py", environment="cows"))
    with yard.store.read() as c:
        (task,) = yard.store.tasks.of_run(c, made.id)
    assert (task.node, task.plan.environment.named_by) == (MAIN, "run")
