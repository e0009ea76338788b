"""A run of a template equals the run of its request. One submission key makes one run."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nbyard.domain.callers import Caller
from nbyard.domain.ids import new_id
from nbyard.domain.projects.structs import NewProject
from nbyard.domain.runs.origins import SOURCED, FireCause, Origin
from nbyard.domain.runs.planning import plan_tasks
from nbyard.domain.runs.structs import BytesOf, NewRun, TaskPlan, ValueOf
from nbyard.domain.runs.templates import RunTemplate
from nbyard.errors import Conflict, Invalid, NameTaken
from nbyard.freezing.environment_resolution import plan_for_retry
from nbyard.freezing.runs.run_creation import (
    create_probe,
    create_run,
    plan_run,
    recorded_values,
    retry_run,
)
from nbyard.freezing.runs.templates import FrozenRequest, freeze, store_template
from nbyard.store import Connection
from nbyard.yard import Yard

BOTH = pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
NODES = ("a", "b", "c", "d")
DUE = datetime(2026, 3, 29, 1, 30, tzinfo=UTC)


@st.composite
def documents(draw):
    """Return a document of the tool and its data: connected or not, muted, bypassed, bound."""
    nodes: dict[str, dict[str, Any]] = {"data": {"type": "dataset", "path": "data.csv"}}
    edges = {}
    for place, name in enumerate(NODES[: draw(st.integers(1, 4))]):
        bound = draw(st.sampled_from([None, {"value": 3}, {"parameter": "n"}, {"parameter": "m"}]))
        node: dict[str, Any] = {"type": "executable", "path": "tool.py"}
        node |= {"arguments": {"times": bound}} if bound else {}
        node |= (
            {"mode": mode}
            if (mode := draw(st.sampled_from([*[None] * 4, "muted", "bypassed"])))
            else {}
        )
        nodes[name] = node
        source = draw(st.sampled_from(["data", "data", "data", *NODES[:place] * 2, None]))
        if source:
            output = "data" if source == "data" else "result"
            edge = {"source": source, "output": output, "target": name, "input": "source"}
            edges[f"e{place}"] = edge
    parameters = {"n": {"type": "int", "default": 2}, "m": {"type": "int"}}
    return {"version": 1, "meta": {"parameters": parameters}, "nodes": nodes, "edges": edges}


@st.composite
def requests(draw):
    asked = draw(st.fixed_dictionaries({}, optional=dict.fromkeys("nm", st.integers(0, 9))))
    scope = draw(st.sampled_from(["all", "selected", "from"]))
    nodes = [] if scope == "all" else ["a"]
    force, priority = draw(st.booleans()), draw(st.integers(-3, 3))
    return NewRun(
        "g.nbflow", parameters=asked, scope=scope, nodes=nodes, force=force, priority=priority
    )


def plans_of_request(yard: Yard, c: Connection, frozen: FrozenRequest) -> list[TaskPlan]:
    """Return the tasks of the request itself, without a template."""
    resolved, body = frozen.nodes.rows(c), frozen.body
    values = {"n": 2} | body.parameters
    credentials = yard.store.credentials.references(c, frozen.owner)
    return plan_tasks(frozen.meant, resolved, values, frozen.chosen, frozen.overrides, credentials)


@BOTH
@given(document=documents(), body=requests())
@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_run_of_a_stored_template_has_the_tasks_of_its_request(
    yard: Yard, ann: Caller, tool: str, document: dict[str, object], body: NewRun
) -> None:
    (yard.context.files.root / "data.csv").write_text("a\n1\n")
    (yard.context.files.root / "g.nbflow").write_text(json.dumps(document))
    try:
        frozen = freeze(yard.context, ann.name, body)
    except Invalid:  # the named node does not run
        return
    with yard.store.write() as c:
        kept = store_template(c, frozen)
        found = yard.store.templates.get(c, ann.name, kept.id)
        assert found is not None and found == kept
        try:
            expected = plans_of_request(yard, c, frozen)
        except (Invalid, KeyError):  # an input is open, or `m` has no value
            expected = []
        if not expected:
            with pytest.raises(Invalid):
                create_run(yard.store, c, found)
            return
        run_id, is_new = create_run(yard.store, c, found)
        tasks = yard.store.tasks.of_run(c, run_id)
        run = yard.store.runs.by_id(c, run_id)
    assert is_new and [task.plan for task in tasks] == expected
    assert run is not None and run.priority == body.priority
    assert run.parameters == {"n": 2} | body.parameters


@pytest.fixture
def template(yard: Yard, ann: Caller, flow: str) -> RunTemplate:
    with yard.store.write() as c:
        template = store_template(c, freeze(yard.context, ann.name, NewRun(flow)))
        create_run(yard.store, c, template)
    return template


@BOTH
def test_a_submission_key_creates_one_run(yard: Yard, ann: Caller, template: RunTemplate) -> None:
    """Two dispatchers ask, or one asks again after a crash."""
    origin = Origin("automation", new_id(), DUE)

    def create(_: int) -> tuple[str, bool]:
        with yard.store.write() as c:
            return create_run(yard.store, c, template, submission_key="due", origin=origin)

    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(create, range(16)))
    assert len({run for run, _ in made}) == 1
    assert sum(is_new for _, is_new in made) == 1
    with yard.store.write() as c:
        other = msgspec.structs.replace(template, owner="bob")
        assert create_run(yard.store, c, other, submission_key="due")[1], "keys are the owner's"
        assert create_run(yard.store, c, template)[0] != create_run(yard.store, c, template)[0]
    runs = yard.services.runs
    (found,) = runs.list(ann, automation=origin.id).items
    origin = msgspec.structs.replace(origin, source_id=origin.id)
    assert (found.id, found.origin) == (made[0][0], origin)
    assert found.scheduled_at == "2026-03-29T01:30:00Z"
    assert [run.id for run in runs.list(ann, origin="automation").items] == [found.id]


def test_an_equal_request_is_the_same_template(yard: Yard, ann: Caller, flow: str, tool: str):
    def kept(**body: Any) -> str:
        with yard.store.write() as c:
            template = store_template(c, freeze(yard.context, ann.name, NewRun(flow, **body)))
            create_run(yard.store, c, template)
        return template.id

    first = kept()
    assert kept() == first and kept(force=True) != first and kept(parameters={"n": 5}) != first
    (yard.context.files.root / tool).write_text("print(1)\n")
    assert kept() != first


@BOTH
def test_a_template_outlives_changes_of_its_files(
    yard: Yard, ann: Caller, template: RunTemplate, flow: str
) -> None:
    """A pinned schedule uses the frozen files."""
    root = yard.context.files.root
    (root / flow).write_text("{")
    (root / "data.csv").write_text("other\n")
    (root / "tool.py").unlink()
    with yard.store.write() as c:
        (first,) = yard.store.runs.page(c, ann.name, 9, "")
        again, _ = create_run(yard.store, c, template, values={"n": 7})
        before, after = (yard.store.tasks.of_run(c, run) for run in (first.id, again))
    assert after[0].plan.bindings["times"] == ValueOf(7)
    assert [task.plan.executable_version_id for task in before] == [
        task.plan.executable_version_id for task in after
    ]
    assert after[0].plan.bindings["source"] == before[0].plan.bindings["source"]
    assert yard.services.runs.get(ann, again).run.parameters == {"n": 7}


@pytest.mark.parametrize("values", [{"n": "x"}, {"none": 1}, {"n": None}])
def test_a_refused_value_creates_no_run(yard, ann, template, values):
    before = yard.services.runs.list(ann).items
    with pytest.raises(Invalid), yard.store.write() as c:
        create_run(yard.store, c, template, values=values)
    assert yard.services.runs.list(ann).items == before


def test_a_single_executable_runs_again_with_other_values(yard, ann, tool, root):
    """Its inputs are frozen, so another input needs another template."""
    (root / "data.csv").write_text("a\n")
    body = NewRun(tool, parameters={"source": "data.csv", "times": 2})
    with yard.store.write() as c:
        template = store_template(c, freeze(yard.context, ann.name, body))
        run, _ = create_run(yard.store, c, template, values={"times": 5})
        (task,) = yard.store.tasks.of_run(c, run)
        with pytest.raises(Invalid) as refused:
            create_run(yard.store, c, template, values={"source": "other.csv"})
    assert task.plan.bindings["times"] == ValueOf(5)
    assert isinstance(task.plan.bindings["source"], BytesOf)
    assert refused.value.details[0].path == "parameters.source"
    assert yard.services.runs.get(ann, run).run.parameters == {"source": "data.csv", "times": 5}


def test_the_name_of_a_live_run_is_not_reused(yard, ann, template):
    with yard.store.write() as c:
        run, _ = create_run(yard.store, c, template, name="nightly")
        with pytest.raises(NameTaken):
            create_run(yard.store, c, template, name="nightly")
        with pytest.raises(Conflict):
            create_run(yard.store, c, template, name="nightly", replace=True)
    yard.services.runs.cancel(ann, run)
    with yard.store.read() as c:
        assert yard.store.runs.names(c, ann.name) == {run: "nightly"}


def test_runs_of_a_bisection_have_the_due_time_of_the_bad_run(yard, ann, template):
    due = datetime(2026, 11, 26, 8, tzinfo=UTC)
    with yard.store.write() as c:
        run, _ = create_run(yard.store, c, template, origin=Origin("automation", "s", due))
        bad = yard.store.runs.by_id(c, run)
        plans = [task.plan for task in yard.store.tasks.of_run(c, run)]
        probe = yard.store.runs.by_id(c, create_probe(yard.store, c, bad, plans, "b"))
    assert probe.origin == Origin("bisect", "b", due)
    assert probe.scheduled_at == bad.scheduled_at == "2026-11-26T08:00:00Z"


@pytest.mark.parametrize("kind", sorted(SOURCED))
def test_a_retry_keeps_its_schedule_or_trigger_and_its_due_time(yard, ann, template, kind):
    origin = Origin(kind, "s", DUE, FireCause(), ["s"], "b" if kind == "backfill" else "")
    with yard.store.write() as c:
        family = [create_run(yard.store, c, template, origin=origin)[0]]
    for _ in range(2):
        yard.services.runs.cancel(ann, family[-1])
        with yard.store.write() as c:
            old = yard.services.runs.get(ann, family[-1]).run
            family.append(retry_run(yard.store, c, old, plan_for_retry, "", Caller(old.owner)))
    first, *retries = (yard.services.runs.get(ann, one).run.origin for one in family)
    assert first == msgspec.structs.replace(origin, source_id="s")
    assert retries == [
        msgspec.structs.replace(first, kind="retry", id=one, cause=None, person="ann")
        for one in family[:2]
    ]
    with yard.store.read() as c:
        found = yard.store.runs.page(c, ann.name, 9, "", automation="s")
    assert [run.id for run in found] == family[::-1]


@BOTH
def test_a_retry_belongs_to_the_projects_of_its_run(
    yard: Yard, ann: Caller, template: RunTemplate
) -> None:
    """Those of its automation, and those to which it is linked itself."""
    services, store = yard.services, yard.store
    nightly, wine, _ = (
        services.projects.create(ann, NewProject(name)) for name in ("nightly", "wine", "beer")
    )
    with store.write() as c:
        run, _ = create_run(store, c, template, origin=Origin("backfill", "s"))
        store.projects.link(c, nightly, "automation", "s")
        for project in (nightly, wine):
            store.projects.link(c, project, "run", run)
    family = [run]
    for _ in range(2):
        services.runs.cancel(ann, family[-1])
        with store.write() as c:
            old = services.runs.get(ann, family[-1]).run
            family.append(retry_run(store, c, old, plan_for_retry, "", Caller(old.owner)))
    for name in ("nightly", "wine"):
        listed = services.runs.list(ann, project=name).items
        assert [one.id for one in listed] == family[::-1]
    assert services.runs.list(ann, project="beer").items == []


def test_a_forecast_plans_like_a_template(yard, ann, template):
    with yard.store.read() as c:
        content = template.content
        plans = plan_run(yard.store, c, ann.name, content, recorded_values(content))
    assert [plan.node for plan in plans] == ["one", "two"]
