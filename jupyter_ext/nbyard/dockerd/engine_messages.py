"""Translates messages of an engine into errors of nbyard, and into readable lines."""

import contextlib
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from nbyard.errors import Conflict, NbyardError, NotFound
from nbyard.reasons.structs import Reason, because, text_reason

WANTS_TLS = "HTTP request to an HTTPS server"
DENIED = "Permission denied"
KNOWN = re.compile(
    f"No such file or directory|Connection refused|{DENIED}"
    r"|certificate verify failed: [\w ,-]+|(?<=alert )[a-z]+ certificate|certificate required"
)

Say = Callable[[str], None]


def refusal_error(status: int | None, message: str) -> NbyardError:
    """Return nbyard's error for a request that the engine refused with this status and message."""
    # Engines report both with status 500: while they remove a container, or when two clients
    # remove an image at once.
    if status == 404 or "no such container" in message or "unrecognized image ID" in message:
        return NotFound(because("text", text=message))
    if status == 409:
        return Conflict(because("text", text=message))
    return NbyardError(because("engine-refused", message=message))


def engine_message(error: NbyardError) -> str:
    """Return the engine's own message in an error, "" if the error comes from nbyard."""
    params = error.reason.params
    if error.reason.code in ("engine-refused", "build-refused"):
        return str(params["message"])
    return str(params["text"]) if error.reason.code == "text" else ""


def raise_refusal(answer: Any) -> None:
    """Raise the SDK's error if the engine has refused the request."""
    import docker.errors
    import requests

    try:
        answer.raise_for_status()
    except requests.exceptions.HTTPError as error:
        raise docker.errors.create_api_error_from_http_exception(error) from error


def innermost_message(error: BaseException) -> Reason:
    """Return the cause of a network error: the innermost of its nested messages."""
    text = str(error)
    if WANTS_TLS in text:
        return because("engine-wants-tls")
    known = KNOWN.search(text)
    if known and known.group() == DENIED:
        return because("permission-denied")
    if known:
        return because("text", text=known.group().lower())
    if "timed out" in text.lower():
        return because("no-answer-in-time")
    return because("text", text=text.splitlines()[0][:200] if text else type(error).__name__)


LOGIN, FULL = "registry-login-needed", "engine-file-system-full"
# Messages of engines about registries, and their codes.
REGISTRY_CODES = (
    (r"no such host|server misbehaving", "registry-unknown"),
    (r"connection refused", "registry-closed"),
    (r"i/o timeout|Client\.Timeout|deadline exceeded", "registry-silent"),
    (r"HTTP response to HTTPS client", "registry-without-tls"),
    (r"x509|certificate", "registry-not-trusted"),
    (
        r"unauthori[sz]ed|no basic auth credentials|authentication required|access.*denied",
        LOGIN,
    ),
    (r"manifest unknown|not found|name unknown|does not exist", "registry-without-image"),
    (r"no space left on device", FULL),
)


def registry_words(said: str, host: str, credential: str = "") -> Reason:
    """Return the reason for a registry's error, or the engine's message if the error is unknown.

    `credential` is the name of the credential with which nbyard logged in.
    """
    shown = text_reason(host) or because("public-registry")
    for form, code in REGISTRY_CODES:
        if not re.search(form, said, re.IGNORECASE):
            continue
        if code == FULL:
            return because(code)
        if code != LOGIN:
            return because(code, host=shown)
        if credential:
            return because("registry-login-refused", host=shown, credential=repr(credential))
        return because(code, host=shown, command=f"docker login {host}".strip())
    return because("text", text=said)


def pass_progress(line: Mapping[str, Any], say: Say, *, is_build: bool = False) -> None:
    """Call `say` with the text of a progress message. The text may be part of a line.

    Raises:
        NbyardError: The message reports an error.
    """
    if "error" in line:
        said = str(line["error"]).strip()
        if is_build:
            raise NbyardError(because("build-refused", message=said))
        raise NbyardError(because("text", text=said))
    text = line.get("stream")
    # Bars of progress arrive several times a second, and would fill the log.
    if text is None and "status" in line and "progress" not in line:
        status_text = " ".join(str(line[key]) for key in ("id", "status") if line.get(key))
        text = f"\n{status_text}\n"
    if text:
        say(text)


@contextlib.contextmanager
def whole_lines(say: Say) -> Iterator[Say]:
    """Yield a function that takes pieces of text.

    `say` is called with each line that is not empty.
    """
    rest = ""

    def feed(text: str) -> None:
        nonlocal rest
        *lines, rest = re.split(r"\r?\n|\r", rest + text)
        for line in filter(str.strip, lines):
            say(line)

    try:
        yield feed
    finally:
        feed("\n")
