"""Causes of runs: the event that made an automation start a run."""

from datetime import datetime
from typing import Literal

import msgspec

Change = Literal["created", "modified", "deleted"]
Ended = Literal["succeeded", "failed"]


class DatasetCause(msgspec.Struct, frozen=True, tag="dataset", tag_field="kind"):
    """A version of a dataset became ready. `dataset` is the name of the dataset at that time."""

    dataset_id: str
    dataset: str
    version_id: str
    version: int


class RunCause(msgspec.Struct, frozen=True, tag="run", tag_field="kind"):
    """A run of a workflow, notebook or script ended."""

    run_id: str
    number: int
    title: str
    state: Ended


class ChangedFile(msgspec.Struct, frozen=True):
    """A file that was created, modified or deleted. `path` is the real path."""

    path: str
    change: Change


class FileCause(msgspec.Struct, frozen=True, tag="file", tag_field="kind"):
    """Files changed. `count` is their number, `files` are the first of them."""

    files: list[ChangedFile]
    count: int


class WebhookCause(msgspec.Struct, frozen=True, tag="webhook", tag_field="kind"):
    """A signed message arrived. Its sender set `webhook_id` and `sent_at`."""

    webhook_id: str
    sent_at: datetime


class FireCause(msgspec.Struct, frozen=True, tag="fire", tag_field="kind"):
    """A notebook, a program or a person fired the automation.

    `run_id` is the run in which the code fired it, empty outside of runs.
    """

    run_id: str = ""


Cause = DatasetCause | RunCause | FileCause | WebhookCause | FireCause
