"""Resources that are created while a project is active are linked to it."""

from types import SimpleNamespace

import pytest

from nbyard.domain.callers import Caller
from nbyard.domain.projects.structs import LINK_KINDS, NewProject
from nbyard.domain.runs.structs import NewRun
from nbyard.errors import Forbidden
from nbyard.services.operation_table import table
from nbyard.services.projects.automatic_links import CREATED, check_may_link


@pytest.fixture
def made(yard, ann):
    return yard.services.projects.create(ann, NewProject("wine"))


def links(yard, ann):
    return yard.services.projects.get(ann, "wine").links


def test_the_listed_operations_exist_and_create():
    methods = {operation.id: operation.method for operation in table()}
    assert {methods[one] for one in CREATED} == {"POST"}
    assert set(CREATED.values()) == {*LINK_KINDS} - {"workflow"}
    assert CREATED["models.register"] == "executable"


def test_a_link_needs_a_scope():
    writer = Caller("ann", scopes=("runs:write",))
    with pytest.raises(Forbidden, match="custom:nbyard:write"):
        check_may_link(writer, "runs.create")
    check_may_link(writer, "runs.cancel")
    check_may_link(Caller("ann", scopes=("projects:write",)), "runs.create")


def test_the_first_run_links_its_workflow_too(yard, ann, runs, projects, made, flow):
    run = runs.create(ann, NewRun(path=flow))
    for _ in range(2):
        projects.link_created(ann, made.id, "runs.create", run)
    assert links(yard, ann) == {"run": 1, "workflow": 1}


def test_a_later_run_does_not_take_over_a_workflow(yard, ann, runs, projects, made, flow):
    runs.create(ann, NewRun(path=flow))
    projects.link_created(ann, made.id, "runs.create", runs.create(ann, NewRun(path=flow)))
    assert links(yard, ann) == {"run": 1}


def test_a_single_run_has_no_workflow(yard, ann, runs, projects, made, root):
    (root / "a.py").write_text("print()\n")
    projects.link_created(ann, made.id, "runs.create", runs.create(ann, NewRun(path="a.py")))
    assert links(yard, ann) == {"run": 1}


def test_other_operations_projects_and_people_link_nothing(yard, ann, projects, made):
    thing = SimpleNamespace(id="x", workflow_id="")
    projects.link_created(ann, made.id, "runs.cancel", thing)
    projects.link_created(ann, "gone", "runs.create", thing)
    projects.link_created(Caller("eve"), made.id, "runs.create", thing)
    projects.link_created(Caller("ann", scopes=("runs:write",)), made.id, "runs.create", thing)
    assert links(yard, ann) == {}
