"""Datasets: names for immutable versions of bytes."""

import re
from datetime import datetime
from typing import Literal

import msgspec

from nbyard.domain.callers import Owned
from nbyard.domain.state_machines import DatasetState
from nbyard.domain.unions import UnionMember
from nbyard.reasons.structs import Reason

ARCHIVE_ENDING = re.compile(r"\.(zip|tgz|tar(\.(gz|bz2|xz))?)$", re.IGNORECASE)


class UploadSource(UnionMember, frozen=True, omit_defaults=True, tag="upload"):
    """A finished upload. It is refused if its SHA-256 is not the stated one."""

    upload: str
    sha256: str = ""


class FileSource(UnionMember, frozen=True, tag="file"):
    """A file or folder below the server's root. Its bytes are copied."""

    path: str


class UrlSource(UnionMember, frozen=True, tag="url"):
    """An http or https address, or an S3 object, fetched in the background.

    An S3 object is written `s3://CREDENTIAL@bucket/key`, with the name of a credential of the
    kind s3.
    """

    url: str


Source = UploadSource | FileSource | UrlSource


class NewDataset(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A dataset to create, or with `replace` a new version of the dataset of that name.

    With `unpack`, the bytes are an archive (zip, tar, tar.gz, tar.bz2, tar.xz). The dataset is
    the folder in it, by default named like the archive without its ending.
    """

    source: Source
    name: str | msgspec.UnsetType = msgspec.UNSET
    description: str = ""
    replace: bool = False
    unpack: bool = False


def folder_of(filename: str) -> str:
    """Derive the name of an unpacked folder from the name of its archive.

    `data.tar.gz` becomes `data`.
    """
    return ARCHIVE_ENDING.sub("", filename) or filename


class DatasetPatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Fields to change. `revision` is the revision that was read."""

    revision: int
    name: str | msgspec.UnsetType = msgspec.UNSET
    description: str | msgspec.UnsetType = msgspec.UNSET


class DatasetVersion(msgspec.Struct, frozen=True):
    """Immutable bytes. While importing, `bytes_done` of `size_bytes` are done.

    An unpacked version has the origin `archive`, wherever the archive came from.
    """

    id: str
    dataset_id: str
    number: int
    state: DatasetState
    origin: Literal["upload", "file", "url", "archive"]
    source: str
    filename: str
    format: str
    created_at: datetime
    reason: Reason | None = None
    digest: str = ""
    size_bytes: int | None = None
    bytes_done: int = 0
    rows: int | None = None
    columns: int | None = None
    finished_at: datetime | None = None


class Dataset(Owned, frozen=True):
    """A name with versions. `current` is the newest version, ready or not.

    `resource` is the path of the dataset's folder below the server's root, empty if there is none.
    `notice` says why nbyard could not create that folder.
    """

    id: str
    name: str
    description: str
    revision: int
    created_at: datetime
    updated_at: datetime
    current: DatasetVersion
    resource: str = ""
    notice: Reason | None = None


class NewNotebook(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The folder for a notebook whose first cell opens the dataset."""

    folder: str = ""


class MadeFile(msgspec.Struct, frozen=True):
    """A file that was created below the server's root."""

    path: str


class NewUpload(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file to upload."""

    filename: str
    size_bytes: int | None = None


class Upload(msgspec.Struct, frozen=True):
    """An upload in progress. Its next piece begins at `offset`."""

    id: str
    filename: str
    offset: int
    size_bytes: int | None = None
