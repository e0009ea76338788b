"""Translate messages of an engine into our errors and into readable lines."""

import contextlib
import re
from collections.abc import Callable, Iterator, Mapping
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
    """Return our error for a refusal of the engine."""
    # Engines report both with status 500: while they remove a container, or when two clients
    # remove an image at once.
    if status == 404 or "no such container" in words or "unrecognized image ID" in words:
        return NotFound(words)
    if status == 409:
        return Conflict(words)
    return NbyardError(REFUSED + words)


def check(answer: Any) -> None:
    """Raise Docker's error for a refused request."""
    import docker.errors
    import requests

    try:
        answer.raise_for_status()
    except requests.exceptions.HTTPError as error:
        raise docker.errors.create_api_error_from_http_exception(error) from error


def plain(error: BaseException) -> str:
    """Return the last part of a nested network error, which says most."""
    text = str(error)
    if WANTS_TLS in text:
        return "the engine wants TLS"
    known = KNOWN.search(text)
    if known:
        return known.group().lower()
    if "timed out" in text.lower():
        return "no answer in time"
    return text.splitlines()[0][:200] if text else type(error).__name__


LOGIN = "{host} wants a login that may do this ({login})"
REFUSED_LOGIN = "{host} does not take the login of the credential {credential!r} for this"
# Messages of engines about registries, and their plain forms.
REGISTRY_WORDS = (
    (r"no such host|server misbehaving", "{host} cannot be found from here"),
    (r"connection refused", "nobody answers at {host}"),
    (r"i/o timeout|Client\.Timeout|deadline exceeded", "{host} does not answer in time"),
    (r"HTTP response to HTTPS client", "{host} speaks no TLS, which the engine was not told"),
    (r"x509|certificate", "the certificate of {host} is not trusted by the engine"),
    (
        r"unauthori[sz]ed|no basic auth credentials|authentication required|access.*denied",
        LOGIN,
    ),
    (r"manifest unknown|not found|name unknown|does not exist", "{host} has no such image"),
    (r"no space left on device", "the disk is full"),
)
PUBLIC = "the public registry"


def registry_words(said: str, host: str, credential: str = "") -> str:
    """Return a registry error in plain words, or the engine's message if it is unknown.

    `credential` names the credential whose login the registry received.
    """
    login = f"docker login {host}".strip() + ", or a credential of the kind registry"
    for form, words in REGISTRY_WORDS:
        if re.search(form, said, re.IGNORECASE):
            told = REFUSED_LOGIN if words == LOGIN and credential else words
            return told.format(host=host or PUBLIC, login=login, credential=credential)
    return said


def tell(line: Mapping[str, Any], say: Say, failing: str = "") -> None:
    """Pass the text of a progress message to `say`; program output may be a partial line.

    Raises:
        NbyardError: the message is an error.
    """
    if "error" in line:
        raise NbyardError(failing + str(line["error"]).strip())
    text = line.get("stream")
    if text is None and "status" in line and "progress" not in line:
        words = " ".join(str(line[key]) for key in ("id", "status") if line.get(key))
        text = f"\n{words}\n"
    if text:
        say(text)


@contextlib.contextmanager
def whole_lines(say: Say) -> Iterator[Say]:
    """Yield a function for pieces of text; `say` gets each complete line that is not empty."""
    rest = ""

    def hear(text: str) -> None:
        nonlocal rest
        *lines, rest = re.split(r"\r?\n|\r", rest + text)
        for line in filter(str.strip, lines):
            say(line)

    try:
        yield hear
    finally:
        hear("\n")
