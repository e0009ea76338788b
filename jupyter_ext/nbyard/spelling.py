"""Fields that nothing knows: what is said of one names the nearest of those that there are."""

import re
from collections.abc import Iterable, Sequence
from typing import Any

# "Object contains unknown field `naem` - at `$.nodes[...]`"
UNKNOWN = re.compile(
    r"(?P<words>Object contains unknown field `(?P<name>.*?)`)(?P<at> - at `\$(?P<place>.*)`)?",
    re.DOTALL,
)
STEP = re.compile(r"\.([^.\[]+)|\[[^\]]*\]")
TOLD = 40
LEAST = 3
ALIKE, NEARLY = 0.7, 0.8


def misspelled(name: str, known: Iterable[str]) -> str:
    """The one that is spelled nearly so; empty where there is none."""
    return next(iter(_close(name, list(known), NEARLY)), "")


def meant(name: str, known: Sequence[str]) -> str:
    """What follows the words that there is no field of that name."""
    part = (k for k in known if min(len(k), len(name)) >= LEAST)
    begun = [k for k in part if k.startswith(name) or name.startswith(k)]
    near = [*begun, *_close(name, known, ALIKE)]
    return f"; is {near[0]} meant?" if near else f"; there are: {', '.join(known[:TOLD])}"


def _close(name: str, known: Sequence[str], least: float) -> list[str]:
    import difflib  # every start reads this module, and hardly one has misspelled something

    return difflib.get_close_matches(name, known, 1, least)


def with_meant(words: str, kind: Any) -> str:
    """The words of msgspec about a value that is no `kind`, and where that is for a field that
    nothing knows, which was meant. Names of keys may stand in the place of its `[...]`."""
    found = UNKNOWN.fullmatch(words)
    if found is None or not (known := _fields(kind, found["place"] or "")):
        return words
    return f"{found['words']}{meant(found['name'], known)}{found['at'] or ''}"


def _fields(kind: Any, place: str) -> list[str]:
    """The names of the fields at a place in values of that type."""
    import msgspec.inspect as types

    holders = _members(types.type_info(kind))
    for step in STEP.finditer(place):
        holders = [one for holder in holders for one in _inner(holder, step[1] or "")]
    structs = [one for one in holders if isinstance(one, types.StructType)]
    return list(dict.fromkeys(field.encode_name for one in structs for field in one.fields))


def _members(found: Any) -> list[Any]:
    """The types that a value may have."""
    return [inner for one in getattr(found, "types", (found,)) for inner in _unwrapped(one)]


def _unwrapped(found: Any) -> list[Any]:
    return _members(found.type) if hasattr(found, "type") else [found]


def _inner(holder: Any, name: str) -> list[Any]:
    """The types of what is in a holder: the field of that name, else any item or value."""
    if hasattr(holder, "fields"):
        return [m for f in holder.fields if f.encode_name == name for m in _members(f.type)]
    inner = getattr(holder, "value_type", None) or getattr(holder, "item_type", None)
    return [] if inner is None else _members(inner)
