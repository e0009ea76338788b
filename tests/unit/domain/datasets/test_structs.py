"""What is asked about datasets."""

import msgspec
import pytest

from nbyard.domain.datasets.structs import (
    DatasetPatch,
    FileSource,
    NewDataset,
    NewUpload,
    UploadSource,
    UrlSource,
    folder_of,
)


@pytest.mark.parametrize(
    ("plain", "source"),
    [
        ({"kind": "upload", "upload": "u"}, UploadSource("u")),
        ({"kind": "file", "path": "sales.csv"}, FileSource("sales.csv")),
        (
            {"kind": "url", "url": "https://example.org/s.csv"},
            UrlSource("https://example.org/s.csv"),
        ),
    ],
)
def test_the_kind_selects_the_source(plain, source):
    asked = msgspec.convert({"source": plain}, NewDataset)
    assert asked == NewDataset(source)
    assert msgspec.to_builtins(asked.source) == plain


@pytest.mark.parametrize(
    ("plain", "kind", "words"),
    [
        ({"source": {"kind": "ftp", "url": "x"}}, NewDataset, "ftp"),
        ({"source": {"kind": "file", "url": "x"}}, NewDataset, "url"),
        ({"source": {"kind": "file", "path": "a", "paht": "b"}}, NewDataset, "paht"),
        ({"source": {"kind": "file", "path": "a"}, "naem": "b"}, NewDataset, "naem"),
        ({"name": "b"}, NewDataset, "source"),
        ({"name": "b"}, DatasetPatch, "revision"),
        ({"revision": 1, "owner": "me"}, DatasetPatch, "owner"),
        ({"filename": "a", "size": 5}, NewUpload, "size"),
        ({"filename": None}, NewUpload, "filename"),
    ],
)
def test_a_wrong_field_is_refused_by_name(plain, kind, words):
    with pytest.raises(msgspec.ValidationError, match=words):
        msgspec.convert(plain, kind)


def test_a_patch_distinguishes_omitted_from_empty():
    patch = msgspec.convert({"revision": 3, "description": ""}, DatasetPatch)
    assert patch.name is msgspec.UNSET
    assert patch.description == ""


@pytest.mark.parametrize(
    ("filename", "folder"),
    [
        ("images.zip", "images"),
        ("a.b.tar.gz", "a.b"),
        ("A.TGZ", "A"),
        ("x.tar", "x"),
        (".zip", ".zip"),
        ("x.bin", "x.bin"),
    ],
)
def test_the_folder_of_an_archive_has_no_suffix(filename, folder):
    assert folder_of(filename) == folder
