"""A store as an outsider sees it: rows read with plain SQL, folders, processes, locks and the
witness file of the nodes. Of nbyard, it imports only the tables of allowed transitions."""

import contextlib
import fcntl
import hashlib
import itertools
import json
import os
import re
import sqlite3
import time
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import psutil

from nbyard.domain.state_machines import MACHINES

RECORD = {
    *("task.json", "log", "events.jsonl", "usage.jsonl", "metrics.jsonl", "executed.ipynb"),
    *("result.json", "runner.json", "surroundings.json", "image.json", "cancel"),
}
OF_WORKERS = {"calls", "calls.jsonl", "results.jsonl"}
NOT_WORK = "-" * 36
EXECUTED = "executed.ipynb"


class Execution(NamedTuple):
    """A line of the witness file."""

    run: str
    node: str
    attempt: str
    nonce: str
    seen: tuple[str, ...]


class Rows(NamedTuple):
    """The store at one moment."""

    runs: list[dict[str, Any]]
    tasks: list[dict[str, Any]]
    attempts: list[dict[str, Any]]
    artifacts: list[dict[str, Any]]
    events: list[dict[str, Any]]
    submissions: list[dict[str, Any]]
    cache: list[dict[str, Any]]
    leases: list[dict[str, Any]]


class Checker:
    """Examines one store; every method returns the violations as text.

    Work without a witness, as in containers, is not checked, and logs only if the number of `lines`
    is given."""

    def __init__(self, store: Path, database_url: str = "", witness: Path | None = None):
        self.lines = 0
        self.store = store
        self._url = database_url
        self._witness = witness
        found = self._query("select value from facts where name='store_id'")
        self.store_id = str(found[0]["value"])

    # Reading

    def _query(self, statement: str) -> list[dict[str, Any]]:
        if self._url:
            import psycopg
            from psycopg.rows import dict_row

            plain = self._url.replace("+psycopg", "")
            with psycopg.connect(plain, autocommit=True) as connection:
                return connection.cursor(row_factory=dict_row).execute(statement).fetchall()
        with open_read_only(self.store) as database:
            database.row_factory = sqlite3.Row
            return [dict(row) for row in database.execute(statement)]

    def rows(self) -> Rows:
        found = Rows(*(self._query(f"select * from {name}") for name in Rows._fields))
        for table, columns in (("events", ["data"]), ("tasks", ["plan"])):
            for row in getattr(found, table):
                for column in columns:
                    if isinstance(row[column], str):
                        row[column] = json.loads(row[column])
        found.events.sort(key=lambda row: row["id"])
        return found

    def run_states(self) -> dict[str, str]:
        return {row["id"]: row["state"] for row in self._query("select id, state from runs")}

    def executions(self) -> list[Execution]:
        if self._witness is None or not self._witness.exists():
            return []
        lines = self._witness.read_text().splitlines()
        words = [line.split() for line in lines]
        # what makes the nonce may itself be killed
        return [Execution(w[0], w[1], w[2], "".join(w[3:4]), tuple(w[4:])) for w in words]

    # Judging

    def violations(self, acknowledged: Mapping[str, str], at_most: int = 0) -> list[str]:
        """Return all violations when every run should have ended.

        `acknowledged` are the IDs of runs by idempotency key. `at_most` limits the executions of a
        node if only processes without work were killed (0: as many as its attempts)."""
        rows = self.rows()
        return [
            *self.lost(rows, acknowledged),
            *histories(rows),
            *overlaps(rows),
            *endings(rows),
            *self.published(rows),
            *self.executed(rows, at_most),
            *self.visible(rows),
            *self.printed(rows),
            *self.left(rows),
        ]

    def lost(self, rows: Rows, acknowledged: Mapping[str, str]) -> Iterator[str]:
        """Every acknowledged run exists once."""
        runs = {row["id"] for row in rows.runs}
        made = Counter(row["key"] for row in rows.submissions)
        by_key = {row["key"]: row["subject_id"] for row in rows.submissions}
        for key, run in acknowledged.items():
            if run not in runs:
                yield f"run {run} was acknowledged and is not there"
            if key and (made[key] != 1 or by_key[key] != run):
                yield f"key {key} made {made[key]} runs, {by_key.get(key)} and not {run}"
        tasks = Counter(row["run_id"] for row in rows.tasks)
        yield from (f"run {run} has no tasks" for run in runs if not tasks[run])
        asked = [row for row in rows.runs if not row["origin_id"]]
        if rows.submissions and len(asked) > len(made):
            yield f"{len(asked)} runs for {len(made)} keys"

    def published(self, rows: Rows) -> Iterator[str]:
        """One artifact for each task and output, with correct bytes; none of a failed task."""
        of_task: dict[str, Counter[str]] = defaultdict(Counter)
        for row in rows.artifacts:
            of_task[row["task_id"]][row["name"]] += 1
            if problem := self._damage(row["digest"]):
                yield f"artifact {row['name']} of task {row['task_id']}: {problem}"
        for task in rows.tasks:
            found = of_task[task["id"]]
            found.pop(EXECUTED, None)
            succeeded = task["state"] == "succeeded"
            declared = [a["name"] for a in task["plan"]["arguments"] if a.get("role") == "output"]
            if found != Counter(declared if succeeded else []):
                yield f"{task['state']} task {task['node']} published {dict(found)}"
        tasks = {task["id"]: task for task in rows.tasks}
        for entry in rows.cache:
            if tasks[entry["task_id"]]["state"] != "succeeded":
                yield f"the cache names task {entry['task_id']}, which has not succeeded"

    def _damage(self, digest: str) -> str:
        algorithm, _, text = digest.partition(":")
        path = self.store / "blobs" / algorithm / text[:2] / text[2:]
        if not path.is_file():
            return f"the bytes of {digest} are gone"
        found = hashlib.sha256(path.read_bytes()).hexdigest()
        return "" if found == text else f"the bytes of {digest} are damaged"

    def executed(self, rows: Rows, at_most: int) -> Iterator[str]:
        """From outside: executed at least once, but never twice for one attempt."""
        if self._witness is None:
            return
        executions = self.executions()
        twice = [a for a, n in Counter(e.attempt for e in executions).items() if n > 1]
        yield from (f"attempt {attempt} was executed twice" for attempt in twice)
        counts = Counter((one.run, one.node) for one in executions)
        attempts = Counter(row["task_id"] for row in rows.attempts)
        for task in rows.tasks:
            place, tried = (task["run_id"], task["node"]), attempts[task["id"]]
            if task["state"] == "succeeded" and not task["cached"] and not counts[place]:
                yield f"task {place} succeeded and was never executed"
            if counts[place] > (min(at_most, tried) if at_most else tried):
                yield f"task {place} was executed {counts[place]} times in {tried} attempts"
            if task["state"] in ("queued", "skipped", "waiting") and counts[place]:
                yield f"task {place} is {task['state']} and was executed"

    def visible(self, rows: Rows) -> Iterator[str]:
        """From outside: nodes saw exactly the published outputs of other nodes."""
        published = {
            (task["run_id"], task["node"]): self._nonce(rows, task)
            for task in rows.tasks
            if task["state"] == "succeeded"
        }
        runs = {row["id"] for row in rows.runs}
        made = defaultdict(set)
        for one in self.executions():
            made[one.run, one.node].add(one.nonce)
            known = {nonce for place, nonce in published.items() if place[0] == one.run}
            if one.run in runs and not known.issuperset(one.seen):
                yield f"node {one.node} of run {one.run} saw what was never published: {one.seen}"
        # a task whose attempt was lost may be served by the cache when its turn comes again
        cached = {(task["run_id"], task["node"]) for task in rows.tasks if task["cached"]}
        for place, nonce in published.items():
            if made[place] and nonce not in made[place] and place not in cached:
                yield f"task {place} published {nonce!r}, which none of its executions made"
        anywhere = set().union(*made.values())
        for place in cached & set(published):
            if published[place] not in anywhere:
                yield f"task {place} took {published[place]!r}, which nobody made"

    def printed(self, rows: Rows) -> Iterator[str]:
        """Printed lines are in the log, whichever process was dead meanwhile."""
        for row in rows.attempts if self.lines else ():
            log = self.store / "attempts" / row["id"] / "log"
            found = numbers_in(log.read_text()) if log.exists() else []
            whole = list(range(self.lines))
            if found != (whole if row["state"] == "succeeded" else whole[: len(found)]):
                yield f"the log of the {row['state']} attempt {row['id']} has the lines {found}"

    def _nonce(self, rows: Rows, task: Mapping[str, Any]) -> str:
        for row in rows.artifacts:
            if row["task_id"] == task["id"] and row["name"] != EXECUTED:
                text = row["digest"].partition(":")[2]
                path = self.store / "blobs" / "sha256" / text[:2] / text[2:]
                return path.read_text().strip() if path.is_file() else ""
        return ""

    # What is left (I12)

    def left(self, rows: Rows) -> Iterator[str]:
        """Yield processes, folders, sockets and locks without an owner."""
        yield from (f"process {words}" for words in self.processes().values())
        yield from self.folders({row["worker"] or row["id"] for row in rows.attempts})
        for lease in rows.leases:
            if lease["until"] > time.time():
                yield f"the lease {lease['name']} is held by {lease['holder']}"
        for lock in (self.store / "write.lock", self.store / "blobs" / "lock"):
            if lock.exists() and is_locked(lock):
                yield f"{lock} is locked"

    def processes(self) -> dict[int, str]:
        """Return all live processes with the store's mark, including the dispatcher's prepared
        parent."""
        found = {}
        for pid in self.marks():
            with contextlib.suppress(psutil.Error):
                process = psutil.Process(pid)
                if process.status() != psutil.STATUS_ZOMBIE:
                    found[pid] = f"{pid} {' '.join(process.cmdline())[:150]}"
        return found

    def marks(self) -> dict[int, dict[str, str]]:
        """Return their environments in one quick pass, because work may end in a moment."""
        found = {}
        for pid in sorted(psutil.pids(), reverse=True):
            with contextlib.suppress(OSError):
                content = Path(f"/proc/{pid}/environ").read_bytes()
                if self._own in content:
                    pairs = content.decode("utf-8", "replace").split("\0")
                    found[pid] = dict(pair.split("=", 1) for pair in pairs if "=" in pair)
        return found

    @property
    def _own(self) -> bytes:
        return f"NBYARD_STORE={self.store_id}\0".encode()

    def folders(self, known: Collection[str]) -> Iterator[str]:
        attempts = self.store / "attempts"
        for folder in attempts.iterdir() if attempts.is_dir() else ():
            if folder.name not in known:
                yield f"folder of the unknown attempt {folder.name}"
            calls = [*(folder / "calls").iterdir()] if (folder / "calls").is_dir() else []
            for place in (folder, *calls):
                own = OF_WORKERS if place is folder else set()
                strange: set[str] = set()
                with contextlib.suppress(FileNotFoundError):  # it was just tidied away
                    strange = {item.name for item in place.iterdir()} - RECORD - own
                if strange:
                    yield f"attempt {place.name} left {sorted(strange)}"
            with contextlib.suppress(OSError, ValueError, KeyError):
                scratch = json.loads((folder / "runner.json").read_text())["scratch"]
                if os.path.lexists(scratch):
                    yield f"attempt {folder.name} left {scratch}"
        temporary = self.store / "blobs" / "tmp"
        for path in temporary.iterdir() if temporary.is_dir() else ():
            if not is_locked(path):
                yield f"{path} is left"
        for path in (self.store / "wake").iterdir() if (self.store / "wake").is_dir() else ():
            if not psutil.pid_exists(int(path.name.partition("-")[0])):
                yield f"{path} is of a dead process"


def histories(rows: Rows) -> Iterator[str]:
    """The events of each subject are a legal path, and its row is final."""
    told = defaultdict(list)
    for event in rows.events:
        if "state" in event["data"] and "change" not in event["data"]:
            told[event["topic"], event["subject_id"]].append(event["data"]["state"])
    tables = {"run": rows.runs, "task": rows.tasks, "attempt": rows.attempts}
    for topic, table in tables.items():
        machine = MACHINES[topic]
        for row in table:
            path = told[topic, row["id"]]
            if not path or path[0] != machine.initial or path[-1] != row["state"]:
                yield f"{topic} {row['id']} is {row['state']}, told was {path}"
            for before, after in itertools.pairwise(path):
                if not machine.allows(before, after):
                    yield f"{topic} {row['id']} moved from {before} to {after}"


def overlaps(rows: Rows) -> Iterator[str]:
    """An attempt starts after the end of the one before it; at most one succeeds."""
    live: dict[str, set[str]] = defaultdict(set)
    machine = MACHINES["attempt"]
    task_of = {row["id"]: row["task_id"] for row in rows.attempts}
    for event in rows.events:
        if event["topic"] == "attempt" and event["subject_id"] in task_of:
            task = task_of[event["subject_id"]]
            if event["data"]["state"] in machine.terminal:
                live[task].discard(event["subject_id"])
            else:
                live[task].add(event["subject_id"])
            if len(live[task]) > 1:
                yield f"task {task} had the attempts {live[task]} at once"
    for task, group in grouped(rows.attempts, "task_id").items():
        numbers = sorted(row["number"] for row in group)
        if numbers != list(range(1, len(group) + 1)):
            yield f"attempts of task {task} are numbered {numbers}"
        if sum(row["state"] == "succeeded" for row in group) > 1:
            yield f"two attempts of task {task} succeeded"


def endings(rows: Rows) -> Iterator[str]:
    """Every run, task and attempt ends; the run's state follows from its tasks."""
    for name, table in (("run", rows.runs), ("task", rows.tasks), ("attempt", rows.attempts)):
        for row in table:
            if row["state"] not in MACHINES[name].terminal:
                yield f"{name} {row['id']} is still {row['state']}"
            if name == "attempt" and row["state"] == "lost" and not row["reason"]:
                yield f"attempt {row['id']} was lost without a reason"
    for run_id, group in grouped(rows.tasks, "run_id").items():
        state = next(row["state"] for row in rows.runs if row["id"] == run_id)
        if (state == "succeeded") != all(row["state"] == "succeeded" for row in group):
            yield f"run {run_id} {state}, its tasks {[row['state'] for row in group]}"


def numbers_in(log: str) -> list[int]:
    """Return the numbers of complete lines; the printing process may have been killed."""
    return [int(number) for number in re.findall(r"^line (\d+)\n", log, re.MULTILINE)]


def grouped(rows: Iterable[dict[str, Any]], column: str) -> dict[str, list[dict[str, Any]]]:
    found = defaultdict(list)
    for row in rows:
        found[row[column]].append(row)
    return found


def is_locked(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return False
    return False


@contextlib.contextmanager
def open_read_only(store: Path) -> Iterator[sqlite3.Connection]:
    """Open the database in its current state, while other processes change it."""
    database = sqlite3.connect(f"file:{store / 'store.sqlite'}?mode=ro", uri=True, timeout=10)
    try:
        yield database
    finally:
        database.close()
