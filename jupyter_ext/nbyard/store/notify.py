"""PostgreSQL's NOTIFY, so that a store is woken by writers on other machines too."""

import contextlib
import threading
from collections.abc import Callable, Iterator

from sqlalchemy import Connection, make_url, text

CHANNEL = "nbyard"
PATIENCE_SECONDS = 1.0
RETRY_SECONDS = 5.0


def notify(c: Connection) -> None:
    """Tell every listener of the database when this transaction commits."""
    c.execute(text("select pg_notify(:channel, '')"), {"channel": CHANNEL})


@contextlib.contextmanager
def relayed(url: str, poke: Callable[[], None]) -> Iterator[None]:
    """While in the block, call `poke` whenever somebody wrote; nothing to do for SQLite, whose
    writers share the store's folder."""
    if not url.startswith("postgresql"):
        yield
        return
    end = threading.Event()
    thread = threading.Thread(target=_relay, args=(url, poke, end), daemon=True)
    thread.start()
    try:
        yield
    finally:
        end.set()
        thread.join()


def _relay(url: str, poke: Callable[[], None], end: threading.Event) -> None:
    import psycopg

    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    while not end.is_set():
        try:
            with psycopg.connect(plain, autocommit=True) as connection:
                connection.execute(f"listen {CHANNEL}")
                poke()
                _pass_on(connection, poke, end)
        except psycopg.OperationalError:
            # cut off: until it is back the clock wakes us
            end.wait(RETRY_SECONDS)


def _pass_on(connection: object, poke: Callable[[], None], end: threading.Event) -> None:
    while not end.is_set():
        if list(connection.notifies(timeout=PATIENCE_SECONDS, stop_after=1)):  # type: ignore[attr-defined]
            poke()
