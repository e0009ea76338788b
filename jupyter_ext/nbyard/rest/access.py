"""Access to services behind the proxy: cached authorizations, and passes in page paths.

Programs repeat the same request many times a second. An authorization is valid for one second, for
equal requests. Requests are equal if method, path, query, remote address and all headers except
those of the body are equal. The server's authorizer may use any of these. Checks of the single
request are never cached: origin, XSRF, length and expiry of a pass.

Requests are limited by user where a store has several users.

Passes are random texts in the paths of a service's pages, which replace the login cookie. The pages
of an untrusted service are shown in a sandbox with an opaque origin. Browsers send no cookie with
the requests of such a page. A pass identifies the user who opened the page, for a limited time. It
gives access only to the page's own deployment or attempt.
"""

import re
import secrets
import threading
import time
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any, NamedTuple

from jupyter_server.auth import User
from tornado.httputil import HTTPServerRequest

from nbyard.domain.deployments.structs import Target

# A revoked login stays valid for at most this long.
SECONDS = 1.0
MOST = 256
OF_THE_BODY = {"Content-Length", "Content-Type", "Content-Encoding", "Transfer-Encoding"}
SEGMENT = "nbyard-pass="
PASS_SECONDS = 3600.0
MOST_PASSES = 4096
MOST_USERS = 10_000
PASS_BYTES = 32
# Such as `/user/ann/nbyard/deployments/iris/http/nbyard-pass=…/index.html`.
IN_PATH = re.compile(
    rf"(?P<before>.*?/nbyard/(?:deployments|attempts)/[a-z0-9-]+/[a-z0-9-]+)/{SEGMENT}"
    r"(?P<text>[^/?]+)"
)


@dataclass
class HubUser(User):
    """A user of the hub, with the rights that the hub gives them in this service.

    The visitor of a share link is one too, whose name is the link's viewer. `token` is the ID of
    the token at the hub, which is no secret.
    """

    groups: tuple[str, ...] = ()
    rights: tuple[str, ...] = ()
    token: str = ""


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


class RequestBudgets:
    """The requests that each user may still send. They grow back at an even rate.

    A user may send those of a minute at once. Without a limit, `per_minute` is 0.
    """

    def __init__(self, per_minute: int):
        self._per_minute = per_minute
        self._lock = threading.Lock()  # uploads are authorised in threads
        self._left: dict[str, tuple[float, float]] = {}  # the last request first

    def wait_seconds(self, user: str) -> float:
        """Count a request of the user.

        Return 0.0, or how long the user has to wait before it is allowed.
        """
        most, now = self._per_minute, time.monotonic()
        with self._lock:
            left, since = self._left.pop(user, (most, now))
            left = min(most, left + (now - since) * most / 60)
            may_pass = left >= 1 or not most
            while len(self._left) >= MOST_USERS:  # the user silent longest likely has a full one
                del self._left[next(iter(self._left))]
            self._left[user] = (left - may_pass, now)
        return 0.0 if may_pass else (1 - left) * 60 / most


class Holder(NamedTuple):
    """The login that opened a page, and the page's subject.

    That is a deployment or attempt, by its ID. Each request identifies the user again.
    """

    login: Any
    subject: str


class Passes:
    """The passes that this process has issued. They are only in memory."""

    def __init__(self) -> None:
        self.issued: dict[str, tuple[float, Holder]] = {}  # oldest first

    def issue(self, holder: Holder) -> str:
        """Create a pass, valid for PASS_SECONDS or until MOST_PASSES others are issued.

        An equal holder, such as a share link, gets its pass again in the first half of that time.
        """
        now = time.time()
        for text, (until, known) in self.issued.items():
            if known == holder and until - now > PASS_SECONDS / 2:
                return text
        for text, (until, _) in list(self.issued.items()):
            # Insertion order is order of expiry, so the first valid pass ends the cleanup.
            if now < until and len(self.issued) < MOST_PASSES:
                break
            del self.issued[text]
        text = secrets.token_urlsafe(PASS_BYTES)
        self.issued[text] = (now + PASS_SECONDS, holder)
        return text

    def holder(self, text: str) -> Holder | None:
        """Return the holder of a pass, None if the pass is unknown or has expired."""
        until, holder = self.issued.get(text, (0.0, None))
        return holder if time.time() < until else None


def take_pass(request: HTTPServerRequest) -> str:
    """Remove the pass from a request's path and return it, "" without one.

    So no log shows the pass. A service gets the pass of its own page in `X-Forwarded-Prefix`.
    """
    match = IN_PATH.match(request.path)
    if match is None:
        return ""
    request.path = IN_PATH.sub(r"\g<before>", request.path, 1)
    request.uri = IN_PATH.sub(r"\g<before>", str(request.uri), 1)
    request.headers.pop("Referer", None)  # it may contain a pass too
    return match["text"]


def is_navigation(request: HTTPServerRequest) -> bool:
    """Return whether the request is for a page that a browser will show.

    Browsers send Sec-Fetch-Mode to secure addresses only. Without that header, Accept decides.
    """
    if request.method not in ("GET", "HEAD") or "Authorization" in request.headers:
        return False
    mode = request.headers.get("Sec-Fetch-Mode")
    return mode == "navigate" if mode else "text/html" in request.headers.get("Accept", "")
