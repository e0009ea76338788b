"""Requests for deployments. Their execution: the dispatcher's tests."""

import time
from datetime import timedelta

import msgspec
import pytest
from argon2 import PasswordHasher
from msgspec.structs import replace
from tests.support.refusals import refused_at

from nbyard.domain.callers import Caller
from nbyard.domain.deployments.deployment_status import SILENT, SILENT_BECAUSE
from nbyard.domain.deployments.endpoint_forms import CallForm, CallForms
from nbyard.domain.deployments.keys import NewDeploymentKey, hash_of_key
from nbyard.domain.deployments.structs import (
    DeploymentChange,
    NewDeployment,
    Place,
    deployment_folder,
)
from nbyard.domain.deployments.traffic import Counted
from nbyard.domain.models.structs import NewModel
from nbyard.domain.projects.members import NewMember
from nbyard.errors import Conflict, Invalid, NameTaken, NotFound, StaleWrite, Unavailable
from nbyard.host import hardware
from nbyard.logs.log_files import RotatingLog
from nbyard.reasons.structs import because, text_reason

from .models.test_service import FILE, end, write

BATCH_FILE = FILE.replace("mode: http", "mode: batch")
COWS = NewDeployment("cows:1", name="cows")
SECRET = "correct horse"


@pytest.fixture
def deployments(yard):
    return yard.services.deployments


def bring(yard, found, *states, **columns):
    """As the dispatcher does."""
    with yard.store.write() as c:
        for state in states:
            assert yard.store.deployments.move(c, found, state, {"state": state}, **columns)


def test_a_deployment_is_queued_with_its_first_revision(deployments, ann):
    made = deployments.create(ann, replace(COWS, title="All cows"))
    assert (made.state, made.revision, made.serving, made.title) == ("queued", 1, 0, "All cows")
    assert deployments.list(ann).items == [made] == deployments.list(ann, state="queued").items
    assert deployments.get(ann, "cows") == made == deployments.get(ann, made.id)
    assert [e.state for e in deployments.events(ann, "cows").items] == ["queued"]
    origins = [one.origin for one in deployments.revisions(ann, "cows").items]
    assert origins == [because("deployment-created")]
    with pytest.raises(NotFound):
        deployments.get(Caller("bob"), made.id)


def test_the_form_has_defaults_ranges_and_services(deployments, ann):
    form = deployments.form(ann)
    assert [preset.name for preset in form.presets] == ["standard", "tutorial"]
    assert {one.name for one in form.services} == {"api", "jupyterlab", "code-server", "own"}
    assert all(field.help for preset in form.presets for field in preset.fields)


def test_host_names_are_unique(deployments, ann):
    first = deployments.create(ann, COWS)
    with refused_at("name", NameTaken):
        deployments.create(ann, COWS)
    deployments.create(Caller("bob"), COWS)
    deployments.delete(ann, first.id)
    assert deployments.create(ann, COWS).id != first.id


def test_the_same_key_makes_one_deployment(deployments, ann):
    first = deployments.create(ann, COWS, idempotency_key="k")
    assert deployments.create(ann, COWS, idempotency_key="k") == first
    with pytest.raises(Conflict):
        deployments.create(ann, replace(COWS, image="other:1"), idempotency_key="k")


def test_a_password_is_kept_as_a_hash_only(deployments, ann, yard):
    made = deployments.create(ann, NewDeployment(service="jupyterlab", name="x", password=SECRET))
    with yard.store.read() as c:
        kept = yard.store.deployments.revision(c, made.id, 1).password
    assert PasswordHasher().verify(kept, SECRET)
    files = [p for p in yard.store.folder.rglob("*") if p.is_file()]
    assert not any(SECRET.encode() in path.read_bytes() for path in files)
    told = repr((made, deployments.revisions(ann, "x"), deployments.events(ann, "x")))
    assert kept not in told and SECRET not in told
    deployments.edit(ann, "x", DeploymentChange(cpu=9))
    with yard.store.read() as c:
        assert yard.store.deployments.revision(c, made.id, 2).password == kept
    assert deployments.edit(ann, "x", DeploymentChange(password="another one")).revision == 3


def test_an_edit_creates_a_revision_but_a_new_title_none(deployments, ann):
    deployments.create(ann, COWS)
    titled = deployments.edit(ann, "cows", DeploymentChange(title="Cows!"))
    assert (titled.revision, titled.title) == (1, "Cows!")
    assert deployments.edit(ann, "cows", DeploymentChange(image="cows:1")).revision == 1
    made = deployments.edit(ann, "cows", DeploymentChange(revision=1, image="cows:2"))
    assert (made.revision, made.spec.image) == (2, "cows:2")
    with pytest.raises(StaleWrite):
        deployments.edit(ann, "cows", DeploymentChange(revision=1, image="cows:3"))
    with pytest.raises(Invalid):
        deployments.edit(ann, "cows", DeploymentChange(cpu=0))


def test_rolling_back_makes_an_older_revision_the_newest(deployments, ann):
    deployments.create(ann, COWS)
    with pytest.raises(NotFound):
        deployments.rollback(ann, "cows")
    deployments.edit(ann, "cows", DeploymentChange(image="cows:2"))
    back = deployments.rollback(ann, "cows")
    assert (back.revision, back.spec.image) == (3, "cows:1")
    assert deployments.rollback(ann, "cows", revision=2).spec.image == "cows:2"
    origin = deployments.revisions(ann, "cows").items[0].origin
    assert origin == because("deployment-rolled-back", revision=2)
    with pytest.raises(NotFound):
        deployments.rollback(ann, "cows", revision=9)


def test_a_deployment_is_stopped_and_started(deployments, ann, yard):
    made = deployments.create(ann, COWS)
    assert deployments.start(ann, "cows").state == "queued", "it is wanted already"
    stopping = deployments.stop(ann, "cows")
    assert (stopping.state, stopping.is_wanted) == ("stopping", False)
    assert deployments.stop(ann, "cows") == stopping
    assert deployments.start(ann, "cows").state == "queued", "also while it is being stopped"
    deployments.stop(ann, "cows")
    bring(yard, made, "stopped")
    assert deployments.edit(ann, "cows", DeploymentChange(cpu=9)).state == "stopped"
    assert deployments.start(ann, "cows").is_wanted


def test_a_failed_deployment_is_retried_after_a_change(deployments, ann, yard):
    bring(yard, deployments.create(ann, COWS), "failed", reason=text_reason("no such image"))
    found = deployments.edit(ann, "cows", DeploymentChange(image="cows:2"))
    assert (found.state, found.reason) == ("queued", None)


def test_logs_of_all_revisions_are_readable(deployments, ann, yard):
    made = deployments.create(ann, COWS)
    RotatingLog(yard.store.folder / f"deployments/{made.id}/1.log").write(b"one\n")
    deployments.edit(ann, "cows", DeploymentChange(cpu=9))
    assert deployments.log(ann, "cows").text == ""
    old = deployments.log(ann, "cows", revision=1)
    assert (old.text, old.done) == ("one\n", True)
    with pytest.raises(NotFound):
        deployments.log(ann, "cows", revision=7)


def test_endpoints_are_listed_while_the_service_responds(deployments, ann, yard):
    made = deployments.create(ann, COWS)
    path = "nbyard/deployments/cows/api/"
    assert deployments.forms(ann, "cows") == CallForms(path, [])
    forms = [CallForm("POST", "/v2/models/cows/predict/", "Predict", "models", [])]
    with yard.store.write() as c:
        row = yard.store.deployments.revision(c, made.id, 1)
        yard.store.deployments.set_revision(c, row.revision.id, forms=forms)
        yard.store.deployments.route_requests(c, made, 1)
    assert deployments.forms(ann, "cows") == CallForms(path, forms)


def test_warnings_are_returned(deployments, ann):
    deployments.create(ann, replace(COWS, image="cows:gpu"))
    assert deployments.get(ann, "cows").warnings[0].code == "tag-for-gpus"


def test_the_proxy_gets_a_port_or_the_reason(deployments, ann, yard):
    made = deployments.create(ann, NewDeployment("lab:1", "jupyterlab", "x", password=SECRET))
    with pytest.raises(Unavailable, match="it is queued"):
        deployments.target(ann, "x", "ide")
    with yard.store.write() as c:
        row = yard.store.deployments.revision(c, made.id, 1)
        places = [Place("ide", "127.0.0.1", 4000, answers=True)]
        yard.store.deployments.set_revision(c, row.revision.id, places=places)
        yard.store.deployments.route_requests(c, made, 1)
    found = deployments.target(ann, "x", "ide")
    assert (found.port, found.keeps_prefix, found.is_trusted) == (4000, True, False)
    yard.settings.ide_images = ["lab:*"]
    assert deployments.target(ann, "x", "ide").is_trusted
    silent = [Place("ide", "127.0.0.1", 4000)]
    for reason, words in (
        (None, "x does not respond: it is queued.$"),
        (because(SILENT), "x does not respond: it is queued.$"),
        (
            because(SILENT_BECAUSE, message="it is in a call."),
            "^x does not respond: it is in a call.$",
        ),
        (text_reason("It died."), r"x does not respond: it is queued \(It died\).$"),
    ):
        with yard.store.write() as c:
            yard.store.deployments.set_revision(c, row.revision.id, places=silent)
            yard.store.deployments.record_fact(c, made, {}, reason=reason)
        with pytest.raises(Unavailable, match=words) as caught:
            deployments.target(ann, "x", "ide")
        assert "deployments show x" in caught.value.hint
    for who, name, port in ((ann, "x", "no"), (ann, "y", "ide"), (Caller("bob"), "x", "ide")):
        with pytest.raises(NotFound):
            deployments.target(who, name, port)


def test_the_address_of_the_server_is_remembered(deployments, yard):
    for base_url in ("/", "/user/ann/", "/user/ann/"):
        deployments.store_urls(base_url=base_url)
        with yard.store.read() as c:
            assert yard.store.facts.get(c, "base_url") == base_url


def test_a_model_is_deployed_by_name_with_its_address(deployments, ann, yard, root):
    one = yard.services.models.build(ann, NewModel(write(root)))
    end(yard, one)
    made = deployments.create(ann, NewDeployment("Spark job"))
    assert (made.name, made.title) == ("spark-job", "Spark job")
    assert made.spec.image == one.reference
    assert [port.path for port in made.spec.ports] == ["/v2/health/ready"]
    end(yard, yard.services.models.build(ann, NewModel(write(root, "tag: v2\n"))))
    edited = deployments.edit(ann, "spark-job", DeploymentChange(image="Spark job:v2"))
    assert (edited.revision, edited.spec.image) == (2, "nbyard/model-spark-job:v2")
    with pytest.raises(Invalid):
        deployments.create(Caller("bob"), NewDeployment("Spark job"))


def test_deployments_of_one_model_have_distinct_names(deployments, ann, yard, root):
    """Names come from titles, unless the user gives one."""
    long = FILE.replace("name: Spark job", f"name: {'c' * 60}")
    titles = []
    for file in (FILE, long):
        made = yard.services.models.build(ann, NewModel(write(root, text=file)))
        for number in range(3):
            body = NewDeployment(made.id, name=f"{made.name[0].lower()}-{number}")
            titles.append(deployments.create(ann, body).title)
    assert titles[:3] == ["Spark job", "Spark job 2", "Spark job 3"]
    assert titles[3:] == ["c" * 45, f"{'c' * 42} 2", f"{'c' * 42} 3"]
    for name in ("a", "b"):
        said = deployments.create(ann, NewDeployment(made.id, name=name, title="cows"))
        assert said.title == "cows"


def test_a_model_is_deployed_during_its_build_but_not_after_a_failure(deployments, ann, yard, root):
    """The build: test_image_wait.py."""
    one = yard.services.models.build(ann, NewModel(write(root)))
    made = deployments.create(ann, NewDeployment("Spark job"))
    assert (made.state, made.spec.image) == ("queued", one.reference)
    assert (made.model.id, made.model.name, made.model.source) == (one.id, "Spark job", None)
    end(yard, one, "failed")
    with pytest.raises(Invalid, match="nbyard/model-spark-job:1 was not built: "):
        deployments.create(ann, NewDeployment("Spark job", name="other"))


def test_a_model_of_another_mode_is_not_deployed(deployments, ann, yard, root):
    end(yard, yard.services.models.build(ann, NewModel(write(root, text=BATCH_FILE))))
    with refused_at("image", match="in mode batch"):
        deployments.create(ann, NewDeployment("Spark job"))
    form = msgspec.convert({"general": {"docker_image": "Spark job"}}, NewDeployment)
    with refused_at("general.docker_image", match=r"^general\.docker_image: .* 'Spark job'"):
        deployments.create(ann, form)


def pin(yard, made, number, image_id):
    with yard.store.write() as c:
        one = yard.store.deployments.revision(c, made.id, number).revision
        yard.store.deployments.set_revision(c, one.id, image_id=image_id)


def test_a_rolled_back_revision_keeps_its_image(deployments, ann, yard):
    pin(yard, deployments.create(ann, COWS), 1, "sha256:1")
    deployments.edit(ann, "cows", DeploymentChange(cpu=9))
    deployments.edit(ann, "cows", DeploymentChange(image="cows:2"))
    deployments.rollback(ann, "cows", revision=1)
    found = [one.image_id for one in deployments.revisions(ann, "cows").items]
    assert found == ["sha256:1", "", "sha256:1", "sha256:1"]


def test_a_rebuilt_model_is_a_new_revision(deployments, ann, yard, root):
    one = yard.services.models.build(ann, NewModel(write(root)))
    end(yard, one)
    made = deployments.create(ann, NewDeployment("Spark job"))
    built = yard.services.models.get(ann, "Spark job").image_id
    assert built
    pin(yard, made, 1, built)
    same = DeploymentChange(image=one.reference)
    assert deployments.edit(ann, made.id, same).revision == 1
    pin(yard, made, 1, "sha256:before")
    assert deployments.edit(ann, made.id, same).revision == 2
    assert deployments.revisions(ann, made.id).items[0].image_id == built


def test_traffic_is_shown_to_its_owner(deployments, ann, yard):
    made = deployments.create(ann, COWS)
    minute = int(time.time() // 60)
    deployments.counted(
        made.id, [Counted(minute, 3, 1, {4: 3}), Counted(minute - 70, 2, 0, {4: 2})]
    )
    hour, day = (deployments.traffic(ann, "cows", span) for span in ("hour", "day"))
    assert (hour.requests, hour.errors, day.requests) == (3, 1, 5)
    with pytest.raises(Invalid):
        deployments.traffic(ann, "cows", "week")
    with pytest.raises(NotFound):
        deployments.traffic(Caller("bob"), "cows")
    deployments.counted("gone", [Counted(minute, 1, 0, {})])
    assert not (yard.store.folder / deployment_folder("gone")).exists()


def test_concurrent_edits_are_refused(deployments, ann, yard):
    """Even without a new revision. Changes by the dispatcher do not count."""
    seen = deployments.create(ann, COWS)
    with yard.store.write() as c:
        yard.store.deployments.route_requests(c, seen, 1)
        yard.store.deployments.record_fact(
            c, seen, {"reason": text_reason("why")}, reason=text_reason("why")
        )
    mine = DeploymentChange(title="Mine", changed_at=seen.changed_at)
    known = deployments.edit(ann, "cows", mine)
    assert (known.title, known.revision) == ("Mine", 1)
    theirs = DeploymentChange(1, title="Theirs", changed_at=seen.changed_at)
    with pytest.raises(StaleWrite, match="in the meantime"):
        deployments.edit(ann, "cows", theirs)
    again = replace(theirs, changed_at=known.changed_at)
    assert deployments.edit(ann, "cows", again).title == "Theirs"


def test_the_form_has_hardware_of_this_machine_and_says_whether_containers_are_available(
    deployments, ann, yard, tmp_path, monkeypatch
):
    yard.settings.docker_host = f"unix://{tmp_path}/none.sock"
    monkeypatch.setattr(hardware, "usable", lambda: (2, 5 * 2**30))
    form = deployments.form(ann)
    assert form.engine.state == "missing" and "cannot be reached" in str(form.engine.finding)
    spec = deployments.create(ann, COWS).spec
    assert (spec.cpu, spec.memory_gb) == (2, 5)
    shown = {field.name: field.default for field in form.presets[0].fields}
    assert (shown["cpu"], shown["memory_gb"]) == (2, 5)


@pytest.fixture
def served(deployments, ann, yard, root):
    end(yard, yard.services.models.build(ann, NewModel(write(root))))
    return deployments.create(ann, NewDeployment("Spark job", name="cows"))


def test_a_key_is_shown_once_and_kept_as_a_hash(deployments, ann, yard, served):
    assert (served.port, served.address) == (0, "")
    made = deployments.create_key(ann, "cows", NewDeploymentKey("cron", 30))
    other = deployments.create_key(ann, "cows", NewDeploymentKey())
    assert made.key.startswith(made.prefix) and len(made.key) > 3 * len(made.prefix)
    assert made.expires_at - made.created_at == timedelta(days=30)
    assert other.expires_at is None and other.key != made.key
    known = deployments.get(ann, "cows")
    assert known.port and made.address == known.address == f"http://127.0.0.1:{known.port}/"
    assert other.address == made.address
    listed = deployments.keys(ann, "cows").items
    assert [one.id for one in listed] == [other.id, made.id]
    assert not any(hasattr(one, "key") for one in listed)
    with yard.store.read() as c:
        hashes = yard.store.deployment_keys.expiry_by_hash(c, served.id)
    assert hashes == {hash_of_key(made.key): made.expires_at, hash_of_key(other.key): None}
    told = [repr(event) for event in yard.services.events.list(ann, limit=500).items]
    assert not any(made.key in text for text in told)


def test_a_revoked_key_is_deleted_and_the_port_kept(deployments, ann, yard, served):
    made = deployments.create_key(ann, "cows", NewDeploymentKey())
    with pytest.raises(NotFound):
        deployments.delete_key(Caller("bob"), "cows", made.id)
    with pytest.raises(NotFound):
        deployments.delete_key(ann, "cows", made.prefix[:-1])
    deployments.delete_key(ann, "cows", made.prefix)
    assert deployments.keys(ann, "cows").items == []
    assert deployments.get(ann, "cows").address == made.address
    yard.services.shares.grant(ann, "deployment", "cows", NewMember("bob"))
    changes = [one.change for one in deployments.events(ann, "cows").items if one.change]
    assert [one.code for one in changes] == ["sharing-changed", "key-deleted", "key-created"]
    again = deployments.create_key(ann, "cows", NewDeploymentKey())
    with yard.store.write() as c:
        yard.store.deployments.delete(c, served.id)
        assert yard.store.deployment_keys.expiry_by_hash(c, served.id) == {}
    assert again.address == made.address


@pytest.mark.parametrize(
    "wish", [COWS, NewDeployment("Spark job", environment={"NBYARD_OPEN_PORT": "1"}, name="cows")]
)
def test_only_models_that_check_keys_have_keys(deployments, ann, yard, root, wish):
    end(yard, yard.services.models.build(ann, NewModel(write(root))))
    deployments.create(ann, wish)
    with pytest.raises(Conflict):
        deployments.create_key(ann, "cows", NewDeploymentKey())
    assert deployments.get(ann, "cows").port == 0


@pytest.mark.parametrize(
    ("body", "path"),
    [
        (NewDeploymentKey(days=0), "days"),
        (NewDeploymentKey(days=-1), "days"),
        (NewDeploymentKey(days=1e9), "days"),
        (NewDeploymentKey("x" * 81), "name"),
    ],
)
def test_a_key_with_other_values_is_refused(deployments, ann, served, body, path):
    with refused_at(path):
        deployments.create_key(ann, "cows", body)
