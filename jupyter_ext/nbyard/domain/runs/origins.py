"""Origins of runs: who or what started them, from which event and which Git state."""

import re
from datetime import datetime
from typing import Literal, get_args

import msgspec

from nbyard.errors import Invalid

SHORT = 10
MOST_BRANCH = 250
# of SHA-1 or SHA-256
COMMIT = re.compile("[0-9a-f]{40}|[0-9a-f]{64}")
Change = Literal["created", "modified", "deleted"]
Ended = Literal["succeeded", "failed"]
# The origins that a client may name in its request. nbyard sets the others itself.
AskedOrigin = Literal["manual", "shell", "client", "magic", "notebook"]
# Runs that are kept out of history, and deleted automatically.
Scratch = Literal["check", "bisect"]
# A cached node that the nightly sample runs again.
Recheck = Literal["recheck"]
RECHECK: Recheck = "recheck"
OriginKind = Literal[AskedOrigin, "retry", "automation", "backfill", Scratch, Recheck]
# Runs of automations.
SOURCED: frozenset[OriginKind] = frozenset({"automation", "backfill"})
KINDS: tuple[OriginKind, ...] = get_args(OriginKind)
SCRATCH: frozenset[str] = frozenset(get_args(Scratch))


class GitState(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A commit and its branch, which may be empty. `is_dirty`: there were uncommitted changes."""

    commit: str
    branch: str = ""
    is_dirty: bool = False

    def check(self) -> None:
        """Check a state that a client sent.

        Raises:
            Invalid: `commit` is not the hash of a commit, or the branch is too long.
        """
        if not COMMIT.fullmatch(self.commit):
            raise Invalid.field("git.commit", "must be the full hash of a commit")
        if len(self.branch) > MOST_BRANCH or not self.branch.isprintable():
            raise Invalid.field("git.branch", f"may have at most {MOST_BRANCH} characters")

    def __str__(self) -> str:
        """Return `main 1a2b3c4d5e`, with `+ changes` for a dirty state."""
        changes = "+ changes" if self.is_dirty else ""
        return " ".join(filter(None, (self.branch, self.commit[:SHORT], changes)))


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


class Origin(msgspec.Struct, frozen=True):
    """The origin of a run. `id` is the ID of its automation, bisection, or retried or checked run.

    `due_at` is the due time of an automation; `backfill_id` is set if a backfill started the run.
    `cause` is the event that fired the automation. `chain` are the IDs of the automations that led
    to the run; the run of each one fired the next. `source_id` is the ID of the automation. A
    retry has due time, backfill, chain and source of the run that it repeats. `person`
    is the user who submitted the run; empty if no person did.
    """

    kind: OriginKind = "manual"
    id: str = ""
    due_at: datetime | None = None
    cause: Cause | None = None
    chain: list[str] = []
    backfill_id: str = ""
    source_id: str = ""
    person: str = ""
