"""Rules for names, which are unique and easy to tell apart."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Mapping

from nbyard.domain.ids import is_id
from nbyard.domain.naming.names import MAX_NAME, check_name, name_key
from nbyard.errors import Detail, Invalid, NameTaken, NotFound

MAX_TOLD = 10
MAX_NEAR = 5
MAX_SIMILAR = 3
MAX_COMPARED = 1_000  # comparing ten times as many names takes half a second


def nearest_names(names: Iterable[str], wanted: str) -> str:
    """Return a text that lists the most similar existing names, and counts the others."""
    import difflib

    known = sorted(names)
    close_matches = difflib.get_close_matches(wanted, known, MAX_NEAR, cutoff=0)
    if not close_matches:
        return "none exist yet"
    if more := len(known) - len(close_matches):
        return f"there are: {', '.join(close_matches)} and {more} more"
    return f"there are: {', '.join(close_matches)}"


def no_such(noun: str, wanted: str, names: Iterable[str], otherwise: str | None = None) -> NotFound:
    """Return the error for an unknown name of a noun.

    Its hint has similar names; those that begin with the unknown one come first. Without similar
    names, the hint is `otherwise`.
    """
    import difflib

    # IDs are not typed by hand, so no name is similar.
    compared = list(itertools.islice(() if is_id(wanted) else names, MAX_COMPARED))
    beginning = wanted[:MAX_NAME].casefold()
    longer = [name for name in compared if beginning and name.casefold().startswith(beginning)]
    close_matches = [*sorted(longer), *difflib.get_close_matches(wanted[:MAX_NAME], compared)]
    close_matches = [*dict.fromkeys(close_matches)][:MAX_SIMILAR]
    hint = otherwise
    if close_matches:
        hint = f"Did you mean {' or '.join(map(repr, close_matches))}?"
    return NotFound(f"There is no {noun} '{wanted[:80]}'.", hint=hint)


def name_taken(why: str, hint: str) -> NameTaken:
    """Return the error for a name that another object has."""
    return NameTaken(why, hint=hint, details=[Detail("name", why)])


def check_free(names: Mapping[str, str], noun: str, name: str, own: str = "") -> None:
    """Check that no other object has a name that looks the same.

    `names` are all names by ID. `own` is the ID of the object that gets the name.

    Raises:
        NameTaken: another object of this noun has such a name.
    """
    wanted = name_key(name)
    for key, taken in names.items():
        if key != own and name_key(taken) == wanted:
            free = next_name(names.values(), name)
            raise name_taken(
                f"The {noun} '{taken}' already exists.", f"Choose another name; '{free}' is free."
            )


def check_run_name(name: str) -> str:
    """Return the name in the form that is stored.

    Raises:
        Invalid: the name is refused, or could be the number or ID of another run.
    """
    name = check_name(name)
    if name.isdecimal() or is_id(name):
        raise Invalid.field("name", "may not be a number or an ID: these identify other runs")
    return name


def free_name(names: Iterable[str], name: str) -> str:
    """Return the first free name of `name`, `name 2`, `name 3` and so on."""
    numbered = (f"{name} {number}" for number in itertools.count(2))
    return _first(names, itertools.chain([name], numbered))


def next_name(names: Iterable[str], name: str) -> str:
    """Return a free name for a taken one; a name with a number gets a higher number."""
    stem, _, number = name.rpartition(" ")
    if stem and re.fullmatch("[0-9]{1,2}", number):
        return _first(names, (f"{stem} {count}" for count in itertools.count(int(number) + 1)))
    return free_name(names, name)


def _first(names: Iterable[str], wanted: Iterable[str]) -> str:
    taken = set(map(name_key, names))
    return next(name for name in wanted if name_key(name) not in taken)
