"""Events and causes in words."""

from datetime import UTC, datetime

import pytest

from nbyard.domain.automations.sentences import cause_reason, event_sentence
from nbyard.domain.automations.structs import OnDataset, OnFile, OnNotebook, OnRun, OnWebhook
from nbyard.domain.runs.origins import (
    ChangedFile,
    DatasetCause,
    FileCause,
    FireCause,
    RunCause,
    WebhookCause,
)


@pytest.mark.parametrize(
    ("on", "text"),
    [
        (OnDataset("sea"), "A version of dataset sea is ready"),
        (OnRun("a.nbflow"), "A run of a.nbflow succeeded"),
        (OnRun("a.nbflow", "failed"), "A run of a.nbflow failed"),
        (OnRun("a.nbflow", "either"), "A run of a.nbflow succeeded or failed"),
        (OnFile("flag"), "flag is created or modified"),
        (OnFile("in", "*.csv", ("deleted",)), "A file *.csv in in is deleted"),
        (OnWebhook(5), "A signed webhook arrives, at most 5 per minute"),
        (OnNotebook(), "A notebook or program fires it"),
    ],
)
def test_an_event_is_explained(on, text):
    assert str(event_sentence(on)) == text


FILES = [ChangedFile(f"/in/{name}", "created") for name in "abcd"]


@pytest.mark.parametrize(
    ("cause", "text"),
    [
        (DatasetCause("d", "sea", "v", 3), "version 3 of dataset sea"),
        (RunCause("r", 7, "train", "failed"), "run 7 of train failed"),
        (FileCause(FILES[:1], 1), "/in/a was created"),
        (FileCause(FILES[:2], 2), "/in/a was created; /in/b was created"),
        (
            FileCause(FILES, 12),
            "/in/a was created, /in/b was created, /in/c was created and 9 more files",
        ),
        (FileCause([], 0), "the watched files"),
        (WebhookCause("m1", datetime(2026, 1, 1, tzinfo=UTC)), "webhook message m1"),
        (FireCause(), "fired by a person or program"),
        (FireCause("r"), "fired by a run"),
    ],
)
def test_a_cause_is_named(cause, text):
    assert str(cause_reason(cause)) == text
