"""What an engine says, in our errors and in lines for people."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from nbyard.errors import Conflict, NbyardError, NotFound

REFUSED = "The Docker engine refused: "

WANTS_TLS = "HTTP request to an HTTPS server"
KNOWN = re.compile(
    "No such file or directory|Connection refused|Permission denied"
    r"|certificate verify failed: [\w ,-]+|(?<=alert )[a-z]+ certificate|certificate required"
)

Say = Callable[[str], None]


def refusal(status: int | None, words: str) -> NbyardError:
    # Podman says so with 500 while it removes one.
    if status == 404 or "no such container" in words:
        return NotFound(words)
    if status == 409:
        return Conflict(words)
    return NbyardError(REFUSED + words)


def check(answer: Any) -> None:
    import docker.errors
    import requests

    try:
        answer.raise_for_status()
    except requests.exceptions.HTTPError as error:
        raise docker.errors.create_api_error_from_http_exception(error) from error


def plain(error: BaseException) -> str:
    """The last, most telling part of a nested network error."""
    text = str(error)
    if WANTS_TLS in text:
        return "the engine wants TLS"
    known = KNOWN.search(text)
    if known:
        return known.group().lower()
    if "timed out" in text.lower():
        return "no answer in time"
    return text.splitlines()[0][:200] if text else type(error).__name__


def tell(line: Mapping[str, Any], say: Say, failing: str = "") -> None:
    if "error" in line:
        raise NbyardError(failing + str(line["error"]).strip())
    text = line.get("stream")
    if text is None and "status" in line and "progress" not in line:
        text = " ".join(str(line[key]) for key in ("id", "status") if line.get(key))
    for one in (text or "").splitlines():
        if one.strip():
            say(one)
