"""Finds out what protects finished runs from clean-ups."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from nbyard.domain.runs.clean_up import CleanUpRules, FinishedRun
from nbyard.domain.workflows.structs import read_document
from nbyard.errors import NbyardError
from nbyard.host.project_files import MAX_DOCUMENT
from nbyard.reasons.structs import Reason, because

if TYPE_CHECKING:
    from nbyard.store import Connection, Store


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
            code = "run-has-name" if run.path.endswith(".nbflow") else "has-name"
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
