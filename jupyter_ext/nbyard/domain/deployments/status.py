"""How a deployment stands, read from its revisions; what follows when one comes to an end; and
what people are told of it."""

import shlex
from collections.abc import Mapping
from typing import Literal
from urllib.parse import urlsplit

import msgspec

from nbyard.domain.deployments.failure_line import last_words
from nbyard.domain.deployments.structs import Deployment, RevisionSpec, ServiceKind
from nbyard.domain.states import DeploymentState
from nbyard.errors import Unavailable

TRIES = 3
STEADY_SECONDS = 60.0
MAX_BACKOFF_SECONDS, MAX_DOUBLINGS = 60.0, 10
HERE = ("localhost", "127.0.0.1", "::1")
KILLED, TERMINATED = 137, 143
REASON_CHARS = 500
SILENT = "It does not answer"
BEING_BUILT = "Its image is being built."


Phase = Literal["pending", "alive", "over"]


class Standing(msgspec.Struct, frozen=True):
    """What one revision does: it waits (*pending*), its container was asked for (*alive*), or it
    is *over*; `answers` tells whether its first port does, `has_answered` whether it ever did since
    it was last started, `says` why it does not, in its own words."""

    number: int
    phase: Phase
    answers: bool = False
    has_answered: bool = False
    reason: str = ""
    exit_code: int | None = None
    says: str = ""


class Ended(msgspec.Struct, frozen=True):
    """How a container came to its end. `error` is what the engine says, `last` the end of what it
    printed; `lived_seconds` since it was started. Without an exit code it was removed by others."""

    exit_code: int | None
    out_of_memory: bool = False
    error: str = ""
    last: str = ""
    lived_seconds: float = 0.0


def state_of(serving: int, standings: Mapping[int, Standing]) -> tuple[DeploymentState, str]:
    """The state of a deployment that is wanted, and why in words. As long as the revision that
    answers is not over, it decides."""
    newest = standings[max(standings)]
    answering = standings.get(serving)
    if answering is not None and answering.phase != "over":
        return _state_with(answering, newest)
    if newest.phase == "over":
        has_completed = newest.exit_code == 0 and not newest.reason
        return ("completed", "") if has_completed else ("failed", newest.reason)
    return ("queued" if newest.phase == "pending" else "starting"), newest.reason


def _state_with(answering: Standing, newest: Standing) -> tuple[DeploymentState, str]:
    words = ""
    if newest.number != answering.number and newest.reason not in ("", BEING_BUILT):
        words = f"Revision {newest.number} did not take its place: {newest.reason}"
    if answering.phase == "alive" and answering.answers:
        return "running", words
    if answering.phase == "alive" and answering.has_answered:
        said = f": {answering.says}" if answering.says else ""
        return "down", f"{sentence(f'{SILENT}{said}')} {words}".strip()
    state: DeploymentState = "queued" if answering.phase == "pending" else "starting"
    return state, f"{sentence(answering.reason)} {words}".strip()


def after(
    ended: Ended, restarts: int, service: ServiceKind
) -> Literal["completed", "again", "failed"]:
    """What follows the end of a container that was wanted. A command of one's own may have done
    its work; what serves is never through."""
    if service == "own" and ended.exit_code == 0 and not ended.out_of_memory:
        return "completed"
    return "again" if restarts_then(ended, restarts) < TRIES else "failed"


def restarts_then(ended: Ended, restarts: int) -> int:
    """How many ends there were in a row; after a while of life the count begins anew."""
    return 1 if ended.lived_seconds >= STEADY_SECONDS else restarts + 1


def backoff_seconds(restarts: int) -> float:
    """How long to wait before the next start."""
    return min(2.0 ** min(restarts - 1, MAX_DOUBLINGS), MAX_BACKOFF_SECONDS)


def words_of_end(ended: Ended, spec: RevisionSpec) -> str:
    """Why it ended, for people."""
    if ended.out_of_memory:
        return f"It ran out of memory: it may have {spec.memory_gb:g} GB."
    if ended.error:
        return f"It could not be started: {ended.error[:REASON_CHARS]}"
    if ended.exit_code is None:
        return "Its container was removed by somebody else."
    told = f"It ended with exit code {ended.exit_code}"
    if ended.exit_code in (KILLED, TERMINATED):
        told += " (it was killed)"
    # who is killed with SIGKILL has no time to say why
    last = "" if ended.exit_code == KILLED else last_words(ended.last)[:REASON_CHARS]
    return f"{told}: {last}" if last else f"{told}."


def sentence(words: str) -> str:
    """With its full stop, for another sentence to follow."""
    return words if not words or words[-1] in ".!?…" else f"{words}."


def is_port_taken(message: str) -> bool:
    """Whether an engine says that; the next time it takes another port."""
    lower = message.lower()
    return "address already in use" in lower or "port is already allocated" in lower


def words_of_start_error(message: str) -> str:
    """What an engine says when it cannot start a container, for people."""
    lower = message.lower()
    if is_port_taken(message):
        return f"A port is taken on the engine's machine: {message}"
    if "running hook" in lower or "running prestart hook" in lower:
        return f"A hook of the engine failed, such as the one that gives it GPUs: {message}"
    if "executable file not found" in lower or "no such file or directory" in lower:
        return f"Its command is not in the image: {message}"
    return message


def no_way_in(network: str, engine: str) -> str:
    """Why nobody would reach a container: its ports are published on the engine's machine, and
    asked on this one; "" where they are found."""
    if network != "bridge":
        return (
            "The setting container_network lets nobody reach containers: a deployment needs"
            " `bridge`."
        )
    parts = urlsplit(engine)
    if parts.scheme in ("", "unix") or parts.hostname in HERE:
        return ""
    return (
        f"The engine at {engine} is on another machine, where the ports of a deployment cannot be"
        " reached. Set docker_host to an engine of this machine."
    )


def another_image(name: str, known: str) -> str:
    """Why a revision is not started with what its image's name means by now."""
    return (
        f"{name} is another image by now, and the one that this revision was made of ({known}) is"
        " gone. Deploy it as a new one."
    )


def not_built(reason: str) -> str:
    """Why a revision that waited for its image is not started; without a reason somebody removed
    the image."""
    if not reason:
        return "Its image was removed before it was built."
    return f"Its image was not built: {reason}"


def never_answered(spec: RevisionSpec) -> str:
    """It lives, and that is all."""
    port = spec.ports[0]
    return (
        f"It never answered at port {port.port} ({port.path}) within {spec.start_seconds:g} s;"
        " its log may tell why."
    )


def reproduce_pull(image: str, engine: str = "") -> str:
    """A command of a shell that fetches the image by hand."""
    return shlex.join(["docker", *(["--host", engine] if engine else []), "pull", image])


def not_answering(found: Deployment) -> Unavailable:
    """What whoever asks a service is told that does not run, or does not answer."""
    words = f"{found.name} does not answer: it is {found.state}. {found.reason}".strip()
    if found.reason.startswith(SILENT) and found.reason != f"{SILENT}.":
        words = f"{found.name} {found.reason.removeprefix('It ')}"
    hint = f"nbyard deployments show {found.name} and log {found.name} tell more."
    return Unavailable(words.removesuffix(f" {SILENT}."), hint=hint)
