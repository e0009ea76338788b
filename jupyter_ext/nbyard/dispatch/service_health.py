"""Check whether a service responds at a port, and whether a client is still connected to it."""

import contextlib
import http.client
import math
import socket
import struct
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from nbyard.domain.deployments.endpoint_forms import CallForm, forms_of
from nbyard.domain.deployments.structs import SECRET_HEADER, Place
from nbyard.domain.parsing.strict_json import read_json
from nbyard.errors import NbyardError

ANSWER_SECONDS = 2.0
# A status such as 401 or 404 shows that the server runs, even without a page at the path.
LEAST_FAILURE = 500
MISSES = 3
MAX_WORDS_BYTES, MAX_WORDS = 2**16, 500
DESCRIPTION, MAX_DESCRIPTION_BYTES = "/swagger.json", 2**20
# Kernel format: <number>: <local address> <remote address> <state> …
TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
SINCE_ASKED = {"01", "02", "04", "05"}  # established, SYN sent, FIN wait 1 and 2


class DeadlineConnection(http.client.HTTPConnection):
    """A connection with a deadline for the whole response, even one that arrives byte by byte."""

    def __init__(self, place: Place, seconds: float):
        super().__init__(place.host, place.port, timeout=seconds)
        self._end = time.monotonic() + seconds

    def connect(self) -> None:
        """Connect, and apply the deadline to all reads."""
        super().connect()
        # The timeout of http.client limits each read, so a slow server could extend it for ever.
        self.sock = _Timed(self.sock, self._end)


class _Timed(socket.socket):
    """A socket whose reads share one deadline."""

    def __init__(self, of: socket.socket, end: float):
        left = of.gettimeout()
        super().__init__(fileno=of.detach())
        self.settimeout(left)
        self._end = end

    def recv_into(self, *args: Any, **options: Any) -> int:
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self.settimeout(left)
        return super().recv_into(*args, **options)


def is_responding(place: Place, path: str, secret: str = "") -> bool:
    """Return whether the service responds with any status below 500."""
    connection = DeadlineConnection(place, ANSWER_SECONDS)
    try:
        connection.request("GET", path, headers=_headers(secret))
        return connection.getresponse().status < LEAST_FAILURE
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def refuses_strangers(place: Place) -> bool | None:
    """Return whether the service refuses requests without a key; None if it does not respond."""
    connection = DeadlineConnection(place, ANSWER_SECONDS)
    try:
        connection.request("GET", "/", headers=_headers(""))
        return connection.getresponse().status == http.client.UNAUTHORIZED
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


def _headers(secret: str) -> dict[str, str]:
    return {"Connection": "close", **({SECRET_HEADER: secret} if secret else {})}


def unready_reason(place: Place, path: str, secret: str = "") -> str:
    """Return why the service is not ready: `error` of a JSON response, else ""."""
    connection = DeadlineConnection(place, ANSWER_SECONDS)
    try:
        connection.request("GET", path, headers=_headers(secret))
        answer = connection.getresponse()
        body = read_json(answer.read(MAX_WORDS_BYTES)) if answer.status >= LEAST_FAILURE else None
        message = body.get("error") if isinstance(body, dict) else None
        return " ".join(message.split())[:MAX_WORDS] if isinstance(message, str) else ""
    except (OSError, http.client.HTTPException, NbyardError):
        return ""
    finally:
        connection.close()


def describe_calls(place: Place, secret: str = "") -> list[CallForm]:
    """Return the forms of the requests that a service describes as DEEPaaS does, or none."""
    connection = DeadlineConnection(place, ANSWER_SECONDS)
    try:
        connection.request("GET", DESCRIPTION, headers=_headers(secret))
        answer = connection.getresponse()
        text = answer.read(MAX_DESCRIPTION_BYTES) if answer.status == http.client.OK else b""
        return forms_of(read_json(text)) if text else []
    except (OSError, http.client.HTTPException, NbyardError):
        return []
    finally:
        connection.close()


class PortHealth:
    """Health of the ports of a deployment.

    A port counts as down after 3 failed checks. A healthy port is checked again only after
    `calm_seconds`.
    """

    def __init__(self, calm_seconds: float = 0.0) -> None:
        self._calm_seconds = calm_seconds
        self._misses: Counter[tuple[int, str]] = Counter()
        self._said: dict[int, str] = {}
        self._asked_at: dict[tuple[str, int], float] = {}

    def check(
        self,
        number: int,
        known: Sequence[Place],
        asked: Sequence[tuple[Place, str]],
        secret: str = "",
    ) -> list[Place]:
        """Return the places of a revision with current health.

        Each place in `asked` is requested at its path with the `secret`. `known` is the previous
        result, and `number` that of the revision.
        """
        before = {(known_place.name, known_place.port): known_place for known_place in known}
        calm = [self._is_calm(number, place, before) for place, _ in asked]
        with ThreadPoolExecutor(max(len(asked), 1)) as pool:  # slow ports must not add up
            there = list(pool.map(partial(self._ask, secret), asked, calm))
        places = []
        for (place, _), is_there in zip(asked, there, strict=True):
            key = (number, place.name)
            self._misses[key] = 0 if is_there else self._misses[key] + 1
            last = before.get((place.name, place.port))
            # Tolerate single misses of a healthy service.
            stays = last is not None and last.answers and self._misses[key] < MISSES
            places.append(msgspec.structs.replace(place, answers=is_there or stays))
        self._note_words(number, asked[:1], secret)
        return places

    def _is_calm(self, number: int, place: Place, before: Mapping[tuple[str, int], Place]) -> bool:
        """Return whether the port responded a moment ago."""
        last = before.get((place.name, place.port))
        if last is None or not last.answers or self._misses[number, place.name]:
            return False
        return time.monotonic() - self._asked_at.get(_spot(place), -math.inf) < self._calm_seconds

    def _ask(self, secret: str, place_and_path: tuple[Place, str], calm: bool) -> bool:
        place, path = place_and_path
        if calm or not place.port:
            return calm
        self._asked_at[_spot(place)] = time.monotonic()
        return is_responding(place, path, secret)

    def _note_words(self, number: int, asked: Sequence[tuple[Place, str]], secret: str) -> None:
        """Store the error of the first port once it counts as down.

        It is read once, because its text may change every second.
        """
        for place, path in asked:
            misses = self._misses[number, place.name]
            if misses < MISSES:
                self._said.pop(number, None)
            elif misses == MISSES:
                self._said[number] = unready_reason(place, path, secret) if place.port else ""

    def explanation(self, number: int) -> str:
        """Return why the first port is down, as the service reports.

        The text is empty if the port responds, or if the service reported nothing.
        """
        return self._said.get(number, "")


def _spot(place: Place) -> tuple[str, int]:
    return place.host, place.port


def is_connected(port: int, address: str = "127.0.0.1") -> bool | None:
    """Return whether a local program is connected to that port; None if unknown."""
    packed = socket.inet_aton(address)
    # The kernel prints addresses in host byte order.
    wanted = f"{struct.unpack('=I', packed)[0]:08X}:{port:04X}"
    is_known = False
    for table in TABLES:
        with contextlib.suppress(OSError):
            for line in table.read_text().splitlines()[1:]:
                fields = line.split()
                is_known = True
                # The port is the client's remote one. In tcp6, the IPv4 address comes last.
                if fields[2].endswith(wanted) and fields[3] in SINCE_ASKED:
                    return True
    return False if is_known else None
