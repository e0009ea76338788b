"""The store of one person is moved into one of several: all of it, or nothing."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from nbyard.backup.moving import take_over
from nbyard.backup.writing import write_backup
from nbyard.blobs import Blobs
from nbyard.domain.credentials import Credential
from nbyard.domain.ids import new_id
from nbyard.errors import Conflict
from nbyard.store import Store

from ..store.rows import START, Rows

pytestmark = pytest.mark.slow
ROOTS = ("/home/ada", "/srv/homes/ada")


def add_secret(store: Store, owner: str, secret: str) -> Credential:
    made = Credential(
        new_id(), "token", owner, "token", "", {}, ["value"], 1, created_at=START, updated_at=START
    )
    with store.write() as c:
        store.credentials.insert_sealed(c, made, {"value": secret})
    return made


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """The backup of a store with a run, its output and its log, a dataset and a secret."""
    with closing(Store(tmp_path / "own")) as own:
        blobs = Blobs(own.folder / "blobs")
        with own.write() as c:
            rows = Rows(own, c)
            rows.dataset("sales")
            run = rows.run("nightly", path=f"{ROOTS[0]}/train.py")
            rows.artifact(rows.succeeded(run), "model", blobs.put_bytes(b"model").digest)
        add_secret(own, "ada", "s3cret")
        log = own.folder / "attempts/a1/log"
        log.parent.mkdir(parents=True)
        log.write_text("done")
        write_backup(own, tmp_path / "b.tar", with_key=True)
    return tmp_path / "b.tar"


@pytest.fixture
def shared(tmp_path: Path, database_url: str) -> Iterator[Store]:
    """A store in which somebody else has a run and a dataset of the same name."""
    with closing(Store(tmp_path / "shared", database_url)) as made:
        with made.write() as c:
            rows = Rows(made, c)
            rows.dataset("sales", owner="bob")
            rows.run("nightly", owner="bob")
        add_secret(made, "bob", "other")
        yield made


@pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
def test_everything_gets_the_new_owner(archive: Path, shared: Store) -> None:
    blobs = Blobs(shared.folder / "blobs")
    totals = take_over(shared, blobs, archive, "ann", ROOTS)
    assert totals.rows["runs"] == 1
    with shared.read() as c:
        run = shared.runs.get(c, "ann", "nightly")
        assert run is not None and run.path == f"{ROOTS[1]}/train.py"
        theirs = shared.runs.get(c, "bob", "nightly")
        assert theirs is not None and run.number == theirs.number == 1
        (artifact,) = shared.artifacts.of_run(c, run.id)
        assert blobs.open(artifact.digest).read() == b"model"
        assert shared.datasets.get(c, "ann", "sales") is not None
        secret = shared.credentials.get(c, "ann", "token")
        assert secret is not None
        assert shared.credentials.fields(c, secret)["value"] == "s3cret"
        assert shared.runs.get(c, "ada", "nightly") is None
    assert (shared.folder / "attempts/a1/log").read_text() == "done"


def test_a_second_move_changes_nothing(archive: Path, shared: Store) -> None:
    blobs = Blobs(shared.folder / "blobs")
    take_over(shared, blobs, archive, "ann", ROOTS)
    with pytest.raises(Conflict):
        take_over(shared, blobs, archive, "ann", ROOTS)
    with pytest.raises(Conflict):  # nor to somebody else
        take_over(shared, blobs, archive, "eve", ROOTS)
    with shared.read() as c:
        assert shared.runs.get(c, "eve", "nightly") is None


def test_a_taken_name_moves_nothing(archive: Path, shared: Store) -> None:
    with shared.write() as c:
        Rows(shared, c).dataset("sales", owner="ann")
    with pytest.raises(Conflict, match="sales"):
        take_over(shared, Blobs(shared.folder / "blobs"), archive, "ann", ROOTS)
    with shared.read() as c:
        assert shared.runs.get(c, "ann", "nightly") is None
