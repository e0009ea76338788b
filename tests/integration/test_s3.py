"""Objects of an S3 store become datasets with a credential's key.

The store is rclone, which checks each signature."""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.leaked_secrets import CANARY, places_of

from nbyard.domain.callers import Caller
from nbyard.domain.credentials import CredentialPatch, NewCredential
from nbyard.domain.datasets.structs import Dataset, NewDataset, UrlSource
from nbyard.settings import Settings
from nbyard.testing.dispatcher_thread import Dispatching
from nbyard.yard import Yard

ANN = Caller("ann")
PLACES = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
PROGRAM = shutil.which("rclone", path=PLACES) or ""
SECONDS = 20.0
ADDRESS = re.compile(r"http://(127\.0\.0\.1:\d+)/")
KEY = "sea cows/Größe+1 (a)~*'&=$#?%41,ü.csv"
BIG = 3 << 20


class Bucket:
    """The bucket `sea` of a store for ann's key; the files in `folder` are its objects."""

    def __init__(self, folder: Path):
        self.folder = folder / "objects" / "sea"
        self.folder.mkdir(parents=True)
        words = [PROGRAM, "serve", "s3", "--addr", "127.0.0.1:0", "--dir-cache-time", "0s"]
        # the key is of nobody, and stands in no file below the store that is looked through
        told = {"RCLONE_AUTH_KEY": f'"ann,{CANARY}"', "RCLONE_CONFIG": "/dev/null"}
        self._said = folder / "s3.log"
        with self._said.open("wb") as log:
            self._process = subprocess.Popen(
                [*words, self.folder.parent], env=os.environ | told, stdout=log, stderr=log
            )
        end = time.monotonic() + SECONDS
        while not (found := ADDRESS.search(self._said.read_text())):
            assert time.monotonic() < end, self._said.read_text()
            time.sleep(0.05)
        self.host = found[1]

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(SECONDS)


@pytest.fixture
def bucket(tmp_path: Path) -> Iterator[Bucket]:
    if not PROGRAM:
        pytest.skip("rclone is not installed")
    made = Bucket(tmp_path)
    yield made
    made.stop()


@pytest.fixture
def yard(tmp_path: Path, bucket: Bucket) -> Iterator[Yard]:
    """Provide a yard that may reach the bucket, with ann's key as a credential."""
    root = tmp_path / "root"
    root.mkdir()
    settings = Settings(
        store_dir=str(tmp_path / "store"),
        inline_dispatch=True,
        allowed_private_hosts=[bucket.host],
    )
    with Yard.open(settings, root) as made:
        fields = {"access_key_id": "ann", "secret_access_key": CANARY}
        fields["endpoint_url"] = f"http://{bucket.host}/"
        made.services.credentials.create(ANN, NewCredential("my minio", "s3", fields))
        yield made


def imported(yard: Yard, key: str, name: str = "cows") -> Dataset:
    datasets = yard.services.datasets
    source = UrlSource(f"s3://my%20minio@sea/{key}")
    made = datasets.create(ANN, NewDataset(source, name, replace=True))
    with Dispatching(yard.settings) as dispatcher:
        return dispatcher.until(
            lambda: datasets.get(ANN, made.id), lambda one: one.current.state != "importing"
        )


def test_s3_object_becomes_a_dataset_without_storing_the_key(yard: Yard, bucket: Bucket) -> None:
    """The object's name may contain any characters."""
    place = bucket.folder / KEY
    place.parent.mkdir()
    place.write_text("a,b\n1,2\n" * 3)
    found = imported(yard, KEY)
    version = found.current
    assert (version.state, version.reason) == ("ready", None)
    assert (version.rows, version.columns, version.format) == (5, 2, "csv")
    assert version.source == f"s3://my%20minio@sea/{KEY}"
    assert places_of(yard.store.folder) == []


def test_large_object_is_complete_and_a_changed_one_is_a_new_version(
    yard: Yard, bucket: Bucket
) -> None:
    content = bytes(range(256)) * (BIG // 256)
    (bucket.folder / "big.dat").write_bytes(content)
    first = imported(yard, "big.dat").current
    assert (first.state, first.size_bytes) == ("ready", BIG), first.reason
    with yard.context.blobs.open(first.digest) as handle:
        assert handle.read() == content
    (bucket.folder / "big.dat").write_bytes(b"moo")
    second = imported(yard, "big.dat").current
    assert (second.number, second.size_bytes) == (2, 3)


def test_s3_refusal_is_reported_and_nothing_is_stored(yard: Yard, bucket: Bucket) -> None:
    """A missing object and a wrong key are refused; a replaced key works."""
    (bucket.folder / "a.csv").write_text("a\n1\n")
    missing = imported(yard, "nowhere.csv").current
    assert missing.state == "failed"
    assert "404" in str(missing.reason) and "NoSuchKey" in str(missing.reason)
    credentials = yard.services.credentials
    old = credentials.get(ANN, "my minio")
    wrong = CredentialPatch(old.version, {"secret_access_key": f"{CANARY}-old"})
    credentials.update(ANN, "my minio", wrong)
    refused = imported(yard, "a.csv").current
    assert refused.state == "failed"
    assert "403" in str(refused.reason) and "SignatureDoesNotMatch" in str(refused.reason)
    assert CANARY not in str(refused.reason)
    right = CredentialPatch(old.version + 1, {"secret_access_key": CANARY})
    credentials.update(ANN, "my minio", right)
    assert imported(yard, "a.csv").current.state == "ready"
    assert places_of(yard.store.folder) == []
