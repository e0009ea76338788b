"""On a store with several users, code runs only in containers of allowed images."""

import json
from collections.abc import Iterator

import msgspec
import pytest
from sqlalchemy import update
from tests.notebooks import notebook

from nbyard.domain.callers import Caller
from nbyard.domain.deployments.structs import DeploymentChange, NewDeployment
from nbyard.domain.executables.structs import AskHelp
from nbyard.domain.images.structs import ImageName, NewImage, PulledImage
from nbyard.domain.projects.members import NewMember
from nbyard.domain.projects.structs import NewProject
from nbyard.domain.runs.checks import NewCheckRun
from nbyard.domain.runs.structs import NewRun
from nbyard.errors import Conflict, NbyardError, PolicyRefused
from nbyard.host.entry_points import entry_points_of, installed_runtimes
from nbyard.reasons.structs import because
from nbyard.runtimes.protocol import load_all, load_one
from nbyard.settings import Settings
from nbyard.store import transition
from nbyard.store.schema.deployment_tables import models
from nbyard.store.schema.tables import attempts, images
from nbyard.yard import Yard

from ...store.lineage.records import Records
from ...store.rows import Rows
from ...store.test_models import MODEL as CHURN

ANN, DORA = Caller("ann"), Caller("dora")
MODEL = """name: Churn
deployment: {mode: http}
src: .
interface: {model_module: tool, model_class: M}
input_schema: [{name: x, type: float}]
output_schema: {name: y, type: int}
"""
FILES = {
    "command": ("tool.py", "import sys\n\n\nclass M:\n    predict = None\n"),
    "container": ("Dockerfile", 'FROM own/base\nENTRYPOINT ["x"]\n'),
    "function": ("functions.py::double", "def double(n: int = 1) -> int:\n    return 2 * n\n"),
    "model": ("nervosum.yaml", MODEL),
    "notebook": ("report.ipynb", notebook("n = 1")),
}


@pytest.fixture
def shared(yard: Yard) -> Iterator[Yard]:
    """The store of `yard`, with the rules for several users."""
    settings = Settings(
        store_dir=yard.settings.store_dir,
        database_url=yard.settings.database_url,
        inline_dispatch=True,
        shared=True,
        allowed_images=["own/*"],
        dask_users=["dora"],
    )
    root = yard.context.files.root
    with Yard.open(settings, root, root) as opened:
        yield opened


def test_the_default_is_a_container(shared):
    assert shared.settings.default_runtime == "docker"
    assert "process" not in shared.services.system.runtimes(ANN).names


def test_every_kind_of_code_has_an_example():
    assert FILES.keys() == entry_points_of("nbyard.kinds").keys()


@pytest.mark.parametrize("kind", sorted(FILES))
@pytest.mark.parametrize("runtime", ["", *installed_runtimes()])
def test_code_of_any_kind_runs_only_in_isolation(shared, kind, runtime):
    root = shared.context.files.root
    for name, text in FILES.values():
        (root / name.partition("::")[0]).write_text(text)
    (root / "a.csv").write_text("x\n1\n")
    image = "own/base" if runtime != "dask" else ""
    given = {"data": "a.csv"} if kind == "model" else {}
    body = NewRun(path=FILES[kind][0], runtime=runtime, image=image, texts=given)
    create = shared.services.runs.create
    if runtime in ("", "docker"):
        assert create(ANN, body).state == "queued"
        return
    with pytest.raises(NbyardError) as refused:
        create(ANN, body)
    if kind != "container":  # without an engine, no image can run anyway
        assert isinstance(refused.value, PolicyRefused)
        assert refused.value.reason.code == ("dask-off" if runtime == "dask" else "runtime-off")
        assert refused.value.hint_reason == because("use-containers")
        if runtime == "dask":
            assert create(DORA, body).state == "queued"
    assert shared.services.runs.list(ANN).items == []


def test_the_cluster_is_given_to_groups_and_to_runs_of_a_project(shared):
    """A viewer, such as everyone in a published project, is no member who may run code there."""
    rules, body = shared.store.isolation, NewRun(path="tool.py", runtime="dask")
    (shared.context.files.root / "tool.py").write_text("print()\n")
    wine = shared.services.projects.create(ANN, NewProject("wine"))
    listed = ("group:physics", "project:ann/wine", "project:mine", "group:dora")
    shared.store.isolation = msgspec.structs.replace(rules, dask_users=listed)
    create, share = shared.services.runs.create, shared.services.shares.grant
    shared.services.projects.create(DORA, NewProject("mine"))

    def may(name, project=""):
        try:
            return create(Caller(name, project=project), body).state == "queued"
        except PolicyRefused as refused:
            assert refused.reason == because("dask-off", node="tool.py")
            return False

    assert (may("ann"), may("ann", wine.id), may("dora", "mine")) == (False, True, False)
    share(ANN, "project", wine.id, NewMember("*"))
    assert not may("dora", wine.id)
    share(ANN, "project", wine.id, NewMember("dora", "editor"))
    assert (may("dora"), may("dora", wine.id)) == (False, True)
    with shared.store.write() as c:
        shared.store.grants.set_groups(c, "dora", ["physics"])
        shared.store.grants.set_groups(c, "group:physics", ["students"])
    assert (may("dora"), may("group:physics")) == (True, False)


def test_the_cluster_is_offered_to_those_who_may_use_it(shared, monkeypatch):
    """An editor of a listed project sees for which runs; nobody sees projects of others."""
    rules, system = shared.store.isolation, shared.services.system
    shared.settings.dask_address = "tcp://127.0.0.1:8786"
    monkeypatch.setattr("nbyard.runtimes.dask.cluster.Cluster.describe", lambda _: "a scheduler")
    wine = shared.services.projects.create(ANN, NewProject("wine"))
    shared.services.projects.create(ANN, NewProject("beer"))
    listed = ("group:physics", "project:ann/wine", "project:ann/beer", "fred")
    shared.store.isolation = msgspec.structs.replace(rules, dask_users=listed)
    shared.services.shares.grant(ANN, "project", wine.id, NewMember("eve", "editor"))
    shared.services.shares.grant(ANN, "project", wine.id, NewMember("fred", "editor"))
    shared.services.shares.grant(ANN, "project", wine.id, NewMember("gus", "viewer"))
    with shared.store.write() as c:
        shared.store.grants.set_groups(c, "dora", ["physics"])

    def offered(name):
        answer = system.runtimes(Caller(name))
        checks = system.doctor(Caller(name, scopes=("system:read",))).checks
        (check,) = (check for check in checks if check.name == "dask")
        assert check.finding == str(answer.note or "")
        assert "dask" in answer.names or check.state == "missing"
        return "dask" in answer.names, answer.note

    assert offered("dora") == offered("fred") == (True, None)
    assert offered("ann") == (True, because("dask-of-projects", projects=["ann/wine", "ann/beer"]))
    assert offered("eve") == (True, because("dask-of-projects", projects=["ann/wine"]))
    assert offered("gus") == offered("bob") == (False, because("dask-of-others"))
    assert system.runtimes(Caller("bob")).names[0] == "docker"
    shared.settings.dask_address = ""
    assert offered("dora") == offered("bob") == (False, None)


def test_every_container_has_a_limit_that_quotas_count(shared, flow):
    place = shared.context.files.root / flow
    document = json.loads(place.read_text())
    document["nodes"]["two"] |= {"cpu": 3, "memory_bytes": 5 * 10**9}
    place.write_text(json.dumps(document))
    run = shared.services.runs.create(ANN, NewRun(path=flow))
    with shared.store.read() as c:
        tasks = shared.store.tasks.of_run(c, run.id)
    limits = {task.node: (task.plan.cpu, task.plan.memory_bytes) for task in tasks}
    assert limits == {"one": (1.0, 2 * 10**9), "two": (3.0, 5 * 10**9)}


def test_attempts_name_no_place_on_the_machine_of_the_service(yard, shared, flow):
    run = shared.services.runs.create(ANN, NewRun(path=flow))
    with shared.store.write() as c:
        made = Rows(shared.store, c).attempt(shared.store.tasks.of_run(c, run.id)[0])
        of_task = attempts.c.id == made.id
        c.execute(update(attempts).where(of_task).values(site="unix:///run/docker.sock"))
    for of, is_shown in ((yard, True), (shared, False)):
        detail = of.services.runs.get(ANN, run.id)
        for tasks in (detail.tasks, of.services.runs.tasks(ANN, run.id).items):
            (attempt,) = [one for shown in tasks for one in shown.attempts]
            assert (bool(attempt.folder), bool(attempt.site)) == (is_shown, is_shown)


def test_a_node_names_no_process(shared, flow):
    place = shared.context.files.root / flow
    document = json.loads(place.read_text())
    document["nodes"]["two"]["runtime"] = "process"
    place.write_text(json.dumps(document))
    for create in (shared.services.runs.create, shared.services.runs.forecast):
        with pytest.raises(PolicyRefused):
            create(ANN, NewRun(path=flow))
    with pytest.raises(PolicyRefused):
        shared.services.runs.check_sample(ANN, NewCheckRun(path=flow))


def test_a_retry_follows_the_rules_of_today(yard, shared, ann, flow):
    before = yard.services.runs.create(ann, NewRun(path=flow))
    with yard.store.write() as c:
        run = yard.store.runs.by_id(c, before.id)
        transition.move_all(c, [yard.store.runs.step(run, "cancelled", {})])
    with pytest.raises(PolicyRefused):
        shared.services.runs.retry(ann, before.id)


def test_images_are_allowed_by_pattern_or_built_for_the_same_user(shared, flow):
    runs, rows = shared.services.runs, shared.store.images
    with shared.store.write() as c:
        rows.insert(c, ANN.name, "i1", reference="nbyard/a:1", origin="build")
        image = rows.get(c, ANN.name, "i1")
        rows.move(c, image, "building")
        rows.move(c, image, "ready", image_id="sha256:" + "1" * 64)
    for name in ("nbyard/a:1", "sha256:" + "1" * 64):
        made = runs.create(ANN, NewRun(path=flow, image=name))
        with shared.store.read() as c:
            plans = [task.plan for task in shared.store.tasks.of_run(c, made.id)]
        # the name may mean another user's image on the engine
        assert {plan.image for plan in plans} == {"sha256:" + "1" * 64}
        with pytest.raises(PolicyRefused) as refused:
            runs.create(DORA, NewRun(path=flow, image=name))
        assert refused.value.reason == because("image-off", image=name)
    with pytest.raises(PolicyRefused) as unknown:
        runs.create(ANN, NewRun(path=flow, image="python:2"))
    assert unknown.value.reason.code == "image-off"


def test_dockerfiles_are_built_if_the_administrator_allows_it(shared):
    (shared.context.files.root / "Dockerfile").write_text(FILES["container"][1])
    with pytest.raises(PolicyRefused) as refused:
        shared.services.runs.create(ANN, NewRun(path="Dockerfile"))
    assert refused.value.reason.code == "dockerfile-off"
    allowed = msgspec.structs.replace(shared.store.isolation, allows_dockerfiles=True)
    shared.store.isolation = allowed
    assert shared.services.runs.create(ANN, NewRun(path="Dockerfile")).state == "queued"


def test_nothing_else_runs_code_in_the_service(shared, tool):
    with pytest.raises(PolicyRefused):
        shared.services.executables.help(ANN, AskHelp(path=tool))
    with pytest.raises(PolicyRefused):
        load_one(shared.settings, "process")
    assert "process" not in load_all(shared.settings)


def test_images_are_pulled_built_and_pushed_by_the_rules(shared):
    images, rows = shared.services.images, shared.store.images
    assert images.pull(ANN, PulledImage("own/a:1")).state == "queued"
    (shared.context.files.root / "Dockerfile").write_text("FROM own/base\n")
    with shared.store.write() as c:
        rows.insert(c, ANN.name, "i1", reference="nbyard/a:1", origin="build")
        image = rows.get(c, ANN.name, "i1")
        rows.move(c, image, "building")
        rows.move(c, image, "ready", image_id="sha256:" + "1" * 64)
    for refused, code in (
        (lambda: images.pull(ANN, PulledImage("python:2")), "image-off"),
        (lambda: images.pull(DORA, PulledImage("nbyard/a:1")), "image-off"),
        (lambda: images.build(ANN, NewImage(path="Dockerfile")), "dockerfile-off"),
        # the engine would show the image of one user to all under this name
        (lambda: images.push(ANN, "i1", ImageName("docker.io/own/a:1")), "push-off"),
    ):
        with pytest.raises(PolicyRefused) as found:
            refused()
        assert found.value.reason.code == code
    assert images.push(ANN, "i1", ImageName("reg.example.org/a:1")).state == "queued"


def test_deployments_use_allowed_images_and_wait_for_their_own(shared):
    create, rows = shared.services.deployments.create, shared.store.images
    assert create(ANN, NewDeployment("own/a:1", "own", "a", ports=[])).state == "queued"
    with shared.store.write() as c:
        rows.insert(c, ANN.name, "i1", reference="nbyard/a:1", origin="build")
    assert create(ANN, NewDeployment("nbyard/a:1", "own", "b", ports=[])).state == "queued"
    for caller, image in ((DORA, "nbyard/a:1"), (ANN, "python:2")):
        with pytest.raises(PolicyRefused):
            create(caller, NewDeployment(image, "own", "c", ports=[]))
    change = DeploymentChange(image="python:2")
    with pytest.raises(PolicyRefused):
        shared.services.deployments.edit(ANN, "a", change)


def test_a_member_deploys_and_runs_a_shared_model_in_its_image(shared, flow):
    """The name of the image is that of an image of the member, too."""
    services, image = shared.services, "sha256:" + "1" * 64
    with shared.store.write() as c:
        rows = Records(shared.store, c)
        ready = {"state": "ready", "image_id": image}
        model = rows.model(rows.image("nbyard/m:1", ANN.name, **ready), owner=ANN.name)
        columns = {"model": msgspec.to_builtins(CHURN)}
        c.execute(update(models).where(models.c.id == model).values(**columns))
        own = {"state": "ready", "image_id": "sha256:" + "2" * 64}
        rows.image("nbyard/m:1", DORA.name, **own)
    for key in (model, image):
        with pytest.raises(PolicyRefused):
            services.deployments.create(DORA, NewDeployment(key, name="a"))
    services.shares.grant(ANN, "model", model, NewMember(DORA.name))
    made = services.deployments.create(DORA, NewDeployment(model, name="a"))
    assert (made.owner, made.spec.image, made.model.id) == (DORA.name, image, model)
    assert services.deployments.edit(DORA, "a", DeploymentChange(image=model)).spec == made.spec
    run = services.runs.create(DORA, NewRun(path=flow, image=image))
    with shared.store.read() as c:
        assert {task.plan.image for task in shared.store.tasks.of_run(c, run.id)} == {image}
    with shared.store.write() as c:
        c.execute(update(images).where(images.c.owner == ANN.name).values(state="building"))
    with pytest.raises(Conflict):
        services.deployments.create(DORA, NewDeployment(model, name="b"))


def test_models_of_two_users_may_have_one_name(shared):
    """The engine knows their images by other names, so neither learns of the other."""
    with shared.store.write() as c:
        shared.store.images.insert(c, DORA.name, "i1", reference="nbyard/m:1", origin="build")
        same = (c, shared.store.isolation, ANN.name, "nbyard/m:1")
        assert shared.store.images.with_name(*same) == []
