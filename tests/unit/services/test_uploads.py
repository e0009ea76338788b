"""Uploads as a service."""

import pytest

from nbyard.domain.datasets.structs import NewUpload
from nbyard.errors import Conflict, Invalid, NotFound, TooLarge


def test_an_upload_grows_and_is_deleted(uploads, ann):
    made = uploads.create(ann, NewUpload("a.csv", 6))
    with uploads.appending(ann, made.id, 0) as piece:
        piece.write(b"abc")
    assert uploads.get(ann, made.id).offset == 3
    with pytest.raises(Conflict), uploads.appending(ann, made.id, 0):
        pass
    uploads.delete(ann, made.id)
    with pytest.raises(NotFound):
        uploads.get(ann, made.id)


def test_invalid_uploads_are_refused(uploads, ann):
    with pytest.raises(Invalid):
        uploads.create(ann, NewUpload("../a.csv"))
    with pytest.raises(Invalid):
        uploads.create(ann, NewUpload("a.csv", -1))
    with pytest.raises(TooLarge):
        uploads.create(ann, NewUpload("a.csv", 2**70))
    with pytest.raises(NotFound):
        uploads.get(ann, "../../etc")
