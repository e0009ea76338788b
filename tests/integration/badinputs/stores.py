"""Stores that cannot be opened: Jupyter starts, and nbyard gives the reason."""

import hashlib
import sqlite3
import uuid
from pathlib import Path
from typing import Any

from tests.support.jupyter_server import JupyterServer

from nbyard.store import Store

from .ground import Ground, Seen, seen


def start(ground: Ground, what: dict[str, str], entry: dict[str, Any]) -> Seen:
    """Start a server on a damaged copy of a used store."""
    folder = ground.root.parent / f"damaged-{uuid.uuid4().hex}"
    folder.mkdir()
    settings = {}
    if what["db"] == "readonly":
        settings["store_dir"] = "/proc/nbyard"  # nobody can write there, root neither
    else:
        _damage(folder / "store", what["db"])
    before = _digest(folder / "store" / "store.sqlite")
    server = JupyterServer(folder, **settings).start()
    try:
        assert server.request("GET", "/api", None, {}).status == 200
        assert server.request("GET", "/nbyard/api/health", None, {}).status == 200
        answer = server.send("GET", "/datasets")
        assert answer.status == 503, answer.content
        assert answer.json["hint"]
    finally:
        server.stop()
    assert _digest(folder / "store" / "store.sqlite") == before
    return seen(answer)


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else ""


def _damage(folder: Path, how: str) -> None:
    store = Store(folder)
    database = folder / "store.sqlite"
    if how == "no_wal":
        with store.write() as c:
            store.facts.get_or_store(c, "more", "1")
        _crash(store, folder)
        (folder / "store.sqlite-wal").unlink()
        return
    store.close()
    if how == "empty":
        database.write_bytes(b"")
    elif how == "bitflip":
        content = bytearray(database.read_bytes())
        content[4096 : 2 * 4096] = bytes(byte ^ 0xFF for byte in content[4096 : 2 * 4096])
        database.write_bytes(bytes(content))
    else:
        revision = {"future": "9999", "half": None}[how]
        with sqlite3.connect(database) as connection:
            if revision:
                connection.execute("update alembic_version set version_num = ?", [revision])
            else:
                connection.execute("delete from alembic_version")
        connection.close()


def _crash(store: Store, folder: Path) -> None:
    """Copy the files of a store as a killed process leaves them."""
    kept = {p.name: p.read_bytes() for p in folder.glob("store.sqlite*")}
    store.close()
    for name, content in kept.items():
        (folder / name).write_bytes(content)
