"""Datasets: names over immutable versions of bytes."""

import re
from datetime import datetime
from typing import Literal

import msgspec

from nbyard.domain.states import DatasetState

ARCHIVE_ENDING = re.compile(r"\.(zip|tgz|tar(\.(gz|bz2|xz))?)$", re.IGNORECASE)


class UploadSource(
    msgspec.Struct,
    frozen=True,
    omit_defaults=True,
    tag="upload",
    tag_field="kind",
    forbid_unknown_fields=True,
):
    """A finished upload; refused when its bytes do not have the stated SHA-256."""

    upload: str
    sha256: str = ""


class FileSource(
    msgspec.Struct, frozen=True, tag="file", tag_field="kind", forbid_unknown_fields=True
):
    """A file or folder below the server's root; its bytes are copied."""

    path: str


class UrlSource(
    msgspec.Struct, frozen=True, tag="url", tag_field="kind", forbid_unknown_fields=True
):
    """An http or https address, or an object in S3 as `s3://CREDENTIAL@bucket/key`, by the name of
    a credential of the kind s3; fetched in the background."""

    url: str


Source = UploadSource | FileSource | UrlSource


class NewDataset(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What makes a dataset, or a new version of the dataset of that name when `replace` is set.
    With `unpack` the bytes are an archive (zip, tar, tar.gz, tar.bz2, tar.xz), and the dataset is
    the folder that it holds, by default called as the archive without its ending."""

    source: Source
    name: str | msgspec.UnsetType = msgspec.UNSET
    description: str = ""
    replace: bool = False
    unpack: bool = False


def folder_of(filename: str) -> str:
    """What the folder in an archive is called."""
    return ARCHIVE_ENDING.sub("", filename) or filename


class DatasetPatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Fields to change; `revision` is the one that was read."""

    revision: int
    name: str | msgspec.UnsetType = msgspec.UNSET
    description: str | msgspec.UnsetType = msgspec.UNSET


class DatasetVersion(msgspec.Struct, frozen=True):
    """Immutable bytes; `bytes_done` of `size_bytes` while importing. What is unpacked has the
    origin `archive`, wherever that came from."""

    id: str
    dataset_id: str
    number: int
    state: DatasetState
    origin: Literal["upload", "file", "url", "archive"]
    source: str
    filename: str
    format: str
    created_at: datetime
    reason: str = ""
    digest: str = ""
    size_bytes: int | None = None
    bytes_done: int = 0
    rows: int | None = None
    columns: int | None = None
    finished_at: datetime | None = None


class Dataset(msgspec.Struct, frozen=True):
    """A name over versions; `current` is the newest one, ready or not. `resource` is the folder
    under which it can be opened from the server's root; `notice` says why there is none."""

    id: str
    name: str
    description: str
    owner: str
    revision: int
    created_at: datetime
    updated_at: datetime
    current: DatasetVersion
    resource: str = ""
    notice: str = ""


class NewNotebook(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where to put a notebook whose first cell opens the dataset."""

    folder: str = ""


class MadeFile(msgspec.Struct, frozen=True):
    """A file that was made below the server's root."""

    path: str


class NewUpload(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What will be uploaded."""

    filename: str
    size_bytes: int | None = None


class Upload(msgspec.Struct, frozen=True):
    """An upload in progress: the next byte expected is `offset`."""

    id: str
    filename: str
    offset: int
    size_bytes: int | None = None
