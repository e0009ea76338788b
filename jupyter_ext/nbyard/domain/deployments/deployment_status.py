"""Status of a deployment, derived from its revisions, and the reasons for it.

It also decides what follows when a revision ends.
"""

import re
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Literal
from urllib.parse import urlsplit

import msgspec

from nbyard.domain.deployments.structs import Deployment, Revision, RevisionSpec, ServiceKind
from nbyard.domain.state_machines import DEPLOYMENT, DeploymentState
from nbyard.errors import Unavailable
from nbyard.reasons.structs import Reason, because, joined

# ends in a row until a deployment has failed
TRIES = 3
# a longer life resets the count
STEADY_SECONDS = 60.0
MAX_RESTART_DELAY_SECONDS, MAX_DOUBLINGS = 60.0, 10
HERE = ("localhost", "127.0.0.1", "::1")
# 128 plus the numbers of SIGKILL and SIGTERM
KILLED, TERMINATED = 137, 143
REASON_CHARS = 500
# codes of reasons that are compared
WAITS_FOR_BUILD = "waits-for-build"
SILENT, SILENT_BECAUSE = "service-silent", "service-silent-because"


Phase = Literal["pending", "alive", "over"]
LEVELS = "TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|CRITICAL|FATAL"
# log formats: "2026-01-31 12:00:00 app INFO …", "info: …", "level=info …", "[I 2026-01-31 … App]"
LEVEL = (
    re.compile(rf".*?\b({LEVELS})\b"),
    re.compile(rf"\W*({LEVELS})[:\]]", re.IGNORECASE),
    re.compile(rf'.*?\b(?:level|severity|lvl)"?\s*[=:]\s*"?({LEVELS})\b', re.IGNORECASE),
    re.compile(r"\[([DIW]) \d"),
)
CALM = {"TRACE", "DEBUG", "INFO", "NOTICE", "WARN", "WARNING", "D", "I", "W"}
# The level is at the beginning of a line. Later words may belong to the message.
LEVEL_CHARS = 120
MOMENT = re.compile(r"\[?\d{4}-\d\d-\d\d[T ][\d:.,]+(?:Z|[+-]\d\d:?\d\d)?\]?\s+")
# answered requests: in an access log, or with an error that ended only the request
ASKED = re.compile(r'"(GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS) [^"]* HTTP/[0-9.]+"')
STAYED = ("a request failed", "Exception in ASGI application", "Exception on /")
TRACEBACK = "Traceback (most recent call last):"
CHAINED = ("During handling of the above exception", "The above exception was the direct cause")
RAISED = re.compile(r"Error in .|(Exception in thread .*|panic|[\w.]*(Error|Exception)): ")
FRAME = re.compile(r"\s+at .")  # stack frames of Java and JavaScript
NOTHING = re.compile(
    r"Execution halted|Node\.js v[\d.]+|\^+|Extension modules: .*"
    r"|(Current thread|Thread) 0x[0-9a-f]+ .*\(most recent call first\):"
)
# Python's faulthandler ends a process whose native code does not return, and lists its threads.
MODEL_CODE = "micro_batches.py"  # of the serving code, which calls the model in its thread
HUNG = re.compile(r"Timeout \(([\d:.]+)\)!")
LAST_LINES = 10  # the program survived whatever earlier lines report
MAX_AFTER = 3  # relevant lines that may follow the exception


class RevisionStatus(msgspec.Struct, frozen=True):
    """The state of one revision: it waits (*pending*), runs (*alive*) or is *over*.

    `alive` means that its container was requested. `answers` states whether its first port
    responds, `has_answered` whether it ever did since the last start. `says` is the service's
    own reason for not responding.
    """

    number: int
    phase: Phase
    answers: bool = False
    has_answered: bool = False
    reason: Reason | None = None
    exit_code: int | None = None
    says: str = ""


class Ended(msgspec.Struct, frozen=True):
    """How a container ended. `error` is the message of the engine, `last` the end of its output.

    `lived_seconds` counts since its start. Without an exit code, the engine did not see the exit;
    without a life, the container was removed externally.
    """

    exit_code: int | None
    out_of_memory: bool = False
    error: str = ""
    last: str = ""
    lived_seconds: float = 0.0


def state_of(
    serving: int, statuses: Mapping[int, RevisionStatus], *, is_leaving: bool = False
) -> tuple[DeploymentState, Reason | None]:
    """Return the state of a wanted deployment, and the reason for it.

    `serving` is the number of the serving revision, `statuses` are by number. The serving revision
    decides until it is over. With `is_leaving`, a replaced revision still has its container, so the
    deployment does not rest yet.
    """
    newest = statuses[max(statuses)]
    answering = statuses.get(serving)
    if answering is None or answering.phase == "over":
        if newest.phase == "over" and not is_leaving:
            has_completed = newest.exit_code == 0 and newest.reason is None
            return ("completed", None) if has_completed else ("failed", newest.reason)
        return ("queued" if newest.phase == "pending" else "starting"), newest.reason
    failed = None
    is_other = newest.number != answering.number
    if is_other and newest.reason is not None and not waits_for_build(newest.reason):
        failed = because("no-takeover", number=newest.number, cause=newest.reason)
    if answering.phase == "alive" and answering.answers:
        return "running", failed
    if answering.phase == "alive" and answering.has_answered:
        says = answering.says
        silent = because(SILENT_BECAUSE, message=says) if says else because(SILENT)
        return "down", joined([silent, failed])
    state: DeploymentState = "queued" if answering.phase == "pending" else "starting"
    return state, joined([answering.reason, failed])


def waits_for_build(reason: Reason | None) -> bool:
    """Return whether the reason is an image that is being built."""
    return reason is not None and reason.code == WAITS_FOR_BUILD


def state_after_end(
    ended: Ended, restarts: int, service: ServiceKind
) -> Literal["completed", "again", "failed"]:
    """Return what follows when the container of a wanted revision ends.

    `again` means that the container is started again. Only an own command may complete. `restarts`
    counts the ends in a row before this one.
    """
    if service == "own" and ended.exit_code == 0 and not ended.out_of_memory:
        return "completed"
    return "again" if restarts_then(ended, restarts) < TRIES else "failed"


def restarts_then(ended: Ended, restarts: int) -> int:
    """Return the number of ends in a row, including this one.

    `restarts` is the number before it. The count starts again after a life of a minute.
    """
    return 1 if ended.lived_seconds >= STEADY_SECONDS else restarts + 1


def restart_delay_seconds(restarts: int) -> float:
    """Return the seconds to wait before the next start.

    The delay doubles with each end in a row, up to a minute.
    """
    # Without a bound, the power of a large count would raise OverflowError.
    return min(2.0 ** min(restarts - 1, MAX_DOUBLINGS), MAX_RESTART_DELAY_SECONDS)


def end_reason(ended: Ended, spec: RevisionSpec) -> Reason:
    """Return the reason why a container ended."""
    if ended.out_of_memory:
        return because("service-out-of-memory", memory_gb=spec.memory_gb)
    if ended.error:
        message = ended.error[:REASON_CHARS]
        cause = start_failure(message) or because("text", text=message)
        return because("service-not-started", cause=cause)
    if ended.exit_code is None:
        return because("container-exit-unknown" if ended.lived_seconds else "container-removed")
    was_killed = ended.exit_code in (KILLED, TERMINATED)
    # a process killed with SIGKILL cannot print the reason; with code 0, no line is one
    last = "" if ended.exit_code in (0, KILLED) else failure_line(ended.last)[:REASON_CHARS]
    if last:
        code = "service-killed-after" if was_killed else "service-ended-after"
        return because(code, exit_code=ended.exit_code, last=last)
    code = "service-killed" if was_killed else "service-ended"
    return because(code, exit_code=ended.exit_code)


def is_port_taken(message: str) -> bool:
    """Return whether an engine reports a port conflict. The next start uses another port."""
    lower = message.lower()
    return "address already in use" in lower or "port is already allocated" in lower


def start_failure(message: str) -> Reason | None:
    """Return the known failure that an engine reports when it cannot start a container."""
    lower = message.lower()
    if is_port_taken(message):
        return because("port-taken", message=message)
    # NVIDIA's hook adds the GPUs. Its message may contain the words of the next check, too.
    if "running hook" in lower or "running prestart hook" in lower:
        return because("hook-failed", message=message)
    if "executable file not found" in lower or "no such file or directory" in lower:
        return because("command-missing", message=message)
    return None


def no_way_in(network: str, engine: str, ways: Sequence[str] = ("bridge",)) -> Reason | None:
    """Return why nbyard could not reach a container, or None.

    The engine at the address `engine` publishes ports on its own machine. nbyard requests them on
    this one. `ways` are the networks that this machine reaches.
    """
    if network not in ways:
        return because("network-closed", network=network)
    parts = urlsplit(engine)
    if parts.scheme in ("", "unix") or parts.hostname in HERE:
        return None
    return because("engine-elsewhere", engine=engine)


def another_image(name: str, known: str) -> str:
    """Return why a revision cannot start if its image's name moved.

    The name now belongs to another image than the `known` one.
    """
    return (
        f"The name {name} now refers to another image. The image of this revision ({known}) no"
        " longer exists. Deploy a new revision."
    )


def not_built(cause: Reason | None) -> Reason:
    """Return why a revision that waited for its image cannot start.

    Without the `cause` of a failed build, somebody removed the image.
    """
    return because("image-removed") if cause is None else because("build-failed", cause=cause)


def never_answered(spec: RevisionSpec) -> Reason:
    """Return the reason for a running service without a response."""
    port, seconds = spec.ports[0], spec.start_seconds
    return because("service-never-answered", port=port.port, path=port.path, seconds=seconds)


def reproduce_pull(image: str, engine: str = "") -> str:
    """Return a shell command that pulls the image manually."""
    return shlex.join(["docker", *(["--host", engine] if engine else []), "pull", image])


def not_answering_error(deployment: Deployment) -> Unavailable:
    """Return the error for requests to a service that is stopped or does not respond."""
    reason, name, state = deployment.reason, deployment.name, str(deployment.state)
    if reason is not None and reason.code == SILENT_BECAUSE:
        message = str(reason.params["message"]).removesuffix(".")
        why = f"{name} does not respond: {message}."
    elif reason is None or reason.code == SILENT:
        why = f"{name} does not respond: it is {state}."
    else:
        cause = str(reason).removesuffix(".")
        why = f"{name} does not respond: it is {state} ({cause})."
    hint = (
        f"nbyard deployments show {deployment.name} and nbyard deployments log {deployment.name}"
        " show why."
    )
    return Unavailable(why, hint=hint)


def failure_line(text: str) -> str:
    """Return the line of an output that explains why a program ended.

    Return "" if there is none.
    """
    lines = [line for line in text.splitlines() if line.strip()]
    hung = [place for place, line in enumerate(lines) if HUNG.fullmatch(line)]
    dump = lines[hung[-1] :] if hung else []
    # A program that prints further lines has survived the timeout.
    if dump and all(line[0].isspace() or NOTHING.fullmatch(line.strip()) for line in dump[1:]):
        return line_of_timeout(dump)
    # A program that answered a request has survived the errors before it.
    asked = [place for place, line in enumerate(lines) if ASKED.search(line)]
    weighed = [*_weighted_lines(lines[asked[-1] + 1 :] if asked else lines)]
    telling = [(line, weight) for line, weight in weighed[-LAST_LINES:] if weight]
    for line, weight in reversed(telling[-1 - MAX_AFTER :]):
        if weight > 1:
            return MOMENT.sub("", line, count=1)
    return MOMENT.sub("", telling[-1][0], count=1) if telling else ""


def line_of_timeout(lines: Sequence[str]) -> str:
    """Return the timeout of faulthandler with the innermost code of the thread that hung.

    That is the thread of the model, or else the last one, which is the main thread.
    """
    threads: list[list[str]] = []
    for line in lines:
        if line[0].isspace() and threads:
            threads[-1].append(line.strip())
        elif NOTHING.fullmatch(line):
            threads.append([])
    with_frames = [frames for frames in threads if frames] or [[""]]
    models = [frames for frames in with_frames if MODEL_CODE in "".join(frames)]
    return f"{lines[0]} {(models or with_frames)[-1][0]}".strip()


def _weighted_lines(lines: Sequence[str]) -> Iterator[tuple[str, int]]:
    """Yield the lines that are not indented, with their weight.

    The weight is 0 for irrelevant lines, 1 for relevant ones and 2 for the exception.
    """
    is_inside = has_stayed = False
    for place, line in enumerate(lines):
        if TRACEBACK in line:
            before = lines[place - 1] if place else ""
            # a chained traceback belongs to the error before it
            if not before.startswith(CHAINED):
                has_stayed = any(phrase in before for phrase in STAYED)
            is_inside = True
        # Frames of a traceback and lines of source are indented.
        elif line[0].isspace():
            continue
        elif is_inside:
            yield line, 0 if has_stayed else 2
            is_inside = False
        else:
            levels = (match[1] for pattern in LEVEL if (match := pattern.match(line[:LEVEL_CHARS])))
            is_calm = (
                next(levels, "").upper() in CALM
                or line.startswith(CHAINED)
                or NOTHING.fullmatch(line.strip())
                or HUNG.fullmatch(line)
                or any(phrase in line for phrase in STAYED)
            )
            following = lines[place + 1] if place + 1 < len(lines) else ""
            is_exception = RAISED.match(line) or FRAME.match(following)
            yield line, 0 if is_calm else 2 if is_exception else 1


def is_settled(made: Deployment, newest: Callable[[], Revision]) -> bool:
    """Return whether the newest revision responds, or will never respond.

    `made` is the present state of the deployment. `newest` returns the newest revision. It is
    called only while an older one responds.
    """
    if made.state != "running":
        return made.state in DEPLOYMENT.rests
    if made.serving == made.revision:
        return True
    # A reason alone may also mean that the revision still waits or is tried again.
    revision = newest()
    return revision.ended_at is not None and (revision.reason is None or made.reason is not None)
