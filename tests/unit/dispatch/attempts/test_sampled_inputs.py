"""The inputs of a check run."""

import dataclasses
from collections import Counter
from pathlib import PurePosixPath

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.fake_runtime_bench import Bench

from nbyard.blobs.trees import Tree, TreeEntry
from nbyard.dispatch.attempts.input_staging import complete_input, fair_files, with_sample
from nbyard.dispatch.state.attempt_snapshot import AttemptSnapshot
from nbyard.domain.runs.structs import BytesOf, Sample, bytes_of
from nbyard.errors import Damaged

TABLE = b"n\n" + b"".join(b"%d\n" % n for n in range(10))
# The reader processes live as long as the bench.
pytestmark = pytest.mark.leaves_running


def snapshot(bench: Bench, sample: Sample | None, **inputs: BytesOf) -> AttemptSnapshot:
    found = bench.snapshot(bench.start())
    plan = msgspec.structs.replace(found.task.plan, sample=sample)
    task = msgspec.structs.replace(found.task, plan=plan)
    return dataclasses.replace(found, task=task, inputs=inputs)


def stored(bench: Bench, content: bytes, name: str = "data.csv") -> BytesOf:
    return bytes_of(bench.context.blobs.put_bytes(content).digest, name)


def folder(bench: Bench, *paths: str, content: bytes = TABLE) -> BytesOf:
    digest = bench.context.blobs.put_bytes(content).digest
    entries = [TreeEntry(path, digest, len(content)) for path in paths]
    return BytesOf(bench.context.blobs.put_tree(Tree(entries)).digest, "many")


def test_without_a_sample_inputs_are_unchanged(bench):
    case = snapshot(bench, None, data=stored(bench, TABLE))
    with with_sample(bench.context, case) as staged:
        assert staged is case


def test_sampled_tables_know_their_full_size(bench):
    whole, note = stored(bench, TABLE), stored(bench, b"a\nb\nc\n", "note.txt")
    case = snapshot(bench, Sample(2, 1), data=whole, note=note)
    with with_sample(bench.context, case) as staged:
        cut = staged.inputs["data"]
        assert bench.context.blobs.path(cut.digest).read_bytes() == b"n\n0\n9\n"
        assert (cut.filename, cut.typed, complete_input(cut)) == ("data.csv", True, whole)
        assert staged.inputs["note"].digest == note.digest
    assert complete_input(whole) is whole
    assert case.inputs["data"] is whole, "cache keys and records have the whole data"


def test_a_broken_table_is_passed_unchanged(bench):
    broken = stored(bench, b"no parquet", "data.parquet")
    with with_sample(bench.context, snapshot(bench, Sample(2, 1), data=broken)) as staged:
        assert staged.inputs["data"].digest == broken.digest


def test_damaged_bytes_are_refused(bench):
    whole = stored(bench, TABLE)
    path = bench.context.blobs.path(whole.digest)
    path.chmod(0o600)
    path.write_bytes(TABLE.replace(b"0", b"7"))
    case = snapshot(bench, Sample(2, 1), data=whole)
    with pytest.raises(Damaged), with_sample(bench.context, case):
        pass


def test_folders_keep_some_files_with_some_rows(bench):
    whole = folder(bench, "a/1.csv", "a/2.csv", "a/3.csv", "b/1.csv", "c.csv")
    with with_sample(bench.context, snapshot(bench, Sample(2, 2), data=whole)) as staged:
        tree = bench.context.blobs.tree(staged.inputs["data"].digest)
        paths = [one.path for one in tree.files]
        assert len(paths) == 4 and paths == sorted(paths) and paths[2:] == ["b/1.csv", "c.csv"]
        assert {one.size_bytes for one in tree.files} == {len(b"n\n0\n9\n")}
        place = bench.context.folder / "staged"
        bench.context.blobs.stage(staged.inputs["data"].digest, place)
        assert (place / "b/1.csv").read_bytes() == b"n\n0\n9\n"


@pytest.mark.parametrize("name", ["MLmodel", "nervosum.yaml"])
def test_models_and_small_folders_are_not_sampled(bench, name):
    model = folder(bench, name, *(f"{n}.bin" for n in range(9)), content=b"x")
    small = folder(bench, "a.txt", "b.txt", content=b"x")
    case = snapshot(bench, Sample(2, 2), model=model, small=small)
    with with_sample(bench.context, case) as staged:
        assert staged.inputs["model"].digest == model.digest
        assert staged.inputs["small"].digest == small.digest


NAMES = st.lists(
    st.from_regex(r"([ab]/){0,2}[a-e]\.(csv|CSV|png)", fullmatch=True), unique=True, max_size=20
)


@given(NAMES, st.integers(1, 4))
def test_some_files_of_each_kind(names, most):
    def group(path: str) -> tuple[str, str]:
        return str(PurePosixPath(path).parent), PurePosixPath(path).suffix.lower()

    tree = Tree([TreeEntry(name, "sha256:0", 1) for name in names])
    chosen = [entry.path for entry in fair_files(tree, most)]
    assert chosen == sorted(chosen)
    counts = Counter(map(group, names))
    assert Counter(map(group, chosen)) == {key: min(n, most) for key, n in counts.items()}


def test_files_that_belong_together_stay_together():
    names = [f"{kind}/{n}.{suffix}" for kind, suffix in (("images", "png"), ("labels", "txt"))
             for n in range(50)]  # fmt: skip
    tree = Tree([TreeEntry(name, "sha256:0", 1) for name in names])
    chosen = [PurePosixPath(entry.path) for entry in fair_files(tree, 5)]
    stems = [[path.stem for path in chosen if path.suffix == suffix] for suffix in (".png", ".txt")]
    assert stems[0] == stems[1] and stems[0] != [str(n) for n in range(5)]
