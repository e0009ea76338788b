"""Translate messages of an engine into our errors and into readable lines."""

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
    """Return our error for a refusal of the engine."""
    # Engines report both with status 500: while they remove a container, or when two clients
    # remove an image at once.
    if status == 404 or "no such container" in message or "unrecognized image ID" in message:
        return NotFound(because("text", text=message))
    if status == 409:
        return Conflict(because("text", text=message))
    return NbyardError(because("engine-refused", message=message))


def engine_message(error: NbyardError) -> str:
    """Return the engine's own message in an error; empty for an error of nbyard."""
    params = error.reason.params
    if error.reason.code in ("engine-refused", "build-refused"):
        return str(params["message"])
    return str(params["text"]) if error.reason.code == "text" else ""


def raise_refusal(answer: Any) -> None:
    """Raise Docker's error for a refused request."""
    import docker.errors
    import requests

    try:
        answer.raise_for_status()
    except requests.exceptions.HTTPError as error:
        raise docker.errors.create_api_error_from_http_exception(error) from error


def innermost_message(error: BaseException) -> Reason:
    """Return the last part of a nested network error, which says most."""
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
    """Return a registry error in plain words, or the engine's message if it is unknown.

    `credential` names the credential whose login the registry received.
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
    """Pass the text of a progress message to `say`; program output may be a partial line.

    Raises:
        NbyardError: the message is an error.
    """
    if "error" in line:
        said = str(line["error"]).strip()
        if is_build:
            raise NbyardError(because("build-refused", message=said))
        raise NbyardError(because("text", text=said))
    text = line.get("stream")
    if text is None and "status" in line and "progress" not in line:
        status_text = " ".join(str(line[key]) for key in ("id", "status") if line.get(key))
        text = f"\n{status_text}\n"
    if text:
        say(text)


@contextlib.contextmanager
def whole_lines(say: Say) -> Iterator[Say]:
    """Yield a function for pieces of text; `say` gets each complete line that is not empty."""
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
