"""Nodes as one user may see them."""

import msgspec
from sqlalchemy import update

from nbyard.domain.lineage.structs import LineageNode, Ref
from nbyard.domain.runs.structs import BytesOf, SecretOf, ValueOf
from nbyard.store.schema.tables import environment_versions, tasks

from .records import Records, names, walk


def test_other_users_see_only_that_a_record_exists(store, chain):
    with store.write() as c:
        rows = Records(store, c)
        run = rows.run(owner="eve")
        source = BytesOf("d", "a", "irises v1", source=f"dataset:{chain['version']}")
        task = rows.work(run, "theirs", {"data": source, "file": BytesOf("f", "b.csv")})
        served = rows.deployment("copy", "nbyard/model-irises:1", "eve")
    with store.read() as c:
        found = walk(store, c, "eve", [Ref("task", task.id)])
        assert names(found) == ["dataset ", "file b.csv", "task theirs"]
        (unseen,) = [node for node in found.nodes if not node.is_visible]
        text = msgspec.json.encode(found).decode()
        assert chain["version"] not in text and "irises" not in text
        assert msgspec.structs.replace(unseen, id="", column=0) == LineageNode(
            "", "dataset", is_visible=False
        )
        # The engine has one image of a name for all; whose it is does not show.
        found = walk(store, c, "eve", [Ref("deployment", served)])
        assert names(found) == ["deployment copy", "image "]
        found = walk(store, c, "ada", [Ref("dataset", chain["version"])])
        assert "task theirs" not in names(found) and "task " in names(found)
        assert "deployment copy" not in names(found)


def test_a_deleted_record_keeps_its_name(store, chain):
    with store.write() as c:
        store.runs.delete(c, store.runs.by_id(c, chain["run"]))
    with store.read() as c:
        found = walk(store, c, "ada", [Ref("deployment", chain["served"])])
        (gone,) = [node for node in found.nodes if node.is_deleted]
        assert (gone.kind, gone.name) == ("artifact", "fit.model of flow, run 1")
        found = walk(store, c, "ada", [Ref("task", chain["score"])])
        assert [n.name for n in found.nodes if n.is_deleted and n.kind == "artifact"] == ["x"]


def test_tasks_show_their_parameters_and_environments_their_packages(store):
    with store.write() as c:
        rows = Records(store, c)
        run = rows.run()
        used = rows.environment("science")
        packages = [{"name": "cowsay", "version": "6.1"}]
        where = environment_versions.c.id == used.version_id
        c.execute(update(environment_versions).where(where).values(packages=packages))
        secret, data = SecretOf("c", "hub", 1), BytesOf("d", "a")
        one = rows.work(
            run, "one", {"seed": ValueOf(7), "token": secret, "x": data}, environment=used
        )
        two = rows.work(run, "two", {}, kernel="python3")
        parts = {"environment": "sha256:1"}
        c.execute(update(tasks).where(tasks.c.id == two.id).values(parts=parts))
        store.fingerprints.store_packages(c, "sha256:1", {"polars": "2.1"})
    with store.read() as c:
        found = walk(store, c, "ada", [Ref("task", one.id), Ref("task", two.id)])
    nodes = {node.name: node for node in found.nodes}
    assert nodes["one"].parameters == {"seed": 7, "token": "hub"}
    assert nodes["two"].parameters == {}
    assert nodes["science"].packages == {"cowsay": "6.1"}
    assert nodes["python3"].packages == {"polars": "2.1"}
