"""Rows as services and the dispatcher write them, with as little said as a test needs."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from nbyard.domain.arguments.structs import Argument
from nbyard.domain.commands.invocations import Invocation
from nbyard.domain.datasets.structs import Dataset
from nbyard.domain.executables.structs import Executable, ExecutableVersion, Resources
from nbyard.domain.ids import new_id
from nbyard.domain.runs.structs import Artifact, Run, TaskPlan
from nbyard.domain.state_machines import TASK
from nbyard.store import Connection, Store, transition
from nbyard.store.runs.attempts import AttemptRecord
from nbyard.store.runs.tasks import TaskRecord

DIGEST = f"sha256:{'1' * 64}"
START = datetime(2026, 1, 2, 3, 4, 5, 678901, UTC)


def moment(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


class Rows:
    """Makes rows in one transaction; `ada` owns what nobody else is named for."""

    def __init__(self, store: Store, c: Connection):
        self.store = store
        self.c = c

    def dataset(self, name: str, owner: str = "ada") -> Dataset:
        """With one version, importing."""
        row = _named(name, owner)
        self.store.datasets.insert(self.c, row)
        self.dataset_version(row["id"], owner)
        found = self.store.datasets.get(self.c, owner, row["id"])
        assert found is not None
        return found

    def dataset_version(self, dataset_id: str, owner: str = "ada") -> str:
        row: dict[str, Any] = dict.fromkeys(("source", "format", "digest"), "")
        row |= {
            "reason": None,
            "id": new_id(),
            "dataset_id": dataset_id,
            "number": self.store.datasets.next_number(self.c, dataset_id),
            "origin": "file",
            "filename": "a.csv",
            "bytes_done": 0,
            "created_at": START,
        }
        self.store.datasets.add_version(self.c, owner, row)
        return str(row["id"])

    def executable(self, name: str, owner: str = "ada", path: str = "") -> Executable:
        """With one version."""
        row = _named(name, owner) | {"path": path}
        self.store.executables.insert(self.c, row)
        self.executable_version(row["id"], "first")
        found = self.store.executables.get(self.c, owner, row["id"])
        assert found is not None
        return found

    def executable_version(
        self, executable_id: str, identity: str, arguments: Sequence[Argument] = (), **fields: str
    ) -> ExecutableVersion:
        digests = ("content_digest", "code_digest", "bundle_digest")
        texts: dict[str, Any] = dict.fromkeys(("kernel", *digests), "")
        texts |= fields
        made = ExecutableVersion(
            id=new_id(),
            executable_id=executable_id,
            number=self.store.executables.next_number(self.c, executable_id),
            kind="command",
            language="python",
            file="work.py",
            arguments=list(arguments),
            command=["python3"],
            resources=Resources(cpu=2),
            created_at=START,
            invocation=Invocation(apart=True),
            **texts,
        )
        self.store.executables.add_version(self.c, made, identity)
        return made

    def run(self, name: str | None = None, owner: str = "ada", **columns: Any) -> Run:
        row: dict[str, Any] = dict.fromkeys(
            ("title", "path", "workflow_id", "workflow_version_id"), ""
        )
        row |= {"id": new_id(), "name": name, "owner": owner, "runtime": "process"}
        row |= {"parameters": {}, "edges": [], "reason": None, "created_at": START, **columns}
        self.store.runs.insert(self.c, row)
        found = self.store.runs.get(self.c, owner, row["id"])
        assert found is not None
        return found

    def task(self, run: Run, node: str = "a", **columns: Any) -> TaskRecord:
        """Waiting, unless `state` says how far it has come."""
        states = _path_to(columns.pop("state", "waiting"))
        plan = TaskPlan(node, node.upper(), columns.pop("executable", "e"), "v", [], {}, "process")
        row = {
            "id": new_id(),
            "run_id": run.id,
            "node": node,
            "place": len(self.store.tasks.of_run(self.c, run.id)),
            "cached": False,
            "reason": None,
            "plan": msgspec.to_builtins(plan),
            "cache_key": "",
            "executable_id": plan.executable_id,
            "created_at": START,
            **columns,
        }
        self.store.tasks.insert(self.c, run.owner, run.id, [row])
        made = self.store.tasks.get(self.c, row["id"])
        assert made is not None
        for state in states:
            assert transition.move(self.c, TASK, made.subject, state)
        found = self.store.tasks.get(self.c, made.id)
        assert found is not None
        return found

    def succeeded(self, run: Run, at: float = 0, **columns: Any) -> TaskRecord:
        """The task of the node `a`, so many seconds after START."""
        return self.task(run, "a", state="succeeded", finished_at=moment(at), **columns)

    def attempt(self, task: TaskRecord) -> AttemptRecord:
        number = self.store.attempts.tries(self.c, task.run_id).get(task.id, (0, 0, None))[0] + 1
        made = AttemptRecord(
            id=new_id(),
            task_id=task.id,
            run_id=task.run_id,
            owner=task.owner,
            number=number,
            state="recorded",
            runtime="process",
            site="",
            token="t",
            mark="m",
        )
        transition.move_all(self.c, [], self.store.attempts.insertions([made]))
        assert made in self.store.attempts.live(self.c, task.run_id)
        return made

    def artifact(self, task: TaskRecord, name: str = "out", digest: str = DIGEST) -> Artifact:
        row = {"name": name, "filename": f"{name}.csv", "format": "csv", "digest": digest}
        self.store.artifacts.insert_all(self.c, [(task, [row | {"size_bytes": 2**40}])])
        return self.store.artifacts.of_task(self.c, task.id)[name]


def _named(name: str, owner: str) -> dict[str, Any]:
    return {
        "id": new_id(),
        "name": name,
        "description": "",
        "owner": owner,
        "revision": 1,
        "created_at": START,
        "updated_at": START,
    }


def _path_to(state: str) -> list[str]:
    before = ["queued", "preparing", "running"]
    if state == "waiting":
        return []
    return before[: before.index(state) + 1] if state in before else [*before, state]
