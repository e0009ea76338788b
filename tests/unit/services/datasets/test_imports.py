"""Datasets are created from files, addresses and uploads."""

import pytest
from tests.support.refusals import refused_at

from nbyard.domain.callers import Caller
from nbyard.domain.credentials import NewCredential
from nbyard.domain.datasets.structs import FileSource, NewDataset, UploadSource, UrlSource
from nbyard.errors import Conflict, Invalid, NameTaken, NotFound


def test_a_file_becomes_a_dataset_that_is_importing(datasets, ann, a_csv):
    made = datasets.create(ann, NewDataset(a_csv))
    assert (made.name, made.current.state, made.current.origin) == ("a.csv", "importing", "file")
    assert datasets.get(ann, "a.csv") == made
    assert datasets.list(ann).items == [made]


def test_a_version_names_the_run_that_published_it(yard, ann, datasets, a_csv, root, finished):
    (root / "t.sh").write_text("#!/bin/sh\n")
    run = finished(path="t.sh")
    attempt = run.tasks[0].attempts[-1].id
    for caller, expected in (
        (Caller(ann.name, attempt_id=attempt), run.run.id),
        (Caller("eve", attempt_id=attempt), ""),
        (Caller("bob", attempt_id="none"), ""),
    ):
        made = datasets.create(caller, NewDataset(a_csv))
        with yard.store.read() as c:
            assert yard.store.automations.version(c, made.current.id).run_id == expected


@pytest.mark.parametrize("name", ["", " a", "a/b", "..", "-rf", "a\nb", "n" * 201])
def test_bad_names_store_nothing(datasets, ann, a_csv, name):
    with refused_at("name"):
        datasets.create(ann, NewDataset(a_csv, name))
    assert datasets.list(ann).items == []


def test_the_same_key_makes_one_dataset(datasets, ann, a_csv):
    made = datasets.create(ann, NewDataset(a_csv), idempotency_key="k")
    assert datasets.create(ann, NewDataset(a_csv), idempotency_key="k").id == made.id
    with pytest.raises(Conflict):
        datasets.create(ann, NewDataset(a_csv, "other"), idempotency_key="k")


@pytest.mark.parametrize(
    ("source", "place"),
    [
        (FileSource("../outside.csv"), "source.path"),
        (FileSource("/etc/passwd"), "source.path"),
        (FileSource("%2e%2e/%2e%2e/etc/passwd"), "source.path"),
        (FileSource("%252e%252e%252fetc"), "source.path"),
        (FileSource("a\0b"), "source.path"),
        (FileSource("x" * 300), "source.path"),
        (UrlSource("http://127.0.0.1/a.csv"), "source.url"),
        (UrlSource("file:///etc/passwd"), "source.url"),
        (UrlSource("http://u:p@h.test/a.csv"), "source.url"),
        (UrlSource("s3://sea/a.csv"), "source.url"),
        (UrlSource("s3://nobody@sea/a.csv"), "source.url"),
        (UrlSource("s3://token@sea/a.csv"), "source.url"),
        (UrlSource("s3://inside@sea/a.csv"), "source.url"),
    ],
)
def test_invalid_sources_are_refused(yard, ann, datasets, source, place):
    """This includes the endpoint of a credential."""
    key = {"access_key_id": "a", "secret_access_key": "b", "endpoint_url": "http://10.0.0.1:9000"}
    for name, kind, fields in (("token", "token", {"secret": "x"}), ("inside", "s3", key)):
        yard.services.credentials.create(ann, NewCredential(name, kind, fields))
    with refused_at(place):
        datasets.create(ann, NewDataset(source))


def test_an_object_is_named_by_key_and_credential(yard, ann, datasets):
    """The record contains the name of the credential."""
    key = {"access_key_id": "a", "secret_access_key": "b", "endpoint_url": "https://h.test"}
    yard.services.credentials.create(ann, NewCredential("minio", "s3", key))
    url = "s3://minio@sea/in/cows 1.csv"
    made = datasets.create(ann, NewDataset(UrlSource(url)))
    assert (made.name, made.current.origin, made.current.source) == ("cows 1.csv", "url", url)
    with pytest.raises(Invalid, match=r"'other' .* s3; .*: minio"):
        datasets.create(ann, NewDataset(UrlSource("s3://other@sea/a")))


def test_a_link_out_of_the_root_is_refused(datasets, ann, root):
    (root / "out").symlink_to("/etc")
    with pytest.raises(Invalid):
        datasets.create(ann, NewDataset(FileSource("out/passwd")))


def test_an_unknown_upload_is_refused(datasets, ann):
    with pytest.raises(NotFound):
        datasets.create(ann, NewDataset(UploadSource("0" * 32)))


def test_an_upload_whose_name_is_taken_can_be_used_under_another(ann, datasets, a_csv, upload):
    datasets.create(ann, NewDataset(a_csv))
    sent = UploadSource(upload("a.csv", b"y\n2\n"))
    with pytest.raises(NameTaken):
        datasets.create(ann, NewDataset(sent))
    assert datasets.create(ann, NewDataset(sent, "b")).current.size_bytes == 4


def test_uploads_of_others_are_not_found(ann, datasets, uploads, upload):
    key = upload("u.csv", b"y\n2\n")
    bob = Caller("bob")
    with pytest.raises(NotFound):
        datasets.create(bob, NewDataset(UploadSource(key)))
    with pytest.raises(NotFound):
        uploads.appending(bob, key, 4).__enter__()
    assert datasets.create(ann, NewDataset(UploadSource(key)))


@pytest.mark.parametrize("when", ["before the commit", "after the commit"])
def test_a_crash_after_storing_the_bytes_is_repaired(
    yard, ann, datasets, upload, when, monkeypatch
):
    """The same request again creates one dataset."""
    source = UploadSource(upload("u.csv", b"y\n2\n"))
    body = NewDataset(source)

    class Killed(BaseException):
        pass

    def kill(*_):
        raise Killed

    with monkeypatch.context() as patch, pytest.raises(Killed):
        place = yard.store.datasets if when == "before the commit" else yard.context.uploads
        patch.setattr(place, "insert" if when == "before the commit" else "delete", kill)
        datasets.create(ann, body)
    made = datasets.create(ann, body)
    assert made.current.size_bytes == 4
    assert yard.context.blobs.open(made.current.digest).read() == b"y\n2\n"
    assert datasets.create(ann, body) == made, "and once more"
    assert [one.id for one in datasets.list(ann).items] == [made.id]
    with pytest.raises(NotFound):
        yard.services.uploads.get(ann, source.upload)
    with pytest.raises(NotFound):
        datasets.create(ann, NewDataset(source, "another"))
