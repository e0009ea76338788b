"""Quotas: who may set them, and what the caller holds."""

from threading import Event

import msgspec
import pytest

from nbyard.domain.callers import Caller
from nbyard.domain.datasets.structs import FileSource, NewDataset, NewUpload
from nbyard.domain.deployments.structs import NewDeployment
from nbyard.domain.projects.structs import NewProject
from nbyard.domain.runs.structs import NewRun
from nbyard.domain.users.quotas import NewQuota, QuotaLimits
from nbyard.errors import Invalid, NotFound, OverQuota
from nbyard.reasons.structs import because
from nbyard.services.operation_table import table
from nbyard.transfer.dataset_links import ResourceLinks


@pytest.fixture
def quotas(yard):
    return yard.services.quotas


def test_a_quota_is_set_listed_replaced_and_deleted(quotas, ann):
    made = quotas.set(ann, "group:students", NewQuota(gpus=2, cpu=4.0))
    assert (made.kind, made.name, made.gpus) == ("group", "students", 2)
    assert quotas.set(ann, "group:students", NewQuota(runs=3)).cpu is None
    quotas.set(ann, "everyone", NewQuota(preset="tutorial"))
    assert [each.id for each in quotas.list(ann).items] == ["everyone", "group:students"]
    assert [each.id for each in quotas.list(ann, after="everyone").items] == ["group:students"]
    assert quotas.get(ann, "group:students").runs == 3
    quotas.delete(ann, "group:students")
    for call in (quotas.get, quotas.delete):
        with pytest.raises(NotFound):
            call(ann, "group:students")


def test_the_quota_of_a_project_keeps_to_the_project(yard, quotas, ann):
    project = yard.services.projects.create(ann, NewProject(name="wine"))
    made = quotas.set(ann, "project:wine", NewQuota())
    assert (made.id, made.name, made.gpus) == (f"project:{project.id}", "ann/wine", None)
    assert [each.name for each in quotas.list(ann).items] == ["ann/wine"]
    assert quotas.get(ann, f"project:{project.id}") == made
    with pytest.raises(NotFound):
        quotas.set(ann, "project:beer", NewQuota())
    yard.services.projects.delete(ann, "wine")
    assert quotas.list(ann).items == []


def test_a_user_gets_more_gpus_only_where_the_setting_allows(yard, quotas, ann):
    with pytest.raises(Invalid):
        quotas.set(ann, "user:bob", NewQuota(gpus=3))
    yard.settings.max_quota_gpus = 4
    assert quotas.set(ann, "user:bob", NewQuota(gpus=3)).gpus == 3


def test_only_administrators_see_and_change_the_quotas_of_others():
    scopes = {each.verb: each.scope for each in table() if each.noun == "quotas"}
    assert scopes.pop("use") == "quotas:read"
    assert set(scopes.values()) == {"quotas:admin"}


def test_the_use_shows_own_limits_and_what_holds_them(yard, quotas, ann):
    yard.settings.gpus = ["0", "1"]
    empty = quotas.use(ann)
    assert (empty.quota, empty.limits, empty.uses) == ("", QuotaLimits(), [])
    assert (empty.free_gpus, empty.total_gpus) == (2, 2)
    quotas.set(ann, "everyone", NewQuota(gpus=1, deployments=3))
    made = yard.services.deployments.create(ann, NewDeployment("cows:1", name="cows", gpu=1))
    own = quotas.use(ann)
    assert (own.quota, own.limits) == ("everyone", QuotaLimits(gpus=1, deployments=3))
    assert [(use.kind, use.id, use.name, use.gpus) for use in own.uses] == [
        ("deployment", made.id, "cows", 1)
    ]
    assert quotas.use(Caller("bob")).uses == []


@pytest.mark.leaves_running
def test_a_run_above_the_quota_is_refused_at_submission(yard, quotas, ann, tool, root):
    (root / "a.csv").write_text("x\n")
    yard.settings.gpus = ["0", "1"]
    quotas.set(ann, "user:ann", NewQuota(gpus=1))
    with pytest.raises(OverQuota) as refused:
        yard.services.runs.create(ann, NewRun(path=tool, parameters={"source": "a.csv"}, gpu=2))
    assert refused.value.reason.code == "over-quota"
    assert yard.services.runs.list(ann).items == []


def test_an_upload_above_the_quota_is_refused(yard, quotas, ann):
    quotas.set(ann, "everyone", NewQuota(stored_bytes=10))
    with pytest.raises(OverQuota):
        yard.services.uploads.create(ann, NewUpload("a.csv", 11))
    yard.services.uploads.create(ann, NewUpload("a.csv", 10))


def test_an_upload_without_announced_size_stops_at_the_quota(yard, quotas, ann):
    """All uploads of a user count that have not become datasets, each at its announced size."""
    quotas.set(ann, "everyone", NewQuota(stored_bytes=10))
    uploads = yard.services.uploads
    first = uploads.create(ann, NewUpload("a.csv"))
    with uploads.appending(ann, first.id, 0) as piece:
        piece.write(b"12345678")
        with pytest.raises(OverQuota) as refused:
            piece.write(b"901")
    assert refused.value.reason.code == "disk-quota"
    assert uploads.get(ann, first.id).offset == 8
    with pytest.raises(OverQuota):
        uploads.create(ann, NewUpload("b.csv", 3))
    second = uploads.create(ann, NewUpload("b.csv", 2))
    with uploads.appending(ann, first.id, 8) as piece, pytest.raises(OverQuota):
        piece.write(b"9")
    uploads.delete(ann, second.id)
    with uploads.appending(ann, first.id, 8) as piece:
        piece.write(b"90")
    uploads.create(Caller("bob"), NewUpload("b.csv", 10))


def test_parallel_uploads_share_the_quota(yard, quotas, ann, monkeypatch):
    monkeypatch.setattr("nbyard.services.uploads.LOOK_BYTES", 2)
    quotas.set(ann, "everyone", NewQuota(stored_bytes=10))
    uploads = yard.services.uploads
    first, second = (uploads.create(ann, NewUpload(name)).id for name in ("a.csv", "b.csv"))
    with uploads.appending(ann, first, 0) as one, uploads.appending(ann, second, 0) as two:
        for piece in (one, two, one, two):
            piece.write(b"12")
        one.write(b"12")
        with pytest.raises(OverQuota):
            two.write(b"12")


@pytest.mark.leaves_running
def test_a_run_that_never_fits_into_a_project_is_refused_at_submission(
    yard, quotas, ann, tool, root
):
    """The project is the active one of the request."""
    (root / "a.csv").write_text("x\n")
    yard.settings.gpus = ["0", "1"]
    wine = yard.services.projects.create(ann, NewProject(name="wine"))
    quotas.set(ann, "project:wine", NewQuota(gpus=0, queued_runs=1, deployments=0))
    runs, member = yard.services.runs, msgspec.structs.replace(ann, project=wine.id)
    wanted = NewRun(path=tool, parameters={"source": "a.csv"}, gpu=1)
    with pytest.raises(OverQuota) as refused:
        runs.create(member, wanted)
    assert refused.value.reason.code == "over-quota"
    project = because("quota-of-project", name="wine")
    assert refused.value.reason.params["quota"] == msgspec.to_builtins(project)
    assert runs.list(ann).items == []
    with pytest.raises(OverQuota):
        yard.services.deployments.create(member, NewDeployment("cows:1", name="cows"))
    made = runs.create(ann, wanted)
    yard.services.projects.link_created(ann, wine.id, "runs.create", made)
    with pytest.raises(OverQuota) as refused:
        runs.create(member, msgspec.structs.replace(wanted, gpu=0))
    assert refused.value.reason.code == "quota-full"
    assert [run.id for run in runs.list(ann).items] == [made.id]


@pytest.mark.slow
def test_an_import_above_the_quota_fails(yard, quotas, ann, imported, root, dispatcher):
    assert quotas.use(ann).stored_bytes == 12
    quotas.set(ann, "everyone", NewQuota(stored_bytes=20))
    (root / "b.csv").write_text("x,y\n1,2\n5,6\n")
    made = yard.services.datasets.create(ann, NewDataset(FileSource("b.csv")))
    failed = dispatcher.until(
        lambda: yard.services.datasets.get(ann, made.id), lambda d: d.current.state == "failed"
    )
    assert failed.current.reason.code == "disk-quota"


@pytest.mark.slow
def test_imports_at_once_do_not_share_the_last_room(
    yard, quotas, ann, root, dispatcher, monkeypatch
):
    """The first one counts before it is ready."""
    quotas.set(ann, "everyone", NewQuota(stored_bytes=20))
    is_stored, may_end, link = Event(), Event(), ResourceLinks.link

    def link_slowly(self, dataset_id, filename, put):
        if filename == "b.csv":
            is_stored.set()
            may_end.wait(30)
        return link(self, dataset_id, filename, put)

    monkeypatch.setattr(ResourceLinks, "link", link_slowly)
    made = []
    for name, row, is_due in (("b.csv", "1,2", is_stored.is_set), ("c.csv", "3,4", lambda: True)):
        (root / name).write_text(f"x,y\n{row}\n5,6\n")
        made.append(yard.services.datasets.create(ann, NewDataset(FileSource(name))).id)
        dispatcher.until(is_due, bool)

    def states():
        return [yard.services.datasets.get(ann, each).current.state for each in made]

    dispatcher.until(states, lambda found: found[1] != "importing")
    may_end.set()
    assert dispatcher.until(states, lambda found: "importing" not in found) == ["ready", "failed"]


def test_the_first_quota_is_that_of_everyone_and_is_set_once(quotas, ann):
    quotas.set_first()
    (first,) = quotas.list(ann).items
    assert (first.id, first.gpus, first.runs) == ("everyone", 1, None)
    quotas.delete(ann, "everyone")
    quotas.set_first()
    assert quotas.list(ann).items == []
