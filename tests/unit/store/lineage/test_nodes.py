"""R15, I23: nodes as one user may see them."""

import msgspec

from nbyard.domain.lineage.structs import LineageNode, Ref
from nbyard.domain.runs.structs import BytesOf

from .records import Records, names, walk


def test_others_see_that_there_is_something_and_no_more(store, chain):
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


def test_what_was_deleted_keeps_the_name_of_its_user(store, chain):
    with store.write() as c:
        store.runs.delete(c, store.runs.by_id(c, chain["run"]))
    with store.read() as c:
        found = walk(store, c, "ada", [Ref("deployment", chain["served"])])
        (gone,) = [node for node in found.nodes if node.is_deleted]
        assert (gone.kind, gone.name) == ("artifact", "fit.model of flow, run 1")
        found = walk(store, c, "ada", [Ref("task", chain["score"])])
        assert [n.name for n in found.nodes if n.is_deleted and n.kind == "artifact"] == ["x"]
