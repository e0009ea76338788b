"""The connection to SQLite or PostgreSQL, with two ways to use it: `read` and `write`."""

import contextlib
import fcntl
import json
import logging
import os
import secrets
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError
from sqlalchemy.pool import ConnectionPoolEntry

from nbyard.errors import DatabaseAway, NbyardError, StoreUnusable, Unavailable
from nbyard.host import sqlite_locks

CHANNEL = "nbyard"
# The thread checks this often whether it must end.
NOTIFY_SECONDS = 1.0
RETRY_SECONDS = 5.0
NOTIFY = text("select pg_notify(:channel, :sender)")
# The shell prints the error instead of these messages.
outage_log = logging.getLogger("nbyard.store.outage")
FIRST_SECONDS = 10.0
LONGEST_SECONDS = 600.0
log = logging.getLogger("nbyard.store")
BUSY_SECONDS = 10.0
# After this many writes or bytes of the write-ahead log, a checkpoint copies its pages into the
# database and truncates it.
CHECKPOINT_EVERY = 200
CHECKPOINT_BYTES = 4 * 2**20
# Above this size a writer waits longer for readers, which block the truncation. If the wait
# fails, a file records the size, and no process waits again until the log has grown by 8 MiB.
PATIENT_BYTES = 32 * 2**20
PATIENT_GROWTH = 8 * 2**20
READER_SECONDS = 0.05
PATIENT_SECONDS = 2.0
PAUSE_SECONDS = 0.005
WAITED = "checkpoint.waited"
CUT = "The database does not respond; try again in a moment."
AWAY = "The database server may be down or restarting. Runs that have started continue meanwhile."
# SQLSTATE prefixes of a PostgreSQL that is down, starting or out of connections
AWAY_STATES = ("08", "57P", "53300")
# A server that refuses a connection for these reasons is not down. The driver gives no code.
REFUSED = ("does not exist", "authentication failed", "pg_hba.conf", "permission denied")
WRITE_LOCK = 7_220_150
# A writer that was stopped (SIGSTOP) must not block the others forever.
SET_LIMITS = """select set_config('lock_timeout', :lock, true),
    set_config('idle_in_transaction_session_timeout', :idle, true)"""
WRITE_LIMITS = {"lock": f"{BUSY_SECONDS:g}s", "idle": f"{2 * BUSY_SECONDS:g}s"}
# PostgreSQL 15 ignores the idle limit during and after a pipeline (psycopg's executemany).
# So a writer that waited in vain terminates the session of a writer that is idle for long.
END_IDLE_WRITER = """select pg_terminate_backend(pid)
    from pg_locks join pg_stat_activity using (pid)
    where locktype = 'advisory' and granted and objid = :key and datname = current_database()
    and wait_event_type = 'Client' and state_change < now() - make_interval(secs => :patience)"""
OF_READS = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
DATABASE = "store.sqlite"
PATIENCE_SECONDS = 1.5 * BUSY_SECONDS
# Otherwise a database with the encoding SQL_ASCII (initdb with LANG=C) returns bytes.
UTF8 = {"client_encoding": "utf8"}
UNUSABLE = (
    "malformed",
    "not a database",
    "readonly database",
    "unable to open database file",
    "disk I/O error",
)


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
                    notifications = [*connection.notifies(timeout=NOTIFY_SECONDS, stop_after=1)]
                    if any(notification.payload != sender for notification in notifications):
                        poke()
        except psycopg.OperationalError:
            # Until the connection is back, the dispatcher wakes on its timer.
            end.wait(RETRY_SECONDS)


class Outage:
    """An outage of the database: logged at its start, at growing intervals, and at its end."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._since: float | None = None
        self._next = self._pause = 0.0

    def note(self, message: str) -> None:
        """Record that the database does not respond; `message` is that of the driver."""
        now = time.monotonic()
        with self._lock:
            if self._since is None:
                self._since, self._next, self._pause = now, now, FIRST_SECONDS
            if now < self._next:
                return
            seconds = now - self._since
            self._next = now + self._pause
            self._pause = min(2 * self._pause, LONGEST_SECONDS)
        since = f" for {seconds:.0f} s" if seconds else ""
        outage_log.warning(
            "the database does not respond%s: %s", since, " ".join(message.split())[:400]
        )

    def end(self) -> None:
        """Record that the database has answered."""
        # Without the lock, because each successful transaction comes here.
        if self._since is None:
            return
        with self._lock:
            since, self._since = self._since, None
        if since is not None:
            outage_log.warning("the database answers again after %.0f s", time.monotonic() - since)


class Database:
    """A database. Reads see one state and change nothing.

    Writes take the write lock at once, run one at a time and are durable when they return.
    """

    def __init__(self, url: str, folder: Path, after_write: Callable[[], None]):
        self.url = url
        self.sqlite = url.startswith("sqlite")
        self.name = secrets.token_hex(8)  # the sender of this process's write notifications
        self._after_write = after_write
        self.write_lock = threading.Lock()
        self._folder = folder
        self._outage = Outage()
        self.writes = 0
        self._checkpoint_at = CHECKPOINT_BYTES
        try:
            self.engine = self._engine()
            # SQLite compiles all statements of a connection again after a change of `query_only`.
            # So connections that only read have an engine of their own.
            self.reader = self._engine(query_only=True) if self.sqlite else self.engine
        except ImportError:
            raise StoreUnusable(
                "The PostgreSQL driver is not installed.",
                hint="Install the driver with: pip install 'nbyard[postgres]'",
            ) from None

    def _engine(self, *, query_only: bool = False) -> Engine:
        # The connection used last has the most pages in its cache.
        shared: dict[str, Any] = {"json_serializer": json_text, "json_deserializer": json_value}
        shared["pool_use_lifo"] = True
        if not self.sqlite:
            # A restart of the server leaves cut connections in the pool. The ping replaces them.
            pool = {"pool_pre_ping": True, "pool_size": 8, "max_overflow": 8}
            server = create_engine(self.url, connect_args=UTF8, **pool, **shared)
            event.listen(server, "connect", _switch_off_jit)
            return server
        waits = {"timeout": BUSY_SECONDS}
        engine = create_engine(self.url, connect_args=waits, pool_size=16, **shared)
        event.listen(engine, "connect", partial(prepare_connection, query_only=query_only))
        event.listen(engine, "begin", _begin)
        return engine

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Open a read transaction with one consistent view for the block."""
        with self._translated(), self.reader.connect() as connection:
            if not self.sqlite:
                connection.execution_options(**OF_READS)
            with connection.begin():
                yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Open a transaction that commits at the end of the block and rolls back on any error.

        Raises:
            Busy: Another writer holds the store for more than 10 s.
        """
        with self._translated(), self._write_locked():
            with self.engine.connect() as connection:
                writing = connection.execution_options(nbyard_write=True)
                with writing.begin():
                    # PostgreSQL writes are serialized too: rows do not change meanwhile.
                    if not self.sqlite:
                        writing.execute(text(SET_LIMITS), WRITE_LIMITS)
                        lock = text("select pg_advisory_xact_lock(:key)")
                        writing.execute(lock, {"key": WRITE_LOCK})
                    yield writing
                    if not self.sqlite:
                        notify(writing, self.name)
            self._checkpoint()
        # After the lock is free, because the woken processes may write at once.
        self._after_write()

    @contextmanager
    def _write_locked(self) -> Iterator[None]:
        # One lock covers all writers and the checkpoint: no commit may reset the log meanwhile.
        # Otherwise a known bug of SQLite 3.7.0 to 3.51.2 corrupts the database.
        if not self.sqlite:
            yield
            return
        deadline = time.monotonic() + BUSY_SECONDS
        # Threads of this process wait on a lock, which needs no polling.
        if not self.write_lock.acquire(timeout=BUSY_SECONDS):
            raise sqlite_locks.busy_error(self._folder)
        try:
            with (self._folder / sqlite_locks.WRITE_LOCK).open("a") as handle:
                if not _lock(handle.fileno(), deadline):
                    raise sqlite_locks.busy_error(self._folder)
                yield
        finally:
            self.write_lock.release()

    def _checkpoint(self) -> None:
        """Truncate the write-ahead log every 200 writes, and when it is long.

        If readers block it, try again when the log has grown by as much. The write is already
        committed, so a failure is only logged.
        """
        self.writes += 1
        try:
            size = self._log_bytes() if self.sqlite else 0
            if not size or (size < self._checkpoint_at and self.writes % CHECKPOINT_EVERY):
                return
            # Set before the attempt, so that a failure does not repeat it on every write.
            self._checkpoint_at = size + CHECKPOINT_BYTES
            growth = size - self._waited_at()
            # A log smaller than recorded was truncated meanwhile.
            is_patient = size >= PATIENT_BYTES and not 0 <= growth < PATIENT_GROWTH
            is_empty = self.empty_log(PATIENT_SECONDS if is_patient else READER_SECONDS)
            if is_patient:
                (self._folder / WAITED).write_text(str(0 if is_empty else size))
            self._checkpoint_at = self._log_bytes() + CHECKPOINT_BYTES
        except (SQLAlchemyError, OSError) as error:
            reason = getattr(error, "orig", error)
            log.warning("the write-ahead log of the store was not emptied: %s", reason)

    def _waited_at(self) -> int:
        """Return the log size at which a process last waited for readers in vain, in bytes."""
        with suppress(FileNotFoundError, ValueError):
            return int((self._folder / WAITED).read_text())
        return 0

    def _log_bytes(self) -> int:
        try:
            return (self._folder / "store.sqlite-wal").stat().st_size
        except FileNotFoundError:
            return 0

    def empty_log(self, patience: float) -> bool:
        """Truncate the log within `patience` seconds; return whether that succeeded.

        New readers do not need the log, so only existing readers block. A new reader can take the
        slot of one that leaves in SQLite's list. So the loop checks the list again and again.
        """
        end = time.monotonic() + patience
        with self.engine.connect() as connection:
            connection.execution_options(nbyard_plain=True)
            try:
                while (left := end - time.monotonic()) > 0:
                    seconds = min(left, READER_SECONDS)
                    connection.exec_driver_sql(f"PRAGMA busy_timeout = {1000 * seconds:.0f}")
                    checkpoint = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
                    if not checkpoint.one().busy:
                        return True
                    time.sleep(min(left, PAUSE_SECONDS))  # another shell's checkpoint may run
                return False
            finally:
                connection.exec_driver_sql(f"PRAGMA busy_timeout = {1000 * BUSY_SECONDS:.0f}")

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except OperationalError as error:
            message = str(error.orig)
            if "lock timeout" in message:
                with suppress(DBAPIError), self.engine.begin() as connection:
                    values = {"key": WRITE_LOCK, "patience": PATIENCE_SECONDS}
                    connection.execute(text(END_IDLE_WRITER), values)
            if "locked" in message or "busy" in message or "lock timeout" in message:
                raise sqlite_locks.busy_error(self._folder) from error
            raise self._refusal(error, message) from error
        except DBAPIError as error:
            message = str(error.orig)
            if any(word in message for word in UNUSABLE):
                raise StoreUnusable(f"The database returned an error: {message[:200]}") from error
            if error.connection_invalidated:
                raise self._database_away(message) from error
            raise
        self._outage.end()

    def _refusal(self, error: OperationalError, message: str) -> NbyardError:
        # PostgreSQL hints contain "full text indexing", so "full" is tested for SQLite only.
        if "No space left" in message or (self.sqlite and "full" in message):
            return Unavailable(
                "disk full: the store cannot be written", hint="Free space and try again."
            )
        if any(word in message for word in UNUSABLE):
            return StoreUnusable(f"The database returned an error: {message[:200]}")
        # If PostgreSQL or the connection is gone, the driver's error has no SQLSTATE.
        state = getattr(error.orig, "sqlstate", None)
        is_away = error.connection_invalidated or not state or state.startswith(AWAY_STATES)
        if not self.sqlite and is_away:
            return self._database_away(message)
        return NbyardError(f"The database returned an error: {message[:200]}")

    def _database_away(self, message: str) -> DatabaseAway:
        """Log the driver's message, and return an error with the server's own reason."""
        self._outage.note(message)
        reason = message.partition("FATAL:")[2].strip().partition("\n")[0]
        if any(word in reason for word in REFUSED):
            why = f"PostgreSQL refuses the connection: {reason[:200]}."
            return DatabaseAway(
                why, hint="Create the database or user, or correct the setting database_url."
            )
        why = (
            (
                "The database does not respond; try again in a moment. PostgreSQL says:"
                f" {reason[:200]}."
            )
            if reason
            else CUT
        )
        return DatabaseAway(why, hint=AWAY)

    def close(self) -> None:
        """Close all connections. SQLite deletes the log with the last connection.

        A connection that a thread still holds stays open. The process may exit before that thread
        ends, so the log is emptied here.
        """
        engines = self.reader, self.engine
        pools: list[Any] = [engine.pool for engine in engines]
        lent = self.sqlite and any(pool.checkedout() for pool in pools)
        for engine in engines:
            engine.dispose()
        if lent:
            with suppress(NbyardError, DBAPIError), self._write_locked():
                self.empty_log(READER_SECONDS)
            self.engine.dispose()

    def server_version(self) -> str:
        """Return the version of the database server or library, for display."""
        with self.read() as c:
            query = "select sqlite_version()" if self.sqlite else "show server_version"
            return str(c.execute(text(query)).scalar_one())


def json_text(value: object) -> str:
    """Return a value as JSON, as columns store it. Structs become objects."""
    try:
        return msgspec.json.encode(value).decode()
    except (UnicodeEncodeError, OverflowError):  # a lone surrogate or a huge integer
        return json.dumps(msgspec.to_builtins(value))


def json_value(text: str | bytes) -> Any:
    """Return the value of JSON, as columns store it."""
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:  # values that only json can write
        return json.loads(text)


def prepare_connection(connection: object, _: ConnectionPoolEntry, *, query_only: bool) -> None:
    # Python's driver would begin transactions itself, but only before writes.
    connection.isolation_level = None  # type: ignore[attr-defined]
    # SQLite's own function handles only ASCII letters.
    connection.create_function(  # type: ignore[attr-defined]
        "lower", 1, lambda text: text and text.lower(), deterministic=True
    )
    _use_log(connection)
    for pragma in (
        # With NORMAL, a power failure could undo commits on which the dispatcher has acted.
        "synchronous=FULL",
        # Off by default. Deletions, such as of a run with its tasks, rely on the cascade.
        "foreign_keys=ON",
        # Only `_checkpoint` may reset the log, under the write lock.
        "wal_autocheckpoint=0",
        "mmap_size=0",
        # SQLite refuses a transaction that starts as a read and writes after another writer.
        f"query_only={query_only:d}",
    ):
        connection.execute(f"PRAGMA {pragma}")  # type: ignore[attr-defined]


def _use_log(connection: Any) -> None:
    # Two processes may open a new database at once. SQLite then fails without waiting.
    deadline = time.monotonic() + BUSY_SECONDS / 2
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(PAUSE_SECONDS)


def _switch_off_jit(connection: Any, _: ConnectionPoolEntry) -> None:
    # PostgreSQL overrates the queries of lists: it compiles 150 ms for one that takes 2 ms.
    connection.execute("set jit = off")
    connection.commit()


def _begin(connection: Connection) -> None:
    options = connection.get_execution_options()
    if not options.get("nbyard_plain"):
        connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get("nbyard_write") else "BEGIN")


def _lock(descriptor: int, deadline: float) -> bool:
    # Poll with growing pauses: a blocking flock has no timeout.
    pause = 0.0005
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            if time.monotonic() > deadline:
                return False
            time.sleep(pause)
            pause = min(pause * 2, 0.02)


def sqlite_url(folder: Path) -> str:
    """Return the URL of the SQLite database in the store's folder."""
    return f"sqlite:///{os.fspath(folder / DATABASE)}"
