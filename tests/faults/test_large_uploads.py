"""The server's memory stays flat for files of any size."""

import hashlib
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from .place import Place, Server, until

PIECE = 8 * 2**20
SIZE = 4 * 2**30


@pytest.fixture
def server(place: Place) -> Iterator[Server]:
    with Server(place) as started:
        yield started


def most_bytes(pid: int) -> int:
    """Return the peak memory of a process."""
    told = Path(f"/proc/{pid}/status").read_text()
    return 1024 * int(re.findall(r"^VmHWM:\s+(\d+) kB$", told, re.M)[0])


def pieces() -> Iterator[bytes]:
    """Yield different pieces, so that the store keeps each of them."""
    block = os.urandom(PIECE - 8)
    for number in range(SIZE // PIECE):
        yield number.to_bytes(8, "big") + block


@pytest.mark.long
@pytest.mark.timeout(900)
def test_memory_stays_flat_while_a_file_is_uploaded(server: Server) -> None:
    """This also holds while a dataset with the same bytes is created from it."""
    body = {"filename": "large.bin", "size_bytes": SIZE}
    status, upload = server.ask("POST", "/uploads", body)
    assert status == 201
    digest, offset, before = hashlib.sha256(), 0, 0
    for piece in pieces():
        digest.update(piece)
        headers = {"Upload-Offset": str(offset), "Content-Type": "application/octet-stream"}
        status, told = server.send("PATCH", f"/uploads/{upload['id']}", piece, headers)
        assert status == 200
        offset = told["offset"]
        before = before or most_bytes(server.pid)
    source = {"kind": "upload", "upload": upload["id"]}
    status, made = server.ask("POST", "/datasets", {"source": source, "name": "large"})
    assert status == 201

    def is_ready() -> bool:
        nonlocal made
        made = server.ask("GET", f"/datasets/{made['id']}")[1]
        return made["current"]["state"] == "ready"

    until(is_ready, "the dataset", 300)
    assert made["current"]["digest"] == f"sha256:{digest.hexdigest()}"
    assert most_bytes(server.pid) - before < 64 * 2**20
