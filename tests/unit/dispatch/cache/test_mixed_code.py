"""R5: code with files beside it from another version."""

import pytest

from nbyard.blobs.trees import Tree, TreeEntry
from nbyard.dispatch.cache.mixed_code import with_mixed_files
from nbyard.dispatch.context import DispatchContext
from nbyard.domain.runs.structs import TaskPlan
from nbyard.errors import NotFound
from nbyard.testing.fake_runtime_bench import Bench

from ...store.rows import Rows


def bundle(context: DispatchContext, folders: list[str], **texts: bytes) -> str:
    blobs = context.blobs
    digests = {name.replace("_", "."): blobs.put_bytes(text).digest for name, text in texts.items()}
    return blobs.put_tree(Tree([TreeEntry(*one, 1) for one in digests.items()], folders)).digest


def test_paths_come_from_the_other_version(bench: Bench) -> None:
    context = bench.context
    bundles = [
        bundle(context, ["data"], work_py=b"1", old_csv=b"1", same_csv=b"1", s_csv=b"1"),
        bundle(context, [], work_py=b"2", same_csv=b"2", s_csv=b"2", new_csv=b"2"),
    ]
    with context.store.write() as c:
        rows = Rows(context.store, c)
        executable = rows.executable("train")
        old, new = (
            rows.executable_version(executable.id, digest, bundle_digest=digest)
            for digest in bundles
        )
        paths = ("old.csv", "s.csv", "new.csv", "work.py")
        plan = TaskPlan(
            "a", "A", "e", old.id, [], {}, "process", mixed_files=dict.fromkeys(paths, new.id)
        )
        mixed = with_mixed_files(context, c, plan, old)
        tree = context.blobs.tree(mixed.bundle_digest)
        texts = {one.path: context.blobs.open(one.digest).read() for one in tree.files}
        assert texts == {"work.py": b"1", "same.csv": b"1", "s.csv": b"2", "new.csv": b"2"}
        assert (mixed.id, tree.folders) == (old.id, ["data"])
        gone = TaskPlan("a", "A", "e", old.id, [], {}, "process", mixed_files={"s.csv": "gone"})
        with pytest.raises(NotFound):
            with_mixed_files(context, c, gone, old)
