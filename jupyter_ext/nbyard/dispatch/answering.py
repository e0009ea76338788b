"""Whether a service answers at a port, and whether somebody is still being answered there."""

import contextlib
import http.client
import socket
import struct
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import msgspec

from nbyard.domain.call_forms import CallForm, forms_of
from nbyard.domain.deployments import Place
from nbyard.domain.strict_json import read_json
from nbyard.errors import NbyardError

ANSWER_SECONDS = 2.0
LEAST_FAILURE = 500
MISSES = 3
DESCRIPTION, MAX_DESCRIPTION_BYTES = "/swagger.json", 2**20
# what the kernel lists: <number>: <local address> <remote address> <state> …
TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
SINCE_ASKED = {"01", "02", "04", "05"}  # established, syn sent, and two in which we only finished


def answers(place: Place, path: str) -> bool:
    """Whether it answers as one that is ready would: with anything but an error of the server."""
    connection = http.client.HTTPConnection(place.host, place.port, timeout=ANSWER_SECONDS)
    try:
        connection.request("GET", path, headers={"Connection": "close"})
        return connection.getresponse().status < LEAST_FAILURE
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def described(place: Place) -> list[CallForm]:
    """What it says that it can be asked, where it describes itself as DEEPaaS does."""
    connection = http.client.HTTPConnection(place.host, place.port, timeout=ANSWER_SECONDS)
    try:
        connection.request("GET", DESCRIPTION, headers={"Connection": "close"})
        answer = connection.getresponse()
        text = answer.read(MAX_DESCRIPTION_BYTES) if answer.status == http.client.OK else b""
        return forms_of(read_json(text)) if text else []
    except (OSError, http.client.HTTPException, NbyardError):
        return []
    finally:
        connection.close()


class Ports:
    """Whether the ports of a deployment answer. That one does not any more is believed the third
    time."""

    def __init__(self) -> None:
        self._misses: Counter[tuple[int, str]] = Counter()

    def look(
        self, number: int, known: Sequence[Place], asked: Sequence[tuple[Place, str]]
    ) -> list[Place]:
        """The places of a revision now, each asked at its path; `known` is what was seen last."""
        before = {(one.name, one.port): one for one in known}
        found = []
        for place, path in asked:
            is_there = bool(place.port) and answers(place, path)
            key = (number, place.name)
            self._misses[key] = 0 if is_there else self._misses[key] + 1
            last = before.get((place.name, place.port))
            stays = last is not None and last.answers and self._misses[key] < MISSES
            found.append(msgspec.structs.replace(place, answers=is_there or stays))
        return found


def is_connected(port: int) -> bool | None:
    """Whether a program of this machine has a connection to that port of it; None where that
    cannot be known."""
    packed = socket.inet_aton("127.0.0.1")
    wanted = f"{struct.unpack('=I', packed)[0]:08X}:{port:04X}"
    is_known = False
    for table in TABLES:
        with contextlib.suppress(OSError):
            for line in table.read_text().splitlines()[1:]:
                words = line.split()
                is_known = True
                if words[2].endswith(wanted) and words[3] in SINCE_ASKED:
                    return True
    return False if is_known else None
