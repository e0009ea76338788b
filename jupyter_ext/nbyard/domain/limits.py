"""Limits of a node: resources, timeouts, cache policy, and whether a task is retried and when."""

from collections.abc import Iterator
from typing import Annotated, Any, Literal, get_args

import msgspec

from nbyard.domain.cache_policy import read_policy
from nbyard.domain.presentation import shown

RetryKind = Literal["error", "exit-code", "timeout", "memory", "contract", "kernel-died"]
AMOUNTS = (
    *("cpu", "memory_bytes", "timeout_seconds"),
    *("queue_timeout_seconds", "silence_timeout_seconds"),
)
# What a failure was, in the order of forms.
RETRY_LABELS: dict[str, str] = {
    "error": "an error",
    "exit-code": "an exit code",
    "timeout": "a time limit",
    "memory": "lack of memory",
    "contract": "a missing or invalid output",
    "kernel-died": "a kernel crash",
}
MAX_RETRIES = 20
SSH_PORT = 22  # browsers refuse it, and another program listens there
MAX_GPUS = 64
# a minimum: the task did not cause the loss
LOST_RETRIES = 2
BACKOFF_SECONDS = 0.5
MAX_BACKOFF_SECONDS = 60.0


class Limits(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Limits and requested resources. Null means the default of where the node runs.

    `cache` states whether an earlier result is used if nothing that the task read changed.
    Values are `true` or `"on"` (the default), `false` or `"off"`, or a maximum age such as `"24
    h"` (units: s, min, h, d). With `"bundle"`, all files of the code count.

    `timeout_seconds` counts from the start of the task. `queue_timeout_seconds` counts while it
    is queued, here and then on a cluster. `silence_timeout_seconds` counts since the task last
    wrote output or finished a cell. `retries` is the number of further attempts after a failure
    of a kind in `retry_on` (all kinds if null). Lost attempts are counted separately: at least
    the first two are retried.
    """

    cpu: Annotated[float | None, shown("CPUs", option="", order=2)] = None
    memory_bytes: Annotated[int | None, shown("Memory", option="", order=4, widget="size")] = None
    gpu: Annotated[int | None, shown("GPUs", option="", order=3)] = None
    timeout_seconds: Annotated[
        float | None, shown("Timeout (seconds)", option="", order=5, more=True)
    ] = None
    queue_timeout_seconds: Annotated[
        float | None, shown("Give up queueing after (seconds)", option="", order=7, more=True)
    ] = None
    silence_timeout_seconds: Annotated[
        float | None,
        shown(
            "Stop if silent for (seconds)",
            "Time since the last log line or finished cell.",
            option="",
            order=6,
            more=True,
        ),
    ] = None
    retries: Annotated[
        int | None,
        shown(
            "Retries",
            "Retries after a failure. Lost attempts are always retried.",
            option="",
            order=8,
            more=True,
        ),
    ] = None
    retry_on: Annotated[
        tuple[RetryKind, ...] | None,
        shown("Retry after", option="", order=9, more=True, labels=RETRY_LABELS),
    ] = None
    cache: bool | str | None = None

    def over(self, default: "Limits") -> dict[str, Any]:
        """Return the limits by name, with defaults for unset ones."""
        return {
            name: getattr(default, name) if getattr(self, name) is None else getattr(self, name)
            for name in Limits.__struct_fields__
        }


def invalid_limits(limits: Limits) -> Iterator[tuple[str, str]]:
    """Yield the invalid fields, each with the reason."""
    for name in AMOUNTS:
        amount = getattr(limits, name)
        if amount is not None and not 0 < amount < float("inf"):
            yield name, f"{name} must be more than 0"
    for name, most in (("gpu", MAX_GPUS), ("retries", MAX_RETRIES)):
        count = getattr(limits, name)
        if count is not None and not 0 <= count <= most:
            yield name, f"{name} must be from 0 to {most}"
    if read_policy(limits.cache) is None:
        yield "cache", "cache must be on, bundle, off or an age such as 24 h (units: s, min, h, d)"


def lost_retries(limits: Limits) -> int:
    """Return how many lost attempts of a task are retried."""
    return max(limits.retries or 0, LOST_RETRIES)


def is_retried(limits: Limits, kind: str, attempt: int, lost: int) -> bool:
    """Return whether another attempt follows a failed or lost one.

    `kind` is a `RetryKind` or `lost`; other kinds are never retried. `attempt` is the number of the
    failed attempt, from 1. `lost` counts the attempts before it that were lost.
    """
    if kind == "lost":
        return lost < lost_retries(limits)
    kinds = get_args(RetryKind) if limits.retry_on is None else limits.retry_on
    # Lost attempts do not use up the retries after failures.
    return kind in kinds and attempt - lost <= (limits.retries or 0)


def backoff_seconds(attempt: int, draw: float) -> float:
    """Return the seconds to wait after attempt number `attempt` (from 1), doubled each time.

    `draw` is a random number from 0 to 1. It spreads the retries of tasks that failed together.
    """
    return min(BACKOFF_SECONDS * 2.0 ** (attempt - 1), MAX_BACKOFF_SECONDS) * (0.5 + draw)
