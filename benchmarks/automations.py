"""Measure what many automations cost while nothing happens, and how late their runs are.

    python benchmarks/automations.py [--automations 10000] [--folders 25] [--seconds 30]
        [--rounds 5] [--smallest]

| contender | what is measured |
|---|---|
| time | from the due time to the record of the run |
| dataset | from the end of the import of a version to the record of the run |
| run | from the end of the run before to the record of the run |
| file | from the change of a file to the record of the run, without the settle time |
| webhook | from the arrival of a signed message to the record of the run |
| nothing happens | the dispatcher's processor time as a share of one core |
| floor: one of each kind | the same with one automation of each kind |

The kinds have equal shares. Each automation on an event has a source of its own. The watched files
lie in so many folders.
"""

import argparse
import secrets
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from parts.dispatching import dispatching
from parts.paired import options_of, print_line
from parts.processor import processor_seconds

from nbyard.domain.automations.file_changes import LEAST_SETTLE
from nbyard.domain.automations.structs import (
    AutomaticRun,
    Automation,
    AutomationPatch,
    NewAutomation,
    OnDataset,
    OnFile,
    OnRun,
    OnWebhook,
)
from nbyard.domain.automations.times.structs import Phrase
from nbyard.domain.automations.webhooks import Message, signature_of
from nbyard.domain.callers import Caller
from nbyard.domain.datasets.structs import FileSource, NewDataset
from nbyard.domain.runs.structs import NewRun, Run
from nbyard.host import clock
from nbyard.settings import Settings
from nbyard.yard import Yard

OWNER = Caller("ann")
KINDS = ("time", "dataset", "run", "file", "webhook")
PATIENCE_SECONDS = 60.0
DUE_SECONDS = 3
FAR = Phrase("2090-01-01 0:00")
Found = TypeVar("Found")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--automations", type=int, default=10_000)
    parser.add_argument("--folders", type=int, default=25)
    parser.add_argument("--seconds", type=float, default=30.0, help="idle time that is measured")
    parser.add_argument("--rounds", type=int, default=5)
    options = options_of(parser, automations=50, folders=2, seconds=0.5, rounds=1)
    with tempfile.TemporaryDirectory() as name:
        many = Place(Path(name) / "many", options.automations // len(KINDS), options)
        few = Place(Path(name) / "few", 1, options)
        for number in range(options.rounds):
            for place in (many, few)[:: -1 if number % 2 else 1]:
                place.round()
    title = f"{options.automations} automations"
    shares = {"nothing happens": many.shares, "floor: one of each kind": few.shares}
    for contender, found in shares.items():
        median = statistics.median(found)
        sys.stderr.write(f"{contender}: {100 * median:.2f} % of a core\n")
    print_line(f"{title} while nothing happens", shares=shares)
    for kind, late in many.late.items():
        other = statistics.median(few.late[kind])
        median = statistics.median(late)
        sys.stderr.write(f"{kind:9} {median:.3f} s (max {max(late):.3f}; floor {other:.3f})\n")
    print_line(
        f"{title}: seconds from a due time or event to its run", seconds=many.late, floor=few.late
    )


class Place:
    """A store with many automations of each kind, and its dispatcher."""

    def __init__(self, folder: Path, each: int, options: argparse.Namespace):
        folder.mkdir()
        self._root, self._seconds = folder, options.seconds
        self._warm_up = options.warm_up
        for name in ("work.py", "before.py"):
            (folder / name).write_text("print()\n")
        (folder / "sea.csv").write_text("a,b\n1,2\n")
        self._settings = Settings(store_dir=str(folder / "store"), inline_dispatch=True)
        self.shares: list[float] = []
        self.late: dict[str, list[float]] = {kind: [] for kind in KINDS}
        folders = [folder / f"in{number}" for number in range(options.folders)]
        for one in folders:
            one.mkdir()
        self._file = folders[0] / "flag"
        with dispatching(self._settings, self._root) as (_, yard):
            self._publish(yard)
            self._automations = {kind: self._create(yard, kind) for kind in KINDS}
        fill(folder / "store" / "store.sqlite", each - 1, folders)

    def _create(self, yard: Yard, kind: str) -> Automation:
        on: dict[str, Any] = {
            "time": FAR,
            "dataset": OnDataset("sea"),
            "run": OnRun("before.py"),
            "file": OnFile(str(self._file), settle_seconds=LEAST_SETTLE),
            "webhook": OnWebhook(),
        }
        body = NewAutomation(AutomaticRun(path="work.py"), on[kind], kind)
        return yard.services.automations.create(OWNER, body)

    def round(self) -> None:
        """Measure an idle dispatcher, then cause one due time and one event of each kind."""
        events: dict[str, Callable[[Yard], datetime]] = {
            "time": self._due,
            "dataset": self._publish,
            "run": self._run_before,
            "file": self._change,
            "webhook": self._deliver,
        }
        with dispatching(self._settings, self._root) as (pid, yard):
            if self._warm_up:  # then it has imported everything and watches all files
                for kind, cause in events.items():
                    self._late(yard, kind, cause)
                rest(pid)
            before = processor_seconds(pid)
            time.sleep(self._seconds)
            self.shares.append((processor_seconds(pid) - before) / self._seconds)
            for kind, cause in events.items():
                self.late[kind].append(self._late(yard, kind, cause))

    def _late(self, yard: Yard, kind: str, cause: Callable[[Yard], datetime]) -> float:
        key = self._automations[kind].id
        known = {run.id for run in self._runs(yard, key)}
        at = cause(yard)
        (run,) = wait_for(lambda: [one for one in self._runs(yard, key) if one.id not in known])
        wait_for(lambda: yard.services.runs.get(OWNER, run.id).run.state == "succeeded")
        late = (run.created_at - at).total_seconds()
        return max(late - LEAST_SETTLE, 0.0) if kind == "file" else late

    def _runs(self, yard: Yard, key: str) -> list[Run]:
        return yard.services.runs.list(OWNER, automation=key, limit=5).items

    def _due(self, yard: Yard) -> datetime:
        automation = yard.services.automations.get(OWNER, self._automations["time"].id)
        patch = AutomationPatch(automation.revision, on=Phrase(f"in {DUE_SECONDS} seconds"))
        due = yard.services.automations.update(OWNER, automation.id, patch).next_due
        assert due is not None
        return due

    def _publish(self, yard: Yard) -> datetime:
        body = NewDataset(FileSource("sea.csv"), name="sea", replace=True)
        made = yard.services.datasets.create(OWNER, body)

        def finished() -> datetime | None:
            return yard.services.datasets.get(OWNER, made.id).current.finished_at

        return wait_for(finished)

    def _run_before(self, yard: Yard) -> datetime:
        made = yard.services.runs.create(OWNER, NewRun(path="before.py", force=True))
        return wait_for(lambda: yard.services.runs.get(OWNER, made.id).run.finished_at)

    def _change(self, yard: Yard) -> datetime:
        self._file.write_text(secrets.token_hex(4))
        return clock.now()

    def _deliver(self, yard: Yard) -> datetime:
        made, name, at = self._automations["webhook"], secrets.token_hex(8), clock.now()
        sent = str(int(at.timestamp()))
        message = Message(name, sent, signature_of(made.secret, name, sent, b"{}"), b"{}")
        yard.services.automations.deliver(made.id, message, "127.0.0.1")
        return at


def wait_for(find: Callable[[], Found | None]) -> Found:
    """Return what is found as soon as anything is."""
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        if found := find():
            return found
        time.sleep(0.02)
    raise TimeoutError("waited in vain")


def rest(pid: int) -> None:
    """Wait until a dispatcher does little: at the start it looks at all files."""
    end = time.monotonic() + PATIENCE_SECONDS
    used = processor_seconds(pid)
    while time.monotonic() < end:
        time.sleep(1.0)
        before, used = used, processor_seconds(pid)
        if used - before < 0.05:
            return


def fill(database: Path, count: int, folders: list[Path]) -> None:
    """Copy the automation of each kind that many times, each copy with its own source."""
    with sqlite3.connect(database) as c:
        c.row_factory = sqlite3.Row
        for row in c.execute("select * from automations").fetchall():
            known = dict(row)
            copies = []
            for number in range(count):
                key = f"{known['kind'][:4]}{number:032}"
                own = {"id": key, "name": f"{known['kind']} {number}"}
                if known["source_id"]:
                    own["source_id"] = f"{number:036}"
                if known["source_path"]:
                    path = str(folders[number % len(folders)] / f"{number}.csv")
                    own["source_path"] = path
                    event = msgspec.json.decode(known["event"]) | {"path": path}
                    own["event"] = msgspec.json.encode(event).decode()
                copies.append(known | own)
            insert(c, "automations", copies)
            if known["kind"] == "file":
                files = [
                    {"automation_id": one["id"], "version": 1, "files": "{}"} for one in copies
                ]
                insert(c, "automation_files", files)
    c.close()


def insert(c: sqlite3.Connection, table: str, rows: list[dict[str, Any]]) -> None:
    """Insert rows with all columns of a table."""
    for row in rows[:1]:
        marks = ", ".join(f":{name}" for name in row)
        c.executemany(f"insert into {table} ({', '.join(row)}) values ({marks})", rows)


if __name__ == "__main__":
    main()
