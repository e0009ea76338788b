"""The version of an environment that a name selects."""

import json
from functools import partial

import msgspec
import pytest

from nbyard.domain.environments.references import EnvironmentDefault
from nbyard.domain.environments.structs import EnvironmentChange, NewDefault, NewEnvironment
from nbyard.domain.projects.structs import NewLink, NewProject
from nbyard.domain.runs.structs import NewRun, TaskPlan
from nbyard.domain.workflows.structs import CheckWorkflow
from nbyard.errors import Invalid, NotFound
from nbyard.freezing.environment_resolution import (
    find_used,
    of_kernel,
    plan_renewer,
    without_lock,
)
from nbyard.reasons.structs import text_reason

pytestmark = pytest.mark.slow


@pytest.fixture
def known(yard, ann):
    """An environment with versions of these states."""

    def make(name, *states):
        environments = yard.services.environments
        for number, state in enumerate(states):
            body = EnvironmentChange(add="cow")
            made = (
                environments.change(ann, name, body)
                if number
                else environments.create(ann, NewEnvironment(name, "cow"))
            )
            if state == "queued":
                continue
            with yard.store.write() as c:
                move = partial(yard.store.environments.move, c, "ann", made.current.id)
                move("building", place="x")
                move(state, digest=f"d{number}", reason=text_reason("why"))
                yard.store.environments.set_kernel_name(c, made.id, f"nbyard-{name}")

    return make


def add_image(yard, key, reference, of, number, **more):
    """A ready image of a version of an environment."""
    with yard.store.write() as c:
        told = {"reference": reference, "environment": of.id, "version": number, **more}
        yard.store.images.insert(c, "ann", key, origin="build", **told)
        made = yard.store.images.get(c, "ann", key)
        yard.store.images.move(c, made, "building")
        yard.store.images.move(c, made, "ready", image_id=f"sha256:{key}")


def test_a_name_means_the_newest_ready_version(yard, known):
    known("cows", "ready", "ready", "failed")
    used, lock = find_used(yard.context, "ann", "cows")
    assert (used.name, used.number, used.digest, used.pinned, lock) == (
        "cows", 2, "d1", False, b"",
    )  # fmt: skip
    used, _ = find_used(yard.context, "ann", "cows@1")
    assert (used.number, used.pinned) == (1, True)


def test_unusable_environments_are_refused_with_a_reason(yard, known):
    known("cows", "ready", "failed")
    known("ants", "queued")
    known("bees", "failed")
    parts = yard.context
    for reference, words in (
        ("cows@2", "version 2 of 'cows' was not installed: why"),
        ("ants", "version 1 of 'ants' is not installed yet: it is queued"),
        ("bees", "version 1 of 'bees' was not installed: why"),
    ):
        with pytest.raises(Invalid, match=words) as not_ready:
            find_used(parts, "ann", reference)
        assert "environments show" in not_ready.value.hint or "queued" in words
    for reference, words in (("cows@9", "no version 9"), ("none", "no environment 'none'")):
        with pytest.raises(NotFound, match=words):
            find_used(parts, "ann", reference)
    with pytest.raises(NotFound) as refused:
        find_used(parts, "ann", "cow@3")
    (detail,) = refused.value.details
    assert detail.path == "environment"
    assert "'cow@3'" in detail.message and detail.message.endswith("cows, bees, ants")
    with pytest.raises(NotFound, match=r"version 9; .*: 1"):
        find_used(parts, "ann", "cows@9")
    with pytest.raises(NotFound, match="version 2; none"):
        find_used(parts, "ann", "bees@2")
    with pytest.raises(NotFound):
        find_used(parts, "bob", "cows")


def test_a_refused_run_names_the_field_and_known_names(yard, ann, root, known):
    known("cows", "ready")
    (root / "a.py").write_text("print(1)\n")
    (root / "a.nbflow").write_text(
        '{"version": 1, "nodes": {"a": {"type": "executable", "path": "a.py"}}}'
    )
    for path in ("a.py", "a.nbflow"):
        for reference, words in (("cosw", "there are: cows"), ("cows@2", "installed are: 1")):
            with pytest.raises(NotFound, match=words) as refused:
                yard.services.runs.create(ann, NewRun(path=path, environment=reference))
            assert [detail.path for detail in refused.value.details] == ["environment"]
    (root / "a.py.nbexec").write_text('{"version": 1, "resources": {"environment": "cosw"}}')
    with pytest.raises(NotFound, match=r"environment: .* 'cosw'"):
        yard.services.runs.create(ann, NewRun(path="a.py"))
    with pytest.raises(Invalid, match=r"a: environment: .*: cows"):
        yard.services.runs.create(ann, NewRun(path="a.nbflow"))


def test_a_name_may_end_like_a_version(yard, known):
    known("cows@1", "ready")
    used, _ = find_used(yard.context, "ann", "cows@1")
    assert (used.name, used.number, used.pinned) == ("cows@1", 1, False)


def test_kernels_of_environments_are_known(yard, known):
    known("cows", "ready")
    parts = yard.context
    assert of_kernel(parts, "ann", "nbyard-cows") == "cows"
    assert of_kernel(parts, "ann", "python3") == of_kernel(parts, "bob", "nbyard-cows") == ""


@pytest.mark.parametrize(
    ("image", "environment", "is_put_in"),
    [
        ("", "cows", True),
        ("nbyard/cows:2", "cows", False),
        ("sha256:2", "cows@2", False),
        ("nbyard/cows:2", "cows@1", True),
        ("nbyard/cows:plain", "cows", False),
        ("nbyard/ants:1", "cows", True),
        ("somebody/elses:1", "cows", True),
    ],
)
def test_an_image_of_an_environment_has_its_packages(
    yard, ann, root, known, image, environment, is_put_in
):
    """None of them is installed again."""
    known("cows", "ready", "ready")
    known("ants", "ready")
    used, _ = find_used(yard.context, "ann", "cows")
    other, _ = find_used(yard.context, "ann", "ants")
    add_image(yard, "2", "nbyard/cows:2", used, 2)
    add_image(yard, "3", "nbyard/cows:plain", used, 2, recipe={"for_notebooks": False})
    add_image(yard, "4", "nbyard/ants:1", other, 1)
    (root / "a.py").write_text("")
    wish = NewRun(path="a.py", environment=environment, runtime="docker", image=image)
    made = yard.services.runs.create(ann, wish)
    with yard.store.read() as c:
        (task,) = yard.store.tasks.of_run(c, made.id)
    assert bool(task.plan.requirements_digest) == is_put_in
    assert task.plan.environment.name == "cows"


def test_a_notebook_needs_an_image_for_notebooks(yard, known):
    """Otherwise, nbyard would install what executes notebooks."""
    known("cows", "ready")
    used, _ = find_used(yard.context, "ann", "cows")
    add_image(yard, "1", "cows:1", used, 1, recipe={"for_notebooks": False})
    at = TaskPlan("n", "n", "e", "v", [], {}, "docker", "cows:1", environment=used)
    at = msgspec.structs.replace(at, requirements_digest="lock")
    with yard.store.read() as c:
        found = {
            kind: without_lock(yard.store, c, "ann", at, kind).requirements_digest
            for kind in ("notebook", "command")
        }
    assert found == {"notebook": "lock", "command": ""}


@pytest.mark.parametrize("runtime", ["process", "docker"])
def test_a_retry_uses_its_environment_for_failed_and_skipped_nodes(yard, ann, root, known, runtime):
    """Nodes with requirements use it too; other nodes keep an environment of their own."""
    known("cows", "ready")
    known("ants", "ready")
    (root / "a.py").write_text("print(1)\n")
    (root / "needs.txt").write_text("cow\n")
    node = {"type": "executable", "path": "a.py"}
    nodes = {
        "failed": {**node, "requirements": "needs.txt"},
        "skipped": {**node, "requirements": "needs.txt"},
        "plain": node,
        "finished": node,
        "other": {**node, "environment": "ants"},
        "failed_other": {**node, "environment": "ants"},
    }
    (root / "a.nbflow").write_text(json.dumps({"version": 1, "nodes": nodes}))
    made = yard.services.runs.create(ann, NewRun(path="a.nbflow", runtime=runtime))
    states = {"failed": "failed", "failed_other": "failed", "finished": "succeeded"}
    with yard.store.read() as c:
        tasks = yard.store.tasks.of_run(c, made.id)
    renew = plan_renewer(yard.context, "ann", "cows")
    plans = {
        task.node: renew(msgspec.structs.replace(task, state=states.get(task.node, "skipped")))
        for task in tasks
    }
    used = {node: plan.environment and plan.environment.name for node, plan in plans.items()}
    assert used == {
        "failed": "cows",
        "skipped": "cows",
        "plain": "cows",
        "finished": None,
        "other": "ants",
        "failed_other": "cows",
    }
    renewed = [plans[node] for node in ("failed", "skipped", "plain", "failed_other")]
    locks = {plan.requirements_digest for plan in renewed}
    assert len(locks) == 1 and (locks == {""}) == (runtime == "process")
    assert not any(plan.requirements for plan in renewed)


def test_the_nearest_default_applies_to_nodes_that_name_no_environment(  # noqa: PLR0915
    yard, ann, root, known
):
    for name in ("own", "flow", "project", "store"):
        known(name, "ready")
    (root / "a.py").write_text("print(1)\n")
    (root / "n.ipynb").write_text(
        json.dumps({"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
    )
    (root / "a.sh").write_text("#!/bin/sh\necho 1\n")
    services = yard.services

    def used_by(path, **wish):
        made = services.runs.create(ann, NewRun(path=path, force=True, **wish))
        with yard.store.read() as c:
            plans = [task.plan for task in yard.store.tasks.of_run(c, made.id)]
            return {
                plan.node: (
                    plan.environment.name,
                    plan.environment.default and plan.environment.default.set_by,
                )
                for plan in plans
                if plan.environment
            }

    def write(environment=""):
        node = {"type": "executable", "path": "a.py"}
        nodes = {
            "own": {**node, "environment": "own"},
            "plain": node,
            "notebook": {"type": "executable", "path": "n.ipynb"},
            "shell": {"type": "executable", "path": "a.sh"},
            "image": {**node, "image": "python:3.12"},
        }
        meta = {"id": "w", "environment": environment}
        document = {"version": 1, "meta": meta, "nodes": nodes}
        (root / "w.nbflow").write_text(json.dumps(document))

    write()
    assert used_by("a.py") == {}
    services.environments.set_default(ann, NewDefault("store"))
    own = {"own": ("own", None)}
    plain = ("plain", "notebook")
    assert used_by("a.py") == used_by("n.ipynb") == {"main": ("store", "store")}
    assert used_by("a.py", environment="own") == {"main": ("own", None)}
    assert used_by("w.nbflow") == own | dict.fromkeys(plain, ("store", "store"))
    project = services.projects.create(ann, NewProject("p"))
    services.environments.set_default(ann, NewDefault("project", "p"))
    assert used_by("w.nbflow") == own | dict.fromkeys(plain, ("store", "store"))
    in_project = msgspec.structs.replace(ann, project=project.id)
    made = services.runs.create(in_project, NewRun(path="a.py"))
    with yard.store.read() as c:
        (task,) = yard.store.tasks.of_run(c, made.id)
    assert task.plan.environment.default == EnvironmentDefault("project", "project", "p")
    services.projects.link(ann, "p", NewLink("workflow", "w.nbflow"))
    assert used_by("w.nbflow") == own | dict.fromkeys(plain, ("project", "project"))
    write("flow")
    assert used_by("w.nbflow") == own | dict.fromkeys(plain, ("flow", "workflow"))
    check = CheckWorkflow("w.nbflow", (root / "w.nbflow").read_text())
    views = services.workflows.check(ann, check).nodes
    assert {name for name, view in views.items() if view.default_environment} == {*plain}
    assert services.environments.defaults(ann).items == [
        EnvironmentDefault("store", "store"),
        EnvironmentDefault("project", "project", "p"),
    ]
    services.environments.set_default(ann, NewDefault(""))
    services.environments.delete(ann, "project", force=True)
    assert used_by("a.py") == {}
    assert services.environments.defaults(ann).items == []
