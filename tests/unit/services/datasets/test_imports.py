"""Datasets are created from files, addresses and uploads."""

import pytest

from nbyard.domain.callers import Caller
from nbyard.domain.credentials import NewCredential
from nbyard.domain.datasets.structs import (
    FileSource,
    NewDataset,
    NewUpload,
    UploadSource,
    UrlSource,
)
from nbyard.errors import Conflict, Invalid, NameTaken, NotFound


def test_a_file_becomes_a_dataset_that_is_importing(yard, ann, a_csv):
    made = yard.services.datasets.create(ann, NewDataset(a_csv))
    assert (made.name, made.current.state, made.current.origin) == ("a.csv", "importing", "file")
    assert yard.services.datasets.get(ann, "a.csv") == made
    assert yard.services.datasets.list(ann).items == [made]


def test_a_version_names_the_run_that_published_it(yard, ann, a_csv, root, finished):
    (root / "t.sh").write_text("#!/bin/sh\n")
    run = finished(path="t.sh")
    attempt = run.tasks[0].attempts[-1].id
    for caller, expected in (
        (Caller(ann.name, attempt_id=attempt), run.run.id),
        (Caller("eve", attempt_id=attempt), ""),
        (Caller("bob", attempt_id="none"), ""),
    ):
        made = yard.services.datasets.create(caller, NewDataset(a_csv))
        with yard.store.read() as c:
            assert yard.store.automations.version(c, made.current.id).run_id == expected


@pytest.mark.parametrize("name", ["", " a", "a/b", "..", "-rf", "a\nb", "n" * 201])
def test_bad_names_store_nothing(yard, ann, a_csv, name):
    with pytest.raises(Invalid) as refused:
        yard.services.datasets.create(ann, NewDataset(a_csv, name))
    assert refused.value.details[0].path == "name"
    assert yard.services.datasets.list(ann).items == []


def test_the_same_key_makes_one_dataset(yard, ann, a_csv):
    datasets = yard.services.datasets
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
def test_invalid_sources_are_refused(yard, ann, source, place):
    """This includes the endpoint of a credential."""
    key = {"access_key_id": "a", "secret_access_key": "b", "endpoint_url": "http://10.0.0.1:9000"}
    for name, kind, fields in (("token", "token", {"secret": "x"}), ("inside", "s3", key)):
        yard.services.credentials.create(ann, NewCredential(name, kind, fields))
    with pytest.raises(Invalid) as refused:
        yard.services.datasets.create(ann, NewDataset(source))
    assert refused.value.details[0].path == place


def test_an_object_is_named_by_key_and_credential(yard, ann):
    """The record contains the name of the credential."""
    key = {"access_key_id": "a", "secret_access_key": "b", "endpoint_url": "https://h.test"}
    yard.services.credentials.create(ann, NewCredential("minio", "s3", key))
    url = "s3://minio@sea/in/cows 1.csv"
    made = yard.services.datasets.create(ann, NewDataset(UrlSource(url)))
    assert (made.name, made.current.origin, made.current.source) == ("cows 1.csv", "url", url)
    with pytest.raises(Invalid, match=r"'other' .* s3; .*: minio"):
        yard.services.datasets.create(ann, NewDataset(UrlSource("s3://other@sea/a")))


def test_a_link_out_of_the_root_is_refused(yard, ann, root):
    (root / "out").symlink_to("/etc")
    with pytest.raises(Invalid):
        yard.services.datasets.create(ann, NewDataset(FileSource("out/passwd")))


def test_an_unknown_upload_is_refused(yard, ann):
    with pytest.raises(NotFound):
        yard.services.datasets.create(ann, NewDataset(UploadSource("0" * 32)))


def test_an_upload_whose_name_is_taken_can_be_used_under_another(yard, ann, a_csv):
    datasets, uploads = yard.services.datasets, yard.services.uploads
    datasets.create(ann, NewDataset(a_csv))
    begun = uploads.create(ann, NewUpload("a.csv", None))
    with yard.services.uploads.appending(ann, begun.id, 0) as piece:
        piece.write(b"y\n2\n")
    with pytest.raises(NameTaken):
        datasets.create(ann, NewDataset(UploadSource(begun.id)))
    assert datasets.create(ann, NewDataset(UploadSource(begun.id), "b")).current.size_bytes == 4


def uploaded(yard, who, content=b"y\n2\n", filename="u.csv"):
    begun = yard.services.uploads.create(who, NewUpload(filename, len(content)))
    with yard.services.uploads.appending(who, begun.id, 0) as piece:
        piece.write(content)
    return begun.id


def test_uploads_of_others_are_not_found(yard, ann):
    key = uploaded(yard, ann)
    bob = Caller("bob")
    with pytest.raises(NotFound):
        yard.services.datasets.create(bob, NewDataset(UploadSource(key)))
    with pytest.raises(NotFound):
        yard.services.uploads.appending(bob, key, 4).__enter__()
    assert yard.services.datasets.create(ann, NewDataset(UploadSource(key)))


@pytest.mark.parametrize("when", ["before the commit", "after the commit"])
def test_a_crash_after_storing_the_bytes_is_repaired(yard, ann, when, monkeypatch):
    """The same request again creates one dataset."""
    datasets = yard.services.datasets
    source = UploadSource(uploaded(yard, ann))
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
