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

ALL = (
    DatasetCause("d", "sea", "v", 3),
    RunCause("r", 7, "train", "failed"),
    FileCause([ChangedFile("/in/a.csv", "created")], 1),
    WebhookCause("msg_1", datetime(2026, 11, 26, tzinfo=UTC)),
    FireCause("r"),
)


@pytest.mark.parametrize("cause", ALL, ids=lambda one: type(one).__name__)
def test_a_cause_survives_the_store(cause):
    assert msgspec.convert(msgspec.to_builtins(cause), Cause) == cause
    assert msgspec.json.decode(msgspec.json.encode(cause), type=Cause) == cause
