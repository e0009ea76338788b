"""Chooses the registry logins for pulls and pushes in the current context."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from nbyard.domain.credentials import Login

# Maps the name of an image to its login, which is read only when it is needed.
FindLogin = Callable[[str], Login | None]

_find_login: ContextVar[FindLogin | None] = ContextVar("nbyard-logins", default=None)


@contextmanager
def logged_in(find_login: FindLogin) -> Iterator[None]:
    """Use the logins that `find_login` returns for all pulls and pushes within the block.

    For an image without a login, the engine's client uses its own (`docker login`).
    """
    token = _find_login.set(find_login)
    try:
        yield
    finally:
        _find_login.reset(token)


def login_for(image: str) -> Login | None:
    """Return the login for the image with this name, or None."""
    find_login = _find_login.get()
    return find_login(image) if find_login else None
