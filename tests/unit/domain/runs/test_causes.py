"""Causes of runs as they are stored."""

from datetime import UTC, datetime

import msgspec
import pytest

from nbyard.domain.runs.origins import (
    Cause,
    ChangedFile,
    DatasetCause,
    FileCause,
    FireCause,
    RunCause,
    WebhookCause,
)

CAUSES: dict[str, Cause] = {
    "dataset": DatasetCause("d", "sea", "v", 3),
    "run": RunCause("r", 7, "train", "failed"),
    "file": FileCause([ChangedFile("/in/a", "created"), ChangedFile("/in/b", "modified")], 2),
    "webhook": WebhookCause("m", datetime(2026, 11, 26, tzinfo=UTC)),
    "notebook": FireCause("r"),
}


@pytest.mark.parametrize("cause", CAUSES.values(), ids=CAUSES)
def test_a_cause_survives_the_store(cause):
    assert msgspec.convert(msgspec.to_builtins(cause), Cause) == cause
    assert msgspec.json.decode(msgspec.json.encode(cause), type=Cause) == cause
