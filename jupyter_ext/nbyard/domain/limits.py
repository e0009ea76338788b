"""What a node may use, how long it may take, and how often it is tried."""

from collections.abc import Iterator
from typing import Any, Literal, get_args

import msgspec

from nbyard.domain.cache_policy import UNREADABLE, read_policy

RetryKind = Literal["error", "exit-code", "timeout", "memory", "contract", "kernel-died"]
AMOUNTS = (
    *("cpu", "memory_bytes", "timeout_seconds"),
    *("queue_timeout_seconds", "silence_timeout_seconds"),
)
LOST_RETRIES = 2
MAX_RETRIES = 20
MAX_GPUS = 64
BACKOFF_SECONDS = 0.5
MAX_BACKOFF_SECONDS = 60.0


class Limits(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Limits and wishes; null means the default of where the node runs.

    `cache` says whether an earlier result is taken when nothing that the work reads changed: `true`
    or `"on"` (the default), `false` or `"off"`, or how old it may be, such as `"24 h"` (units: s,
    min, h, d). With `"bundle"` all files of the code count.

    `timeout_seconds` counts from the start of the work, `queue_timeout_seconds` while it waits for
    its turn, here and then on a cluster, `silence_timeout_seconds` since the work last wrote
    something or finished a cell. `retries` is how many more attempts follow a failure of one of the
    kinds `retry_on` (all of them when null). Attempts that were lost are counted apart: of those
    the first two at least are followed by another.
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
        """By name: what is said here, else there."""
        return {
            name: getattr(default, name) if getattr(self, name) is None else getattr(self, name)
            for name in Limits.__struct_fields__
        }

    @property
    def lost_retries(self) -> int:
        """How many attempts that were lost are followed by another."""
        return max(self.retries or 0, LOST_RETRIES)

    def tries_again(self, kind: str, attempt: int, lost: int) -> bool:
        """Whether a failure of that kind of the attempt of that number (from 1), before which so
        many were `lost`, is not the end."""
        if kind == "lost":
            return lost < self.lost_retries
        kinds = get_args(RetryKind) if self.retry_on is None else self.retry_on
        return kind in kinds and attempt - lost <= (self.retries or 0)


def wrong(limits: Limits) -> Iterator[tuple[str, str]]:
    """The fields that make no sense, each with the reason."""
    for name in AMOUNTS:
        amount = getattr(limits, name)
        if amount is not None and not 0 < amount < float("inf"):
            yield name, f"{name} must be more than 0"
    for name, most in (("gpu", MAX_GPUS), ("retries", MAX_RETRIES)):
        count = getattr(limits, name)
        if count is not None and not 0 <= count <= most:
            yield name, f"{name} must be from 0 to {most}"
    if read_policy(limits.cache) is None:
        yield "cache", UNREADABLE


def waited_too_long(limit: float) -> str:
    """The reason of whoever waited longer than so many seconds for its turn."""
    return f"waited longer than its limit of {limit:g} s in the queue"


def backoff_seconds(attempt: int, draw: float) -> float:
    """How long to wait after the attempt of that number: doubled each time, and spread by `draw`
    (0 to 1) so that what failed together does not come back together."""
    return min(BACKOFF_SECONDS * 2.0 ** (attempt - 1), MAX_BACKOFF_SECONDS) * (0.5 + draw)
