"""`port`: where a step listens that shall be seen while it runs."""

from __future__ import annotations

import os

from .values import NotGiven

ATTEMPT, ANY = "NBYARD_ATTEMPT", "NBYARD_PORT"


def port(name: str = "") -> int:
    """The number of the port that is declared under that name; without one, of the only one.

    In a run the link of that name leads there as soon as the work answers at it: at 127.0.0.1 as a
    process, at every address in a container (`NBYARD_HOST` says which). Outside of a run it is 0,
    with which servers take any port that is free.

    Raises:
        NotGiven: the run has no port of that name.
    """
    variable = f"{ANY}_{name.upper().replace('-', '_')}" if name else ANY
    told = os.environ.get(variable)
    if told:
        return int(told)
    if not os.environ.get(ATTEMPT):
        return 0
    known = sorted(one[len(ANY) + 1 :].lower() for one in os.environ if one.startswith(f"{ANY}_"))
    words = f"no port {name!r} is declared" if name else "no port is declared, or several are"
    raise NotGiven(f"{words} for this run (it has: {', '.join(known) or 'none'})")
