"""PostgreSQL's NOTIFY, so that a store is woken by writers on other machines too."""

import contextlib
import threading
from collections.abc import Callable, Iterator

from sqlalchemy import Connection, make_url, text

CHANNEL = "nbyard"
PATIENCE_SECONDS = 1.0
RETRY_SECONDS = 5.0
NOTIFY = text("select pg_notify(:channel, :sender)")


def notify(c: Connection, sender: str) -> None:
    """Tell every listener of the database when this transaction commits."""
    c.execute(NOTIFY, {"channel": CHANNEL, "sender": sender})


@contextlib.contextmanager
def relayed(url: str, sender: str, poke: Callable[[], None]) -> Iterator[None]:
    """While in the block, call `poke` whenever somebody but `sender` wrote; nothing to do for
    SQLite, whose writers share the store's folder."""
    if not url.startswith("postgresql"):
        yield
        return
    end = threading.Event()
    thread = threading.Thread(target=_relay, args=(url, sender, poke, end), daemon=True)
    thread.start()
    try:
        yield
    finally:
        end.set()
        thread.join()


def _relay(url: str, sender: str, poke: Callable[[], None], end: threading.Event) -> None:
    import psycopg

    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    while not end.is_set():
        try:
            with psycopg.connect(plain, autocommit=True, client_encoding="utf8") as connection:
                connection.execute(f"listen {CHANNEL}")
                poke()
                _pass_on(connection, sender, poke, end)
        except psycopg.OperationalError:
            # cut off: until it is back the clock wakes us
            end.wait(RETRY_SECONDS)


def _pass_on(
    connection: object, sender: str, poke: Callable[[], None], end: threading.Event
) -> None:
    while not end.is_set():
        told = connection.notifies(timeout=PATIENCE_SECONDS, stop_after=1)  # type: ignore[attr-defined]
        if any(one.payload != sender for one in told):
            poke()
