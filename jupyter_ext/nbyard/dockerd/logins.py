"""For whom an engine is asked: which logins of registries its pulls and pushes have meanwhile."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from nbyard.domain.credentials import Login

# The name of an image → the login that fits it, read no sooner than it is needed.
FindLogin = Callable[[str], Login | None]

_found: ContextVar[FindLogin | None] = ContextVar("nbyard-logins", default=None)


@contextmanager
def logged_in(found: FindLogin) -> Iterator[None]:
    """Whatever this thread pulls or pushes inside has the login that `found` gives for its name;
    where that is None it has the one of the engine's own client (`docker login`)."""
    token = _found.set(found)
    try:
        yield
    finally:
        _found.reset(token)


def login_for(image: str) -> Login | None:
    """The one that was found for the name of an image, if there is one."""
    found = _found.get()
    return found(image) if found else None
