"""Who was let in a moment ago, and where to: programs ask many times a second with the same words.

An admission holds for one second, for requests that say the very same: all headers but those of
the body, the address they come from, the method, and what is asked with path and query. The
server's authorizer may decide by any of them.
What depends on the single request (origin, XSRF, length, expiry of a pass) is checked every time.
"""

import time
from collections.abc import Hashable
from typing import Any, NamedTuple

from tornado.httputil import HTTPServerRequest

from nbyard.domain.deployments.structs import Target

SECONDS = 1.0
MOST = 256
OF_THE_BODY = {"Content-Length", "Content-Type", "Content-Encoding", "Transfer-Encoding"}


class Admission(NamedTuple):
    """Jupyter's user, the name of the cookie of a login, and the port."""

    user: Any
    login_cookie: str
    target: Target


class Admissions:
    """Those of one server, in its loop's thread."""

    def __init__(self) -> None:
        self._kept: dict[Hashable, tuple[float, Admission]] = {}

    def get(self, key: Hashable) -> Admission | None:
        """Return the admission, None where there is none or its second is over."""
        until, found = self._kept.get(key, (0.0, None))
        return found if time.monotonic() < until else None

    def keep(self, key: Hashable, admission: Admission) -> None:
        """Keep an admission, and none for longer than a second where many come."""
        if len(self._kept) >= MOST:
            now = time.monotonic()
            self._kept = {k: v for k, v in self._kept.items() if now < v[0]}
        if len(self._kept) < MOST:
            self._kept[key] = (time.monotonic() + SECONDS, admission)

    def forget(self, key: Hashable) -> None:
        """Ask anew: nobody is there any more."""
        self._kept.pop(key, None)


def key_of(request: HTTPServerRequest, place: tuple[str, ...]) -> Hashable:
    """Return all that decides whether a request is let in; `place` is the port, with the pass."""
    headers = tuple((n, v) for n, v in request.headers.get_all() if n not in OF_THE_BODY)
    return (place, request.method, request.uri, request.remote_ip, request.protocol, headers)
