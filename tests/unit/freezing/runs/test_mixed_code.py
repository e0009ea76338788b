"""Code with files from another version."""

from pathlib import Path

import msgspec
import pytest

from nbyard.blobs import Blobs
from nbyard.blobs.trees import Tree, TreeEntry
from nbyard.domain.runs.structs import TaskPlan
from nbyard.errors import NotFound
from nbyard.freezing.runs.bisected_runs import with_mixed_bundles
from nbyard.store import Store

from ...store.rows import Rows


def bundle(blobs: Blobs, folders: list[str], **texts: bytes) -> str:
    digests = {name.replace("_", "."): blobs.put_bytes(text).digest for name, text in texts.items()}
    return blobs.put_tree(Tree([TreeEntry(*one, 1) for one in digests.items()], folders)).digest


def test_paths_come_from_the_other_version(store: Store, tmp_path: Path) -> None:
    blobs = Blobs(tmp_path / "blobs")
    bundles = [
        bundle(blobs, ["data"], work_py=b"1", old_csv=b"1", same_csv=b"1", s_csv=b"1"),
        bundle(blobs, [], work_py=b"2", same_csv=b"2", s_csv=b"2", new_csv=b"2"),
    ]
    with store.write() as c:
        rows = Rows(store, c)
        executable = rows.executable("train")
        old, new = (
            rows.executable_version(executable.id, digest, bundle_digest=digest)
            for digest in bundles
        )
        paths = ("old.csv", "s.csv", "new.csv", "work.py")
        plain = TaskPlan("a", "A", "e", old.id, [], {}, "process")
        plan = msgspec.structs.replace(plain, mixed_files=dict.fromkeys(paths, new.id))
        mixed, same = with_mixed_bundles(store, blobs, c, [plan, plain])
        assert same == plain
        tree = blobs.tree(mixed.mixed_bundle)
        texts = {one.path: blobs.open(one.digest).read() for one in tree.files}
        assert texts == {"work.py": b"1", "same.csv": b"1", "s.csv": b"2", "new.csv": b"2"}
        assert (mixed.executable_version_id, tree.folders) == (old.id, ["data"])
        assert mixed.code_identity != plain.code_identity == old.id
        gone = msgspec.structs.replace(plain, mixed_files={"s.csv": "gone"})
        with pytest.raises(NotFound):
            with_mixed_bundles(store, blobs, c, [gone])
