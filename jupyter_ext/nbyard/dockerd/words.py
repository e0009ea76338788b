"""What an engine says, in our errors and in lines for people."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from nbyard.errors import Conflict, NbyardError, NotFound

REFUSED = "The Docker engine refused: "

Say = Callable[[str], None]


def refusal(status: int | None, words: str) -> NbyardError:
    if status == 404:
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
    known = re.search(r"(No such file or directory|Connection refused|Permission denied)", text)
    if known:
        return known.group(1).lower()
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
