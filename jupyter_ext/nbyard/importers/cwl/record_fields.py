"""Writes inputs and outputs that are fields of CWL records."""

from collections.abc import Iterator, Mapping
from typing import Any

from nbyard.domain.arguments.bindings import Found
from nbyard.domain.arguments.record_arguments import Record
from nbyard.domain.arguments.structs import Argument

Path = tuple[str, ...]


def places_of(records: Mapping[str, Record], arguments: tuple[Argument, ...]) -> dict[str, Path]:
    """Return the paths of arguments and records that are fields of a record, by name."""
    places = {
        argument.name: argument.reach.key
        for argument in arguments
        if isinstance(argument.reach, Found) and argument.reach.key
    }
    # Larger records come first, so that their parts find the path of the whole.
    by_size = sorted(
        records.items(), key=lambda pair: len(list(_leaves(pair[1], ()))), reverse=True
    )
    for name, record in by_size:
        leaves = [leaf for leaf, _ in _leaves(record, ())]
        if leaves and leaves[0] in places:  # this record is part of a larger one
            whole = places[leaves[0]]
            depth = len(next(path for _, path in _leaves(record, ())))
            places[name] = whole[:-depth]
        else:
            places |= {leaf: path for leaf, path in _leaves(record, (name,))}
    return places


def _leaves(record: Record, above: Path) -> Iterator[tuple[str, Path]]:
    for field, inner in record.fields.items():
        if isinstance(inner, str):
            yield inner, (*above, field)
        else:
            yield from _leaves(inner, (*above, field))


def nest_members(
    members: Mapping[str, dict[str, Any]],
    places: Mapping[str, Path],
    records: Mapping[str, Record] = {},
) -> dict[str, Any]:
    """Return the inputs or outputs of a document, with fields nested in their records.

    `places` has the paths of the fields. Defaults of fields become one default of the record.
    """
    nested: dict[str, Any] = {}
    known: Mapping[str, str | Record]
    for name, member in members.items():
        *above, last = places.get(name) or (name,)
        fields = nested
        known = records
        for depth, record in enumerate(above):
            entry = known.get(record)
            if record not in fields:
                empty = {"type": "record", "fields": {}}
                is_optional = isinstance(entry, Record) and entry.optional
                fields[record] = {"type": ["null", empty] if is_optional else empty}
            whole = fields[record]
            if not depth and "default" in member:
                defaults = whole.setdefault("default", {})
                for inner in above[1:]:
                    defaults = defaults.setdefault(inner, {})
                defaults[last] = member["default"]
            kind = whole["type"]
            fields = (kind[1] if isinstance(kind, list) else kind)["fields"]
            known = entry.fields if isinstance(entry, Record) else {}
        fields[last] = {k: v for k, v in member.items() if k != "default"} if above else member
    return nested
