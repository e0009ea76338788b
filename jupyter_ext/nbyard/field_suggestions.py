"""Suggestions for unknown fields and values: the most similar known names, or all of them."""

import re
from collections.abc import Iterable, Mapping, Sequence, Set
from typing import Any

# "Object contains unknown field `naem` - at `$.nodes[...]`",
# "Invalid enum value 'x' - at `$.mode`", "Invalid value 'x' - at `$.kind`"
UNKNOWN = re.compile(
    r"(?P<words>Object contains unknown field `(?P<field>.*?)`"
    r"|Invalid (?:enum )?value (?P<value>'.*?'|\d+))(?P<at> - at `\$(?P<place>.*)`)?",
    re.DOTALL,
)
# For example `.nodes[...].pin`: a field, any key in it, and a field of the value.
STEP = re.compile(r"\.([^.\[]+)|\[[^\]]*\]")
INDEX = re.compile(r"\[(\d+)\]")
ANY_KEY = "[...]"
TOLD = 40
# Shorter names begin too many others: `n` would suggest `name`, `nodes` and `notes`.
LEAST = 3
# `near_spelling` finds names to refuse where other unknown names are allowed. So its limit,
# NEARLY, is stricter.
ALIKE, NEARLY = 0.7, 0.8


def near_spelling(name: str, known: Iterable[str]) -> str:
    """Return the known name with nearly the same spelling; empty if there is none."""
    return next(iter(_close(name, list(known), NEARLY)), "")


def suggestion_text(name: str, known: Sequence[str]) -> str:
    """Return the end of a message about an unknown name: a similar one, or all of them."""
    near = similar_name(name, known)
    return f"; did you mean {near}?" if near else f"; there are: {', '.join(known[:TOLD])}"


def similar_name(name: str, known: Sequence[str]) -> str:
    """Return the known name that is probably meant; empty if none is similar."""
    part = (k for k in known if min(len(k), len(name)) >= LEAST)
    begun = [k for k in part if k.startswith(name) or name.startswith(k)]
    return next(iter([*begun, *_close(name, known, ALIKE)]), "")


def _close(name: str, known: Sequence[str], least: float) -> list[str]:
    import difflib  # imported late: every start loads this module, but few need it

    return difflib.get_close_matches(name, known, 1, least)


def add_suggestions(message: str, kind: Any) -> str:
    """Return msgspec's error message, with a suggestion for an unknown field or value.

    `kind` is the expected type. Names of keys may replace the `[...]` in the message.
    """
    match = UNKNOWN.fullmatch(message)
    if match is None:
        return message
    expected = _types_at(kind, match["place"] or "")
    if match["field"] is not None:
        fields = [field for struct in expected for field in getattr(struct, "fields", ())]
        name, known = match["field"], [field.encode_name for field in fields]
    else:
        values = [value for choice in expected for value in getattr(choice, "values", ())]
        name, known = match["value"].strip("'"), [str(value) for value in values]
    if not known:
        return message
    return f"{match['words']}{suggestion_text(name, list(dict.fromkeys(known)))}{match['at'] or ''}"


def _types_at(kind: Any, place: str) -> list[Any]:
    """Return the types that the value at `place`, such as `.nodes[...].pin`, may have."""
    import msgspec.inspect as types

    holders = _members(types.type_info(kind))
    for step in STEP.finditer(place):
        inner: list[Any] = []
        for holder in holders:
            if hasattr(holder, "fields"):
                inner += [f.type for f in holder.fields if f.encode_name == (step[1] or "")]
                # msgspec describes the tag of a union apart from the fields.
                if step[1] and step[1] == getattr(holder, "tag_field", None):
                    inner.append(types.LiteralType((holder.tag,)))
            elif item := getattr(holder, "value_type", None) or getattr(holder, "item_type", None):
                inner.append(item)
        holders = [member for item in inner for member in _members(item)]
    return holders


def add_key_names(
    message: str, plain: Mapping[str, Any], kind: Any, always: Mapping[str, Any]
) -> str:
    """Return msgspec's error message with names of keys in place of `[...]` for any key.

    `kind` is the expected type of `plain`, `always` is what each part of it needs at its top.
    Each name is the first that, alone, causes the same message.
    """
    steps: list[str | int] = []
    keyed: set[int] = set()
    named = message
    for part in message.partition("`$")[2].split(ANY_KEY)[:-1]:
        for step in INDEX.sub(r".\1", part).split(".")[1:]:
            steps.append(int(step) if step.isdigit() else step)
        keyed.add(len(steps))
        holder: Any = plain
        for key in steps:
            holder = holder[key]
        alone = (
            key for key in holder if _refusal(plain, [*steps, key], keyed, kind, always) == message
        )
        if (name := next(alone, None)) is None:
            return message
        steps.append(name)
        named = named.replace(ANY_KEY, f".{name}", 1)
    return named


def _refusal(
    plain: Mapping[str, Any],
    steps: Sequence[str | int],
    keyed: Set[int],
    kind: Any,
    always: Mapping[str, Any],
) -> str:
    """Return the message about `plain` without other parts and other keys at these depths."""
    import msgspec

    part: Any = plain
    layers: list[Any] = []
    for depth, step in enumerate(steps):
        layers.append({} if depth in keyed else part if depth else always)
        part = part[step]
    for layer, step in zip(reversed(layers), reversed(steps), strict=True):
        if isinstance(layer, list):
            part = [*layer[: int(step)], part, *layer[int(step) + 1 :]]
        else:
            part = {**layer, step: part}
    try:
        msgspec.convert(part, kind)
    except msgspec.ValidationError as error:
        return str(error)
    return ""


def _members(type_info: Any) -> list[Any]:
    return [
        inner
        for alternative in getattr(type_info, "types", (type_info,))
        for inner in (_members(alternative.type) if hasattr(alternative, "type") else [alternative])
    ]
