"""Finds which finished runs are protected, and deletes runs with their folders and bytes."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from nbyard.attempts import folders
from nbyard.blobs import Blobs
from nbyard.domain.runs.clean_up import CleanUpPreview, CleanUpRules, FinishedRun, shown_choice
from nbyard.domain.runs.structs import Run
from nbyard.domain.state_machines import RUN
from nbyard.domain.workflows.structs import read_document
from nbyard.errors import NbyardError, NotFound
from nbyard.host.project_files import DOCUMENT, MAX_DOCUMENT
from nbyard.reasons.structs import Reason, because

if TYPE_CHECKING:
    from nbyard.store import Connection, Store

Write = Callable[[], AbstractContextManager["Connection"]]
# The runs to delete, and those that are protected.
Choice = tuple[Sequence[FinishedRun], Sequence[FinishedRun]]
# Other writers wait for a transaction.
RUNS_AT_ONCE = 20


def finished_runs(
    store: Store,
    c: Connection,
    owner: str,
    rules: Sequence[CleanUpRules],
    documents: Iterable[Path] = (),
) -> list[FinishedRun]:
    """Return the owner's finished runs with what protects them.

    Rules then select among them. Saved workflows may protect runs: those that have run before are
    read, and `documents`.
    """
    # Only rules with a size need the outputs, which are most of the rows.
    is_sized = any(rule.max_bytes is not None for rule in rules)
    runs = store.clean_ups.finished_runs(c, owner, with_outputs=is_sized, until=_until(rules))
    protection: dict[str, Reason] = {}
    # Pins of workflows as they last ran, and as they are saved.
    versions = store.clean_ups.newest_documents(c, owner)
    for path in {*versions, *map(str, documents)}:
        nodes = versions.get(path, {}).get("nodes", {})
        pins = [(name, node["pin"]["run"]) for name, node in nodes.items() if node.get("pin")]
        for node, run_id in (*pins, *_saved_pins(Path(path))):
            protection[run_id] = because("result-pinned", workflow=Path(path).name, node=node)
    for run_id, name in store.clean_ups.deployments_by_run(c, owner).items():
        protection[run_id] = because("model-deployed", name=name)
    for run_id in store.bisections.compared(c, owner):
        protection[run_id] = because("run-is-bisected")
    for run in runs.values():
        if run.name:
            code = "run-has-name" if run.path.endswith(DOCUMENT) else "has-name"
            protection[run.id] = because(code, name=run.name)
    # Last, because the decision of the user replaces other reasons.
    for run_id in store.clean_ups.kept_ids(c, owner):
        protection[run_id] = because("kept-by-user")
    for run_id in protection.keys() & runs.keys():
        runs[run_id] = msgspec.structs.replace(runs[run_id], protection=protection[run_id])
    return [*runs.values()]


def _until(rules: Sequence[CleanUpRules]) -> datetime | None:
    """Return the time after which no run can match the rules, None if all runs can."""
    now = datetime.now(UTC)
    days = [
        rule.older_than_days
        for rule in rules
        if rule.older_than_days is not None and rule.keep is None and rule.max_bytes is None
    ]
    # Rules that keep a number or a size count all runs.
    return now - timedelta(days=min(days)) if days and len(days) == len(rules) else None


def _saved_pins(path: Path) -> Iterator[tuple[str, str]]:
    try:
        if path.stat().st_size > MAX_DOCUMENT:
            return
        document = read_document(path.read_bytes())
    except (OSError, NbyardError):  # the version that ran last counts
        return
    for name, node in document.nodes.items():
        if node.pin:
            yield name, node.pin.run


def preview_of(
    store: Store, blobs: Blobs, doomed: Sequence[FinishedRun], protected: Sequence[FinishedRun]
) -> CleanUpPreview:
    """Return what the deletion of the runs in `doomed` would free."""
    return previews_of(store, blobs, [(doomed, protected)])[0]


def previews_of(store: Store, blobs: Blobs, choices: Sequence[Choice]) -> list[CleanUpPreview]:
    """Return what each choice would free, if the runs of earlier choices are deleted first."""
    groups = [[run.id for run in doomed] for doomed, _ in choices]
    records: list[set[str]] = [set() for _ in groups]
    digests, named = records, set[str]()
    if any(groups):
        with store.read() as c:
            digests, named = store.clean_ups.digests(c, groups)
            records = store.clean_ups.attempt_folders(c, groups)
        # Between the transactions, because files may be slow.
        wanted = _with_members(blobs, set().union(*digests))
        with store.read() as c:
            named |= store.clean_ups.digests_of_other_runs(c, groups, wanted)
            named |= store.digests_outside_runs(c)
    # What other rows name stays, whatever is deleted.
    left = _with_members(blobs, named)
    base = folders.attempt_folder_of(store.folder, "")
    previews = []
    # From the last choice back: each frees what neither other rows nor later choices refer to.
    for (doomed, protected), own, names in [*zip(choices, digests, records, strict=True)][::-1]:
        freed = _with_members(blobs, own) - left
        left |= freed
        freed_bytes = sum(_size(blobs, digest) for digest in freed)
        record_bytes = sum(folders.folder_bytes(f"{base}/{name}") for name in names)
        previews.append(shown_choice(doomed, protected, freed_bytes, record_bytes))
    return previews[::-1]


def remove_runs(
    store: Store, owner: str, doomed: Sequence[FinishedRun], write: Write | None = None
) -> int:
    """Delete these runs. Return their number.

    Runs that their owner has kept or named meanwhile stay. `write` opens a transaction, by default
    one of the store.
    """
    count = 0
    for start in range(0, len(doomed), RUNS_AT_ONCE):
        names: set[str] = set()
        with (write or store.write)() as c:
            kept = store.clean_ups.kept_ids(c, owner)
            for finished in doomed[start : start + RUNS_AT_ONCE]:
                run = store.runs.by_id(c, finished.id)
                if run is None or run.name or run.id in kept or run.state not in RUN.terminal:
                    continue
                names |= remove_run(store, c, run)
                count += 1
        # After the commit: if this process is killed here, the next dispatcher deletes them.
        remove_records(store, names)
    return count


def remove_run(store: Store, c: Connection, run: Run) -> set[str]:
    """Delete the rows of a finished run. Return the names of its folders.

    Blobs without references are deleted soon after.
    """
    attempts = store.attempts.views(c, run.id)
    # If another run has an equal result, the cache refers to that one from now on.
    store.cache.repoint_entries(c, run)
    store.runs.delete(c, run)
    store.facts.set_collect_at(c)
    return {attempt.worker or attempt.id for attempt in attempts}


def remove_records(store: Store, names: Collection[str]) -> None:
    """Delete the folders of attempts, after their rows were deleted."""
    for name in names:
        folders.remove_folder(store.folder, name)


def _with_members(blobs: Blobs, digests: Collection[str]) -> set[str]:
    all_digests = set(digests)
    for digest in digests:
        if digest.startswith("tree:"):
            with contextlib.suppress(NotFound):  # collected before
                all_digests.update(entry.digest for entry in blobs.tree(digest).files)
    return all_digests


def _size(blobs: Blobs, digest: str) -> int:
    try:
        return os.stat(blobs.place(digest)).st_size
    except OSError:
        return 0
