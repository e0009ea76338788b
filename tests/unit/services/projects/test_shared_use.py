"""A member of a project uses its datasets and environments, by ID or as `OWNER/NAME`."""

import json
from functools import partial

import pytest

from nbyard.domain.automations.structs import AutomaticRun, Fire, NewAutomation
from nbyard.domain.automations.times.structs import Phrase
from nbyard.domain.callers import Caller
from nbyard.domain.datasets.structs import DatasetPatch
from nbyard.domain.environments.structs import NewDefault, NewEnvironment
from nbyard.domain.projects.members import NewMember
from nbyard.domain.projects.structs import NewLink, NewProject
from nbyard.domain.runs.structs import NewRun
from nbyard.domain.users.isolation import Isolation
from nbyard.errors import Forbidden, Invalid, NotFound
from nbyard.freezing.environment_resolution import find_used, of_kernel
from nbyard.reasons.structs import because
from nbyard.store import transition

pytestmark = pytest.mark.slow
BOB, EVE = Caller("bob"), Caller("eve")


@pytest.fixture
def torch(yard, ann):
    """A ready environment of ann."""
    made = yard.services.environments.create(ann, NewEnvironment("torch", "cowsay"))
    with yard.store.write() as c:
        move = partial(yard.store.environments.move, c, "ann", made.current.id)
        move("building", place="x")
        move("ready", digest="d", place="")
        yard.store.environments.set_kernel_name(c, made.id, "nbyard-torch")
    return made


@pytest.fixture
def wine(yard, ann, imported, torch):
    """A project of ann with a dataset and an environment, of which bob is a viewer."""
    projects = yard.services.projects
    made = projects.create(ann, NewProject("wine"))
    projects.link(ann, made.id, NewLink("dataset", imported.id))
    projects.link(ann, made.id, NewLink("environment", torch.id))
    yard.services.shares.grant(ann, "project", made.id, NewMember("bob"))
    return made


def test_a_name_with_its_owner_means_what_others_share(yard, ann, wine, imported, torch):
    services = yard.services
    for key in (imported.id, "ann/a.csv"):
        assert services.datasets.get(BOB, key).id == imported.id
        assert services.datasets.content(BOB, key).digest == imported.current.digest
    assert services.environments.get(BOB, "ann/torch").id == torch.id
    assert services.projects.get(BOB, "ann/wine").id == wine.id
    assert services.datasets.get(ann, "ann/a.csv").id == imported.id
    for caller, key in ((BOB, "a.csv"), (BOB, "bob/a.csv"), (BOB, "/a.csv"), (EVE, "ann/a.csv")):
        with pytest.raises(NotFound):
            services.datasets.get(caller, key)
    messages = set()
    for key in ("ann/a.csv", "ann/b.csv"):  # of others, and of nobody
        with pytest.raises(NotFound) as refused:
            services.datasets.get(EVE, key)
        messages.add(str(refused.value).replace("b.csv", "a.csv"))
    assert len(messages) == 1


def test_a_name_with_its_owner_gives_no_right(yard, wine, imported, torch):
    """A viewer changes nothing: the check of roles knows these names."""
    for operation, path in (
        ("datasets.update", {"dataset": "ann/a.csv"}),
        ("datasets.delete", {"dataset": "ann/a.csv"}),
        ("environments.change", {"environment": "ann/torch"}),
        ("projects.update", {"project": "ann/wine"}),
        ("shares.grant", {"kind": "dataset", "resource": "ann/a.csv"}),
        ("shares.create_link", {"kind": "dataset", "resource": "ann/a.csv"}),
    ):
        with pytest.raises(Forbidden):
            yard.services.check_access(BOB, operation, "x:write", path)
    yard.services.check_access(EVE, "datasets.update", "x:write", {"dataset": "ann/a.csv"})
    with pytest.raises(NotFound):
        yard.services.datasets.update(EVE, "ann/a.csv", DatasetPatch(1, description="x"))


def test_an_environment_of_others_is_named_with_its_owner(yard, ann, wine, torch):
    for reference in (torch.id, "ann/torch", "ann/torch@1"):
        used, lock = find_used(yard.context, "bob", reference)
        assert (used.id, used.number) == (torch.id, 1) and lock is not None
    assert of_kernel(yard.context, "bob", "nbyard-torch") == "ann/torch"
    assert of_kernel(yard.context, "ann", "nbyard-torch") == "torch"
    assert of_kernel(yard.context, "eve", "nbyard-torch") == ""
    # In a member's own server, names of owners differ.
    home = f"nbyard-torch-{torch.id[-8:]}"
    assert of_kernel(yard.context, "bob", home) == "ann/torch"
    assert of_kernel(yard.context, "eve", home) == ""
    environments = yard.services.environments
    defaults = environments.set_default(BOB, NewDefault("ann/torch"))
    assert [default.environment for default in defaults.items] == ["ann/torch"]
    with pytest.raises(NotFound):
        find_used(yard.context, "eve", "ann/torch")


@pytest.mark.parametrize("name", [str, lambda data: "ann/a.csv"], ids=["id", "name"])
def test_a_member_runs_a_workflow_with_shared_data(
    yard, wine, imported, torch, tool, root, dispatcher, name
):
    """The run is of the member. It has the bytes of the owner, also after the share ends."""
    document = {
        "version": 1,
        "meta": {"id": "w", "title": "w"},
        "nodes": {
            "data": {"type": "dataset", "dataset": name(imported.id)},
            "one": {"type": "executable", "path": tool},
        },
        "edges": {
            "e": {"source": "data", "output": "data", "target": "one", "input": "source"},
        },
    }
    (root / "w.nbflow").write_text(json.dumps(document))
    made = yard.services.runs.create(BOB, NewRun(path="w.nbflow"))
    ended = dispatcher.until(
        lambda: yard.services.runs.get(BOB, made.id),
        lambda run: run.run.state in ("succeeded", "failed"),
    )
    assert (ended.run.state, ended.run.owner) == ("succeeded", "bob"), ended
    with pytest.raises(Invalid):
        yard.services.runs.create(EVE, NewRun(path="w.nbflow"))


@pytest.fixture
def cancelled_run(yard, root):
    """Return a function that starts and cancels a run in an environment, on a shared store."""
    yard.store.isolation = Isolation(is_shared=True)
    (root / "a.py").write_text("print()\n")

    def run(caller, environment):
        wish = NewRun(path="a.py", environment=environment, runtime="docker")
        made = yard.services.runs.create(caller, wish)
        with yard.store.write() as c:
            run = yard.store.runs.by_id(c, made.id)
            transition.move_all(c, [yard.store.runs.step(run, "cancelled", {})])
        return made.id

    return run


def test_an_environment_serves_nobody_after_its_share_ended(yard, ann, wine, cancelled_run):
    """Neither a retry nor a pinned automation, whose plans have its lock."""
    services, before = yard.services, cancelled_run(BOB, "ann/torch")
    run = AutomaticRun(path="a.py", environment="ann/torch", runtime="docker")
    timed = NewAutomation(run, Phrase("daily at 6"), "due", mode="pinned")
    automation = services.automations.create(BOB, timed)
    services.shares.revoke(ann, "project", wine.id, "bob")
    for refused in (
        lambda: services.runs.retry(BOB, before),
        lambda: services.automations.fire(BOB, automation.id, Fire()),
    ):
        with pytest.raises(NotFound) as found:
            refused()
        assert found.value.reason == because("environment-deleted", environment="torch")
    assert [run.id for run in services.runs.list(BOB).items] == [before]


def test_who_sees_a_run_retries_it_in_its_environment(yard, ann, torch, cancelled_run):
    before = cancelled_run(ann, "torch")
    yard.services.shares.grant(ann, "run", before, NewMember("bob", "editor"))
    retried = yard.services.runs.retry(BOB, before)
    assert retried.owner == "bob"
    assert yard.services.environments.list(BOB).items == []
