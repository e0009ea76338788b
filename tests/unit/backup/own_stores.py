"""The store that a user had before, in a backup."""

from contextlib import closing
from pathlib import Path

import msgspec

from nbyard.backup.writing import write_backup
from nbyard.blobs import Blobs
from nbyard.domain.ids import new_id
from nbyard.domain.runs.structs import BytesOf, TaskPlan
from nbyard.domain.state_machines import ATTEMPT, RUN
from nbyard.store import Store, transition
from nbyard.store.events import Subject

from ..store.rows import Rows
from ..store.test_projects import add as add_project

HOME = "/home/ada"
VALUE = new_id()  # of the user, although it looks like an ID


def back_up_own_store(folder: Path) -> Path:
    """Write the backup of a store with a run, its output and log, a dataset and a project."""
    with closing(Store(folder / "own")) as own:
        blobs = Blobs(own.folder / "blobs")
        data = blobs.put_bytes(b"a,b\n1,2\n")
        with own.write() as c:
            rows = Rows(own, c)
            dataset = rows.dataset("sales", "ada")
            ready = {"digest": data.digest, "size_bytes": data.size_bytes}
            own.datasets.set_ready(c, "ada", dataset.current.id, **ready)
            executable = rows.executable("train", "ada", f"{HOME}/train.py")
            run = rows.run("nightly", path=f"{HOME}/train.py", parameters={"key": VALUE})
            source = BytesOf(data.digest, "a.csv", source=f"dataset:{dataset.current.id}")
            version = own.executables.versions(c, executable.id)[0]
            names = ("a", "A", executable.id, version.id)
            plan = TaskPlan(*names, [], {"in": source}, "docker", image="python")
            task = rows.succeeded(run, plan=msgspec.to_builtins(plan), cache_key=data.digest)
            attempt = rows.attempt(task)
            for state in ("starting", "running", "succeeded"):
                transition.move(c, ATTEMPT, attempt.subject, state)
            rows.artifact(task, "model", blobs.put_bytes(b"model").digest)
            for state in ("running", "succeeded"):
                transition.move(c, RUN, Subject(run.id, "ada", run.id), state)
            project = add_project(own, c, "churn", owner="ada")
            own.projects.link(c, project, "dataset", dataset.id)
        log = own.folder / "attempts" / attempt.id / "log"
        log.parent.mkdir(parents=True)
        log.write_text("done")
        write_backup(own, folder / "b.tar")
    return folder / "b.tar"
