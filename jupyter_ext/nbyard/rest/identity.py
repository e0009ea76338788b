"""From Jupyter's user to our caller."""

import getpass
from typing import Any

from nbyard.domain.callers import Caller


def caller_of(user: Any) -> Caller:
    """On one's own server everybody with the token is the one user whom the store belongs to;
    Jupyter makes up a name for each browser, which must not part them."""
    return Caller(local_name())


def local_name() -> str:
    """The name of the user that this process runs as."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "user"
