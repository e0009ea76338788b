"""Translates Jupyter's user to the caller of services."""

import getpass
from typing import Any

from nbyard.domain.callers import Caller

# Jupyter's names of browsers that have a token or password, which belong to no person.
INVENTED = "Anonymous "


def caller_of(user: Any) -> Caller:
    """Return the caller for a user of the server.

    In a service for all users of a JupyterHub, it is that user, who has rights. Otherwise, it is
    always the owner of this process: Jupyter invents a name for each browser, and these names must
    not separate one person's data. A name that an identity provider knows is only recorded.
    """
    if hasattr(user, "rights"):
        return Caller(user.username, groups=user.groups, scopes=user.rights)
    invented = user.name.startswith(INVENTED)
    return Caller(local_name(), person="" if invented else user.username)


def refused_name(handler: Any) -> str:
    """Return the name of a user whom JupyterHub knows but keeps from this server, or ""."""
    # JupyterHub's identity provider keeps the user on the handler, also one without access.
    known = getattr(handler, "_cached_hub_user", None)
    return str(known.get("name", "")) if isinstance(known, dict) else ""


def local_name() -> str:
    """Return the name of the user that this process runs as."""
    try:
        return getpass.getuser()
    # A container's user ID may be missing in /etc/passwd: a KeyError before Python 3.13.
    except (KeyError, OSError):
        return "user"
