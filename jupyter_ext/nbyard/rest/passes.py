"""Passes in the path of a service's pages, in place of the cookie.

The pages of a service that is not trusted are shown in a sandbox, at an opaque origin: browsers
send no cookie with what such a page asks for. A pass says for a while who opened the page, and lets
in to the one deployment or attempt whose page it is.
"""

import base64
import binascii
import hmac
import re
import secrets
import time
from typing import NamedTuple

from tornado.httputil import HTTPServerRequest

SEGMENT = "nbyard-pass="
SECONDS = 3600.0
IN_PATH = re.compile(
    rf"(?P<before>.*?/nbyard/(?:deployments|attempts)/[a-z0-9-]+/[a-z0-9-]+)/{SEGMENT}"
    r"(?P<text>[^/?]+)"
)


class Holder(NamedTuple):
    """Who opened the page of what: a name of Jupyter's user, and the id of the subject."""

    user: str
    subject: str


class Passes:
    """Issued and checked with a key that only this process has, so that none outlives it."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)

    def issue(self, holder: Holder) -> str:
        """Return a pass that holds for `SECONDS`."""
        told = "\0".join((str(int(time.time() + SECONDS)), *holder)).encode()
        return _text(told) + "." + _text(self._sign(told))

    def holder(self, text: str) -> Holder | None:
        """Return whom a pass was issued to; None where it is forged or has expired."""
        try:
            told, signature = map(_bytes, text.split("."))
        except (ValueError, binascii.Error):
            return None
        if not hmac.compare_digest(self._sign(told), signature):
            return None
        expires, user, subject = told.decode().split("\0")
        return Holder(user, subject) if time.time() < int(expires) else None

    def _sign(self, told: bytes) -> bytes:
        return hmac.digest(self._key, told, "sha256")


def _text(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


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
