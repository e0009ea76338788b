"""Limits: what is inherited, and what makes sense."""

import pytest

from nbyard.domain.limits import Limits, invalid_limits


def test_omitted_limits_are_inherited():
    own, default = Limits(cpu=1, retries=0), Limits(cpu=4, gpu=1, retries=3)
    assert Limits(**own.over(default)) == Limits(cpu=1, gpu=1, retries=0)


@pytest.mark.parametrize(
    ("limits", "fields"),
    [
        (Limits(), []),
        (Limits(cpu=0), ["cpu"]),
        (Limits(cpu=float("nan")), ["cpu"]),
        (Limits(memory_bytes=-1, timeout_seconds=0), ["memory_bytes", "timeout_seconds"]),
        (Limits(silence_timeout_seconds=float("inf")), ["silence_timeout_seconds"]),
        (Limits(queue_timeout_seconds=0), ["queue_timeout_seconds"]),
        (Limits(gpu=-1, retries=21), ["gpu", "retries"]),
        (Limits(gpu=0, retries=0), []),
        (Limits(cache="2 h"), []),
        (Limits(cache="sometimes"), ["cache"]),
    ],
)
def test_invalid_limits_are_named(limits: Limits, fields: list[str]):
    assert [field for field, _ in invalid_limits(limits)] == fields
