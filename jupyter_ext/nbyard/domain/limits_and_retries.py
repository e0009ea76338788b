"""Limits of a node (resources, timeouts, cache policy), and when an attempt is retried."""

from collections.abc import Iterator
from typing import Any, Literal, get_args

import msgspec

from nbyard.domain.cache_policy import read_policy
from nbyard.reasons.structs import Reason, because

RetryKind = Literal["error", "exit-code", "timeout", "memory", "contract", "kernel-died"]
AMOUNTS = (
    *("cpu", "memory_bytes", "timeout_seconds"),
    *("queue_timeout_seconds", "silence_timeout_seconds"),
)
# a minimum: the task did not cause the loss
LOST_RETRIES = 2
MAX_RETRIES = 20
MAX_GPUS = 64
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

    cpu: float | None = None
    memory_bytes: int | None = None
    gpu: int | None = None
    timeout_seconds: float | None = None
    queue_timeout_seconds: float | None = None
    silence_timeout_seconds: float | None = None
    retries: int | None = None
    retry_on: tuple[RetryKind, ...] | None = None
    cache: bool | str | None = None

    def over(self, default: "Limits") -> dict[str, Any]:
        """Return the limits by name, with defaults for unset ones."""
        return {
            name: getattr(default, name) if getattr(self, name) is None else getattr(self, name)
            for name in Limits.__struct_fields__
        }

    @property
    def lost_retries(self) -> int:
        """Return how many lost attempts are retried."""
        return max(self.retries or 0, LOST_RETRIES)

    def tries_again(self, kind: str, attempt: int, lost: int) -> bool:
        """Return whether an attempt is retried after a failure of that kind.

        `attempt` counts from 1, and `lost` of the attempts before it were lost.
        """
        if kind == "lost":
            return lost < self.lost_retries
        kinds = get_args(RetryKind) if self.retry_on is None else self.retry_on
        return kind in kinds and attempt - lost <= (self.retries or 0)


def wrong(limits: Limits) -> Iterator[tuple[str, Reason]]:
    """Yield the invalid fields, each with the reason."""
    for name in AMOUNTS:
        amount = getattr(limits, name)
        if amount is not None and not 0 < amount < float("inf"):
            yield name, because("limit-not-positive", limit=name)
    for name, most in (("gpu", MAX_GPUS), ("retries", MAX_RETRIES)):
        count = getattr(limits, name)
        if count is not None and not 0 <= count <= most:
            yield name, because("limit-out-of-range", limit=name, most=most)
    if read_policy(limits.cache) is None:
        yield "cache", because("cache-policy-unreadable")


def backoff_seconds(attempt: int, draw: float) -> float:
    """Return the seconds to wait after an attempt, doubled each time.

    `draw` (0 to 1) spreads the retries, so that tasks that failed together do not return
    together.
    """
    return min(BACKOFF_SECONDS * 2.0 ** (attempt - 1), MAX_BACKOFF_SECONDS) * (0.5 + draw)
