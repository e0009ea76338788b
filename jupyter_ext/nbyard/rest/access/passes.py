"""Passes in the paths of a service's pages, in place of the cookie.

The pages of an untrusted service are shown in a sandbox with an opaque origin. Browsers send no
cookie with the requests of such a page. A pass names the user who opened the page, for a limited
time. It gives access only to the page's own deployment or attempt.
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
    """The user who opened a page, and the ID of the deployment or attempt.

    The server's authorizer may need more of Jupyter's user than its name.
    """

    user: Any
    subject: str


class Passes:
    """Random passes known to this process only; they end with it."""

    def __init__(self) -> None:
        self._issued: dict[str, tuple[float, Holder]] = {}  # oldest first

    def issue(self, holder: Holder) -> str:
        """Return a pass that is valid for `SECONDS`, or until `MOST` others were issued."""
        now = time.time()
        for text, (until, _) in list(self._issued.items()):
            # Insertion order is order of expiry, so the first valid pass ends the cleanup.
            if now < until and len(self._issued) < MOST:
                break
            del self._issued[text]
        text = secrets.token_urlsafe(PASS_BYTES)
        self._issued[text] = (now + SECONDS, holder)
        return text

    def holder(self, text: str) -> Holder | None:
        """Return the holder of a pass; None if it is unknown or has expired."""
        until, holder = self._issued.get(text, (0.0, None))
        return holder if time.time() < until else None


def take_pass(request: HTTPServerRequest) -> str:
    """Return the pass in a request's path, "" without one, and remove it from the request.

    Logs then never show it. A service gets the pass of its own page in `X-Forwarded-Prefix`.
    """
    match = IN_PATH.match(request.path)
    if match is None:
        return ""
    request.path = IN_PATH.sub(r"\g<before>", request.path, 1)
    request.uri = IN_PATH.sub(r"\g<before>", str(request.uri), 1)
    request.headers.pop("Referer", None)  # it may contain a pass too
    return match["text"]


def is_navigation(request: HTTPServerRequest) -> bool:
    """Return whether a browser shows the response as a page.

    Browsers send Sec-Fetch-Mode to secure addresses only; elsewhere, Accept decides.
    """
    if request.method not in ("GET", "HEAD") or "Authorization" in request.headers:
        return False
    mode = request.headers.get("Sec-Fetch-Mode")
    return mode == "navigate" if mode else "text/html" in request.headers.get("Accept", "")
