"""Passes: random texts in the paths of a service's pages, which replace the login cookie.

The pages of an untrusted service are shown in a sandbox with an opaque origin. Browsers send no
cookie with the requests of such a page. A pass identifies the user who opened the page, for a
limited time. It gives access only to the page's own deployment or attempt.
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
# Such as `/user/ann/nbyard/deployments/iris/http/nbyard-pass=…/index.html`.
IN_PATH = re.compile(
    rf"(?P<before>.*?/nbyard/(?:deployments|attempts)/[a-z0-9-]+/[a-z0-9-]+)/{SEGMENT}"
    r"(?P<text>[^/?]+)"
)


class Holder(NamedTuple):
    """The user who opened a page, and the ID of the page's deployment or attempt.

    The whole user object is stored, as the server's authorizer may need more than the name.
    """

    user: Any
    subject: str


class Passes:
    """The passes that this process has issued. They are only in memory."""

    def __init__(self) -> None:
        self.issued: dict[str, tuple[float, Holder]] = {}  # oldest first

    def issue(self, holder: Holder) -> str:
        """Create a pass, which is valid for SECONDS or until MOST others were issued."""
        now = time.time()
        for text, (until, _) in list(self.issued.items()):
            # Insertion order is order of expiry, so the first valid pass ends the cleanup.
            if now < until and len(self.issued) < MOST:
                break
            del self.issued[text]
        text = secrets.token_urlsafe(PASS_BYTES)
        self.issued[text] = (now + SECONDS, holder)
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
