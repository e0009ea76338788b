"""Sources of nodes of a lineage."""

import msgspec
from sqlalchemy import update

from nbyard.domain.attempts.structs import Observed
from nbyard.domain.digest import KeyParts
from nbyard.domain.lineage.structs import LineageKind, Ref
from nbyard.domain.runs.structs import ResultOf
from nbyard.store.schema.deployment_tables import models
from nbyard.store.schema.tables import images, tasks

from ..rows import START
from .records import Records, names, walk


def test_a_version_that_a_run_uploaded_comes_from_its_result(store):
    with store.write() as c:
        rows = Records(store, c)
        run = rows.run()
        task = rows.work(run, "make", {})
        made = rows.artifact(task, digest="same")
        same, other = rows.ready("same", "ada", run.id, "same"), rows.ready("b", "ada", run.id)
    with store.read() as c:
        found = walk(store, c, "ada", [Ref("dataset", same)])
        assert names(found) == ["artifact out", "dataset same", "task make"]
        found = walk(store, c, "ada", [Ref("dataset", other)])
        assert names(found) == ["dataset b", "run ", "task make"]
        found = walk(store, c, "ada", [Ref("artifact", made.id)])
        assert "dataset same" in names(found) and "dataset b" not in names(found)


def test_a_missing_result_is_shown_as_its_task(store):
    with store.write() as c:
        rows = Records(store, c)
        run = rows.run()
        rows.work(run, "one", {})
        two = rows.work(run, "two", {"x": ResultOf("one", "out"), "y": ResultOf("gone", "z")})
    with store.read() as c:
        found = walk(store, c, "ada", [Ref("task", two.id)])
    assert names(found) == ["task one", "task two"]


def test_images_come_from_environments_and_files(store):
    with store.write() as c:
        rows = Records(store, c)
        used = rows.environment("science")
        built = rows.image("science:1", environment=used.id, version=1)
        plain = rows.image("plain:1", path="/p/Dockerfile")
        files = rows.model(rows.image("m:1"))
        c.execute(update(models).where(models.c.id == files).values(path="/p/model.yaml"))
        run = rows.run()
        task = rows.work(run, "a", {}, image="science:1")
        other = rows.work(run, "b", {}, image="python:3.12")
        c.execute(update(images).where(images.c.id == plain).values(removed_at=START))
    with store.read() as c:
        starts: list[tuple[LineageKind, str]] = [
            ("image", built),
            ("image", plain),
            ("model", files),
            ("task", task.id),
            ("task", other.id),
        ]
        of = {key: names(walk(store, c, "ada", [Ref(kind, key)])) for kind, key in starts}
    assert of[built] == ["environment science", "image science:1"]
    assert of[plain] == ["image plain:1"], "it was deleted"
    assert of[files] == ["file /p/model.yaml", "image m:1", "model irises"]
    assert of[task.id] == ["environment science", "image science:1", "task a"]
    assert of[other.id] == ["image python:3.12", "task b"]


def test_a_kernel_of_the_machine_is_an_environment_by_its_fingerprint(store):
    with store.write() as c:
        rows = Records(store, c)
        run = rows.run()
        first = rows.work(run, "a", {}, kernel="ir")
        second = rows.work(run, "b", {})
        for task in (first, second):
            values = {"parts": {"environment": "sha256:f"}}
            c.execute(update(tasks).where(tasks.c.id == task.id).values(**values))
    with store.read() as c:
        assert names(walk(store, c, "ada", [Ref("task", first.id)])) == ["environment ir", "task a"]
        found = walk(store, c, "ada", [Ref("task", second.id)])
    assert names(found) == ["environment process", "task b"]
    (one,) = [node for node in found.nodes if node.kind == "environment"]
    assert (one.digest, one.is_deleted, one.subject) == ("sha256:f", False, "")


def test_a_data_file_that_the_code_read_is_a_file(store):
    files = {"w/s.csv": "sha256:1", "unread.csv": "sha256:2", "m.py": "sha256:3"}
    parts = KeyParts("c", {}, {}, files, "e", "d")
    observed = Observed(read=["w/s.csv", "m.py"])
    with store.write() as c:
        rows = Records(store, c)
        task = rows.work(rows.run(), "make", {})
        values = {"parts": msgspec.to_builtins(parts), "observed": msgspec.to_builtins(observed)}
        c.execute(update(tasks).where(tasks.c.id == task.id).values(**values))
    with store.read() as c:
        found = walk(store, c, "ada", [Ref("task", task.id)])
    assert [(one.name, one.digest) for one in found.nodes if one.kind == "file"] == [
        ("w/s.csv", "sha256:1")
    ]


def test_files_of_a_folder_are_read_only_if_data_files_were(store):
    """Parts list all files of a folder. Here they are unreadable, so reading them would fail."""
    with store.write() as c:
        rows = Records(store, c)
        run = rows.run()
        made = {node: rows.work(run, node, {}) for node in ("code", "unknown")}
        for node, observed in (("code", Observed(read=["m.py"])), ("unknown", None)):
            values = {"parts": {"environment": "e"}, "observed": msgspec.to_builtins(observed)}
            c.execute(update(tasks).where(tasks.c.id == made[node].id).values(**values))
    with store.read() as c:
        found = walk(store, c, "ada", [Ref("task", task.id) for task in made.values()])
    assert {one.kind for one in found.nodes} == {"code", "environment", "task"}
