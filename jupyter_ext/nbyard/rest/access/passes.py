"""Passes in the path of a service's pages, in place of the cookie.

The pages of a service that is not trusted are shown in a sandbox, at an opaque origin: browsers
send no cookie with what such a page asks for. A pass says for a while who opened the page, and lets
in to the one deployment or attempt whose page it is.
"""

import re
import secrets
import time
from typing import Any, NamedTuple

from tornado.httputil import HTTPServerRequest

SEGMENT = "nbyard-pass="
SECONDS = 3600.0
MOST = 4096
PASS_BYTES = 32
IN_PATH = re.compile(
    rf"(?P<before>.*?/nbyard/(?:deployments|attempts)/[a-z0-9-]+/[a-z0-9-]+)/{SEGMENT}"
    r"(?P<text>[^/?]+)"
)


class Holder(NamedTuple):
    """Who opened the page of what: Jupyter's user as the identity provider knows it, which the
    server's authorizer may ask for more than a name, and the id of the subject."""

    user: Any
    subject: str


class Passes:
    """Random texts that only this process knows, so that none outlives it."""

    def __init__(self) -> None:
        self._issued: dict[str, tuple[float, Holder]] = {}  # the oldest first

    def issue(self, holder: Holder) -> str:
        """Return a pass that holds for `SECONDS`, or until `MOST` others were issued."""
        now = time.time()
        for text, (until, _) in list(self._issued.items()):
            if now < until and len(self._issued) < MOST:
                break
            del self._issued[text]
        text = secrets.token_urlsafe(PASS_BYTES)
        self._issued[text] = (now + SECONDS, holder)
        return text

    def holder(self, text: str) -> Holder | None:
        """Return whom a pass was issued to; None where it is unknown or has expired."""
        until, found = self._issued.get(text, (0.0, None))
        return found if time.time() < until else None


def take_pass(request: HTTPServerRequest) -> str:
    """Return the pass in the path of a request, "" where it has none, and remove it from all that
    logs see of the request. A service gets the pass of its own page in `X-Forwarded-Prefix`."""
    found = IN_PATH.match(request.path)
    if found is None:
        return ""
    request.path = IN_PATH.sub(r"\g<before>", request.path, 1)
    request.uri = IN_PATH.sub(r"\g<before>", str(request.uri), 1)
    request.headers.pop("Referer", None)  # it may have one too
    return found["text"]


def is_navigation(request: HTTPServerRequest) -> bool:
    """Whether a browser shows the answer as a page. Browsers say so to addresses that are secure;
    elsewhere they are known by what they take."""
    if request.method not in ("GET", "HEAD") or "Authorization" in request.headers:
        return False
    mode = request.headers.get("Sec-Fetch-Mode")
    return mode == "navigate" if mode else "text/html" in request.headers.get("Accept", "")
