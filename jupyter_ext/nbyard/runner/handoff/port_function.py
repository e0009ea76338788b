"""`port`: the port on which a node listens, so that users can open it while the node runs."""

from __future__ import annotations

import os

from .value_files import NotGiven

ATTEMPT, ANY = "NBYARD_ATTEMPT", "NBYARD_PORT"


def port(name: str = "") -> int:
    """Return the number of the port declared under a name. Without a name, of the only port.

    In a run, the link of that name works as soon as the work answers on this port. A process
    listens on 127.0.0.1, a container on every address (`NBYARD_HOST` has the address). Outside of a
    run this returns 0, with which servers choose a free port.

    Raises:
        NotGiven: The run has no port of that name.
    """
    variable = f"{ANY}_{name.upper().replace('-', '_')}" if name else ANY
    port_text = os.environ.get(variable)
    if port_text:
        return int(port_text)
    if not os.environ.get(ATTEMPT):
        return 0
    known = sorted(key[len(ANY) + 1 :].lower() for key in os.environ if key.startswith(f"{ANY}_"))
    message = f"no port {name!r} is declared" if name else "no port is declared, or several are"
    raise NotGiven(f"{message} for this run (it has: {', '.join(known) or 'none'})")
