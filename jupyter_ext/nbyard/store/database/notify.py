"""PostgreSQL NOTIFY: writers on other machines wake this store too."""

import contextlib
import threading
from collections.abc import Callable, Iterator

from sqlalchemy import Connection, make_url, text

CHANNEL = "nbyard"
# The thread checks this often whether it must end.
PATIENCE_SECONDS = 1.0
RETRY_SECONDS = 5.0
NOTIFY = text("select pg_notify(:channel, :sender)")


def notify(c: Connection, sender: str) -> None:
    """Notify all listeners of the database when this transaction commits."""
    c.execute(NOTIFY, {"channel": CHANNEL, "sender": sender})


@contextlib.contextmanager
def relay_notifications(url: str, sender: str, poke: Callable[[], None]) -> Iterator[None]:
    """Call `poke` after each write by another sender, during the block.

    SQLite needs no relay: its writers share the store's folder.
    """
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

    # psycopg does not accept SQLAlchemy's driver suffix.
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    while not end.is_set():
        try:
            with psycopg.connect(plain, autocommit=True, client_encoding="utf8") as connection:
                # Wake once after connecting, because notifications before `listen` are lost.
                connection.execute(f"listen {CHANNEL}")
                poke()
                while not end.is_set():
                    # Read to the end: a suspended generator holds the connection's lock.
                    notifications = [*connection.notifies(timeout=PATIENCE_SECONDS, stop_after=1)]
                    if any(notification.payload != sender for notification in notifications):
                        poke()
        except psycopg.OperationalError:
            # Until the connection is back, the dispatcher wakes on its timer.
            end.wait(RETRY_SECONDS)
