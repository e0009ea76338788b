"""Caches authorizations, because programs repeat the same request many times a second.

An authorization is valid for one second, for equal requests. Requests are equal if method, path,
query, remote address and all headers except those of the body are equal. The server's authorizer
may use any of these. Checks of the single request are never cached: origin, XSRF, length and expiry
of a pass.
"""

import time
from collections.abc import Hashable
from typing import Any, NamedTuple

from tornado.httputil import HTTPServerRequest

from nbyard.domain.deployments.structs import Target

# A revoked login stays valid for at most this long.
SECONDS = 1.0
MOST = 256
OF_THE_BODY = {"Content-Length", "Content-Type", "Content-Encoding", "Transfer-Encoding"}


class Admission(NamedTuple):
    """An authorization: Jupyter's user, the name of the login cookie, and the service's port."""

    user: Any
    login_cookie: str
    target: Target


class Admissions:
    """The cached authorizations of one server.

    Use it in the thread of the event loop only.
    """

    def __init__(self) -> None:
        self._kept: dict[Hashable, tuple[float, Admission]] = {}

    def get(self, key: Hashable) -> Admission | None:
        """Return the authorization for a key, None if there is none or it has expired."""
        until, admission = self._kept.get(key, (0.0, None))
        return admission if time.monotonic() < until else None

    def keep(self, key: Hashable, admission: Admission) -> None:
        """Store an authorization for one second, unless too many are stored."""
        # Old entries are dropped only when space is needed, so `get` checks their age.
        if len(self._kept) >= MOST:
            now = time.monotonic()
            self._kept = {k: v for k, v in self._kept.items() if now < v[0]}
        if len(self._kept) < MOST:
            self._kept[key] = (time.monotonic() + SECONDS, admission)

    def forget(self, key: Hashable) -> None:
        """Remove an authorization, because its port no longer responds."""
        self._kept.pop(key, None)


def key_of(request: HTTPServerRequest, place: tuple[str, ...]) -> Hashable:
    """Return everything in a request on which access depends.

    `place` has the port and the pass.
    """
    headers = tuple((n, v) for n, v in request.headers.get_all() if n not in OF_THE_BODY)
    return (place, request.method, request.uri, request.remote_ip, request.protocol, headers)
