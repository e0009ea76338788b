"""What `nbyard store move --to-hub` leaves in the user's own store."""

from contextlib import closing
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from nbyard.backup.restoring import MARK, PARTS
from nbyard.cli.commands import store
from nbyard.cli.main import nbyard
from nbyard.client import OwnServer
from nbyard.domain.projects.homes import MovedStore
from nbyard.store import Store


class Home:
    """A user's own server at a hub."""

    def move_store(self, body: Any) -> MovedStore:
        return MovedStore(*[0] * len(MovedStore.__struct_fields__))


def test_the_next_move_deletes_what_a_killed_one_left(tmp_path, monkeypatch):
    with closing(Store(tmp_path / "own")) as opened:
        folder = opened.folder
    killed = folder / f"{PARTS}killed"
    killed.mkdir()
    (killed / MARK).touch()
    (killed / "backup.tar").touch()
    server = object.__new__(OwnServer)
    server.home = Home()  # type: ignore[attr-defined]

    def upload(_: Any, backup: Path) -> str:
        assert backup.stat().st_size and [*folder.glob(".nbyard-*")] == [backup.parents[1]]
        return "u1"

    monkeypatch.setattr(store, "connect_here", lambda: server)
    monkeypatch.setattr(store, "upload_file", upload)
    monkeypatch.setenv("NBYARD_STORE_DIR", str(folder))
    monkeypatch.setenv("NBYARD_HUB_ROOT", str(tmp_path))
    done = CliRunner().invoke(nbyard, ["store", "move", "--to-hub"])
    assert done.exit_code == 0, done.output
    assert "Moved: 0 runs" in done.output and [*folder.glob(".nbyard-*")] == []
