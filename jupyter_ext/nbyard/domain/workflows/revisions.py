"""Versions of a workflow: what differs, the merge of two by node and field, and restoring one.

`src/document/merge.ts` merges by the same rules; both read `tests/cases/merges.json`.
"""

import uuid
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Literal

import msgspec

from nbyard.domain.ids import is_id
from nbyard.domain.parsing.canonical_json import canonical
from nbyard.domain.workflows.structs import Document, Meta

PLACES, GROUPS = "positions", "groups"  # moving or folding cards changes nothing that runs
ABSENT = object()


class SavedVersion(msgspec.Struct, frozen=True):
    """A version of a workflow: whose it is, and the numbers of the newest runs of it."""

    id: str
    number: int
    created_at: datetime
    person: str
    runs: list[int] = []


class Change(msgspec.Struct, frozen=True, omit_defaults=True):
    """A difference of two versions.

    `place` leads to it from the block: `nodes`, the ID of a node, and fields of it.
    """

    kind: Literal["added", "removed", "changed"]
    place: list[str]
    old: Any = None
    new: Any = None


class ComparedVersions(msgspec.Struct, frozen=True):
    """Two versions of a workflow and their differences. Positions and groups do not count."""

    old: Document
    new: Document
    changes: list[Change]


def differences(old: Document, new: Document) -> list[Change]:
    """Return what differs between two documents, in the order of places."""
    before, after = (
        {
            block: value
            for block, value in msgspec.to_builtins(each).items()
            if block not in (PLACES, GROUPS)
        }
        for each in (old, new)
    )
    return [*_changes(before, after, [])]


def _changes(old: Mapping[str, Any], new: Mapping[str, Any], place: list[str]) -> Iterator[Change]:
    for key in sorted({*old, *new}):
        left, right, here = old.get(key, ABSENT), new.get(key, ABSENT), [*place, key]
        if _same(left, right):
            continue
        # a whole block, and the arguments of a node, have their differences inside
        if len(here) == 1 or (isinstance(left, dict) and isinstance(right, dict)):
            yield from _changes(old.get(key, {}), new.get(key, {}), here)
        elif key not in old:
            yield Change("added", here, new=right)
        elif key not in new:
            yield Change("removed", here, old=left)
        else:
            yield Change("changed", here, left, right)


def restored(present: Mapping[str, Any], old: Document) -> dict[str, Any]:
    """Return a version as the content of the file whose content is `present`.

    The file keeps its ID, comments, groups, positions, and fields of other programs in `meta`.
    """
    version: dict[str, Any] = msgspec.to_builtins(old)
    own = Meta.__struct_fields__[1:]  # without the ID
    meta = {name: value for name, value in present.get("meta", {}).items() if name not in own}
    marks = {name: version.get(name, {}) | present.get(name, {}) for name in ("comments", GROUPS)}
    places = version[PLACES] | present.get(PLACES, {})
    known = set(version["nodes"]).union(*marks.values())
    kept = {name: place for name, place in places.items() if name in known}
    blocks = {"meta": version["meta"] | meta, PLACES: kept}
    return version | blocks | {name: block for name, block in marks.items() if block}


def copy_of(document: Document, owner: str) -> Document:
    """Copy a document with a new ID.

    Names of datasets and environments become `OWNER/NAME`.
    """

    def named(key: str) -> str:
        is_own = key and "/" not in key and not is_id(key.partition("@")[0])
        return f"{owner}/{key}" if is_own else key

    replace, meta = msgspec.structs.replace, document.meta
    nodes = {
        name: replace(node, dataset=named(node.dataset), environment=named(node.environment))
        for name, node in document.nodes.items()
    }
    meta = replace(meta, id=str(uuid.uuid4()), environment=named(meta.environment))
    return replace(document, nodes=nodes, meta=meta)


def merge(
    base: Mapping[str, Any], mine: Mapping[str, Any], theirs: Mapping[str, Any]
) -> tuple[dict[str, Any], list[str]]:
    """Merge two versions of a document, and return the places where both changed one field.

    There, mine is kept, and an edit beats a deletion. Connections without their nodes are removed.
    """
    clashes: list[str] = []
    merged = _merge(base, mine, theirs, "", clashes)
    nodes = merged.get("nodes", {})
    edges = merged.get("edges", {})
    kept = {k: e for k, e in edges.items() if e.get("source") in nodes and e.get("target") in nodes}
    return merged | {"edges": kept} if "edges" in merged else merged, clashes


def _merge(
    base: Mapping[str, Any],
    mine: Mapping[str, Any],
    theirs: Mapping[str, Any],
    place: str,
    clashes: list[str],
) -> dict[str, Any]:
    merged = {}
    for key in sorted({*mine, *theirs}):
        was, ours, other = (each.get(key, ABSENT) for each in (base, mine, theirs))
        here = f"{place}/{key}" if place else key
        if _same(ours, other) or _same(other, was):
            value = ours
        elif _same(ours, was):
            value = other
        elif isinstance(ours, dict) and isinstance(other, dict):
            value = _merge(was if isinstance(was, dict) else {}, ours, other, here, clashes)
        else:
            clashes.append(here)
            value = other if ours is ABSENT else ours
        if value is not ABSENT:
            merged[key] = value
    return merged


def _same(left: Any, right: Any) -> bool:
    """Return whether two JSON values are equal; `1` and `true` are not."""
    return left is right or (ABSENT not in (left, right) and canonical(left) == canonical(right))
