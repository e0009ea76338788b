"""Limits of a node: resources, timeouts, retries and cache policy."""

from collections.abc import Iterator
from typing import Any, Literal

import msgspec

from nbyard.domain.cache_policy import read_policy

RetryKind = Literal["error", "exit-code", "timeout", "memory", "contract", "kernel-died"]
AMOUNTS = (
    *("cpu", "memory_bytes", "timeout_seconds"),
    *("queue_timeout_seconds", "silence_timeout_seconds"),
)
MAX_RETRIES = 20
SSH_PORT = 22  # browsers refuse it, and another program listens there
MAX_GPUS = 64


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
