"""Elements of maps: their keys, labels and values, and what their states mean for the map."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from nbyard.domain.arguments.structs import Argument, check_value, parse_value
from nbyard.domain.digest import digest_of
from nbyard.domain.maps.structs import MAX_ELEMENTS, Range, Search
from nbyard.domain.state_machines import TASK
from nbyard.errors import Invalid
from nbyard.reasons.structs import Reason, because

KEY_DIGITS = 12
MAX_LABEL = 80
TOO_MANY = f"a map has at most {MAX_ELEMENTS:,} elements"


def keys_of(contents: Iterable[Any]) -> Iterator[str]:
    """Yield the key of each element, from its content only.

    Elements with equal contents have the keys `KEY`, `KEY-2`, `KEY-3` ….
    """
    seen = Counter[str]()
    for content in contents:
        key = digest_of(content).removeprefix("sha256:")[:KEY_DIGITS]
        seen[key] += 1
        yield key if seen[key] == 1 else f"{key}-{seen[key]}"


def label_of(values: Mapping[str, Any]) -> str:
    """Return values for people: `lr=0.1 depth=3`."""
    return " ".join(f"{name}={value}" for name, value in values.items())[:MAX_LABEL]


def collected_name(place: int, filename: str) -> str:
    """Return the name of an element's file among those of its map; the first `place` is 1."""
    return f"{place:05d}-{filename}"


def fitting(argument: Argument, value: Any) -> Any:
    """Return a value as the type of its argument, parsed if it is text.

    Raises:
        Invalid: the value does not fit.
    """
    if isinstance(value, str) and argument.type not in ("string", "list", "json"):
        return parse_value(argument, value)
    return check_value(argument, value)


def fitting_search(search: Search, arguments: Mapping[str, Argument]) -> Search:
    """Return the search with values of the types of its arguments.

    Raises:
        Invalid: a value does not fit, or a range is not one of numbers.
    """
    space: dict[str, Range | list[Any]] = {}
    for name, own in search.space.items():
        argument = arguments[name]
        if isinstance(own, list):
            space[name] = [fitting(argument, value) for value in own]
        elif argument.type in ("int", "float"):
            low, high = (fitting(argument, value) for value in (own.low, own.high))
            space[name] = Range(low, high, own.log)
        else:
            raise Invalid(because("map-range-type", argument=name))
    return msgspec.structs.replace(search, space=space)


def read_sweep(argument: Argument, text: str, path: str = "") -> list[Any]:
    """Parse the values of a sweep: `0.01,0.1`, `1..10`, or a JSON list.

    Raises:
        Invalid: a value does not fit the argument, or there are too many.
    """
    if text.startswith("["):
        try:
            values = msgspec.json.decode(text, type=list[Any])
        except msgspec.DecodeError as error:
            raise Invalid.field(path, f"is no JSON list: {error}") from None
        return [check_value(argument, value, path) for value in values]
    first, is_range, last = text.partition("..")
    if is_range and argument.type == "int":
        low, high = (parse_value(argument, end.strip(), path) for end in (first, last))
        if abs(high - low) >= MAX_ELEMENTS:
            raise Invalid.field(path, TOO_MANY)
        return [*range(low, high + 1)] or [*range(low, high - 1, -1)]
    return [parse_value(argument, word.strip(), path) for word in text.split(",")]


def counts_of(states: Sequence[str], total: int) -> Reason:
    """Return how the elements of a map ended, as the reason of its state.

    Skipped elements include cancelled ones.

    Raises:
        Invalid: not each of the `total` elements has ended exactly once.
    """
    by_state = Counter(states)
    skipped = by_state["skipped"] + by_state["cancelled"]
    ends = {"succeeded": by_state["succeeded"], "failed": by_state["failed"], "skipped": skipped}
    reason = because("map-ended", total=total, **ends)
    if sum(ends.values()) != total or not TASK.terminal.issuperset(by_state):
        raise Invalid(reason)
    return reason if total else because("map-empty")


def tolerates(on_failure: str, lost: int, total: int) -> bool:
    """Return whether a map goes on without `lost` of its elements."""
    if on_failure == "all" or not lost:
        return True
    if on_failure.endswith("%"):
        return lost * 100 <= int(on_failure[:-1]) * total
    return on_failure != "first" and lost <= int(on_failure)
