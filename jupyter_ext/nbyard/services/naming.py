"""Names are unique among what people can tell apart."""

import itertools
import re
from collections.abc import Iterable, Mapping

from nbyard.domain.ids import is_id
from nbyard.domain.names import check_name, name_key
from nbyard.errors import Detail, Invalid, NameTaken

MAX_TOLD = 10


def nearest(names: Iterable[str], wanted: str) -> str:
    """Those that are there, as they are told to who asked for another: the likest first."""
    import difflib

    found = difflib.get_close_matches(wanted, sorted(names), MAX_TOLD + 1, cutoff=0)
    more = ", …" if len(found) > MAX_TOLD else ""
    return f"there are: {', '.join(found[:MAX_TOLD])}{more}" if found else "there is none yet"


def check_free(names: Mapping[str, str], noun: str, name: str, own: str = "") -> None:
    """Refuse a name that looks like one that is taken; `names` are those of all, by their ids.

    Raises:
        NameTaken: another thing than `own` has it.
    """
    wanted = name_key(name)
    for key, taken in names.items():
        if key != own and name_key(taken) == wanted:
            said = f"There is {noun} {taken!r} already."
            free = next_name(names.values(), name)
            raise NameTaken(
                said,
                hint=f"Choose another name; {free!r} is free.",
                details=[Detail("name", said)],
            )


def check_run_name(name: str) -> str:
    """The name as it is kept; raises Invalid also for one that would hide another run, for it is
    the number or the id of that."""
    name = check_name(name)
    if name.isdecimal() or is_id(name):
        raise Invalid.field("name", "may not be a number or an id: these name other runs")
    return name


def free_name(names: Iterable[str], name: str) -> str:
    """The first of name, name 2, name 3 … that no other looks like."""
    numbered = (f"{name} {number}" for number in itertools.count(2))
    return _first(names, itertools.chain([name], numbered))


def next_name(names: Iterable[str], name: str) -> str:
    """The same beside a name that is taken; one that has a number gets a higher one."""
    stem, _, number = name.rpartition(" ")
    if stem and re.fullmatch("[0-9]{1,2}", number):
        return _first(names, (f"{stem} {count}" for count in itertools.count(int(number) + 1)))
    return free_name(names, name)


def _first(names: Iterable[str], wanted: Iterable[str]) -> str:
    taken = set(map(name_key, names))
    return next(name for name in wanted if name_key(name) not in taken)
