"""Status of a deployment, derived from its revisions, and the texts that users see.

It also decides what follows when a revision ends.
"""

import shlex
from collections.abc import Mapping
from typing import Literal
from urllib.parse import urlsplit

import msgspec

from nbyard.domain.deployments.failure_line import last_words
from nbyard.domain.deployments.structs import Deployment, RevisionSpec, ServiceKind
from nbyard.domain.states import DeploymentState
from nbyard.errors import Unavailable

# ends in a row until a deployment has failed
TRIES = 3
# a longer life resets the count
STEADY_SECONDS = 60.0
MAX_BACKOFF_SECONDS, MAX_DOUBLINGS = 60.0, 10
HERE = ("localhost", "127.0.0.1", "::1")
# 128 plus the numbers of SIGKILL and SIGTERM
KILLED, TERMINATED = 137, 143
REASON_CHARS = 500
SILENT = "It does not answer"
BEING_BUILT = "Its image is being built."


Phase = Literal["pending", "alive", "over"]


class Standing(msgspec.Struct, frozen=True):
    """The state of one revision: it waits (*pending*), runs (*alive*) or is *over*.

    `alive` means that its container was requested. `answers` states whether its first port
    responds, `has_answered` whether it ever did since the last start. `says` is the service's
    own reason for not responding.
    """

    number: int
    phase: Phase
    answers: bool = False
    has_answered: bool = False
    reason: str = ""
    exit_code: int | None = None
    says: str = ""


class Ended(msgspec.Struct, frozen=True):
    """How a container ended. `error` is the message of the engine, `last` the end of its output.

    `lived_seconds` counts since its start. Without an exit code, the container was removed
    externally.
    """

    exit_code: int | None
    out_of_memory: bool = False
    error: str = ""
    last: str = ""
    lived_seconds: float = 0.0


def state_of(serving: int, standings: Mapping[int, Standing]) -> tuple[DeploymentState, str]:
    """Return the state of a wanted deployment, and the reason as text.

    The serving revision decides until it is over.
    """
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
    """Return what follows the end of a wanted container.

    An own command may complete. Other services must keep running.
    """
    if service == "own" and ended.exit_code == 0 and not ended.out_of_memory:
        return "completed"
    return "again" if restarts_then(ended, restarts) < TRIES else "failed"


def restarts_then(ended: Ended, restarts: int) -> int:
    """Return the number of ends in a row. A long enough life resets the count."""
    return 1 if ended.lived_seconds >= STEADY_SECONDS else restarts + 1


def backoff_seconds(restarts: int) -> float:
    """Return the seconds to wait before the next start."""
    return min(2.0 ** min(restarts - 1, MAX_DOUBLINGS), MAX_BACKOFF_SECONDS)


def words_of_end(ended: Ended, spec: RevisionSpec) -> str:
    """Return the reason why a container ended, for users."""
    if ended.out_of_memory:
        return f"It ran out of memory: it may have {spec.memory_gb:g} GB."
    if ended.error:
        return f"It could not be started: {ended.error[:REASON_CHARS]}"
    if ended.exit_code is None:
        return "Its container was removed by somebody else."
    told = f"It ended with exit code {ended.exit_code}"
    if ended.exit_code in (KILLED, TERMINATED):
        told += " (it was killed)"
    # a process killed with SIGKILL cannot print the reason
    last = "" if ended.exit_code == KILLED else last_words(ended.last)[:REASON_CHARS]
    return f"{told}: {last}" if last else f"{told}."


def sentence(words: str) -> str:
    """Add a full stop if another sentence is to follow."""
    return words if not words or words[-1] in ".!?…" else f"{words}."


def is_port_taken(message: str) -> bool:
    """Return whether an engine reports a port conflict. The next start uses another port."""
    lower = message.lower()
    return "address already in use" in lower or "port is already allocated" in lower


def words_of_start_error(message: str) -> str:
    """Explain an engine's error when it cannot start a container."""
    lower = message.lower()
    if is_port_taken(message):
        return f"A port is taken on the engine's machine: {message}"
    if "running hook" in lower or "running prestart hook" in lower:
        return f"A hook of the engine failed, such as the one that gives it GPUs: {message}"
    if "executable file not found" in lower or "no such file or directory" in lower:
        return f"Its command is not in the image: {message}"
    return message


def no_way_in(network: str, engine: str) -> str:
    """Return why a container would be unreachable, "" if it is reachable.

    Its ports are published on the engine's machine and requested on this one.
    """
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
    """Return why a revision cannot start after its image's name moved to another image."""
    return (
        f"{name} is another image by now, and the one that this revision was made of ({known}) is"
        " gone. Deploy it as a new one."
    )


def not_built(reason: str) -> str:
    """Return why a revision that waited for its image cannot start.

    Without a `reason`, somebody removed the image.
    """
    if not reason:
        return "Its image was removed before it was built."
    return f"Its image was not built: {reason}"


def never_answered(spec: RevisionSpec) -> str:
    """Return the reason for a service that runs but never responded."""
    port = spec.ports[0]
    return (
        f"It never answered at port {port.port} ({port.path}) within {spec.start_seconds:g} s;"
        " its log may tell why."
    )


def reproduce_pull(image: str, engine: str = "") -> str:
    """Return a shell command that pulls the image manually."""
    return shlex.join(["docker", *(["--host", engine] if engine else []), "pull", image])


def not_answering(found: Deployment) -> Unavailable:
    """Return the error for requests to a service that is stopped or does not respond."""
    words = f"{found.name} does not answer: it is {found.state}. {found.reason}".strip()
    if found.reason.startswith(SILENT) and found.reason != f"{SILENT}.":
        words = f"{found.name} {found.reason.removeprefix('It ')}"
    hint = f"nbyard deployments show {found.name} and log {found.name} tell more."
    return Unavailable(words.removesuffix(f" {SILENT}."), hint=hint)
