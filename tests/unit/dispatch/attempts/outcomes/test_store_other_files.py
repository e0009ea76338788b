"""Files that work wrote beside its declared outputs."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.support.fake_runtime_bench import OWNER, SCRIPT, Bench

from nbyard.blobs.file_operations import disk_full
from nbyard.dispatch.attempts.controller import AttemptController
from nbyard.dispatch.attempts.outcomes import attempt_outcome, store_outputs
from nbyard.dispatch.cache.keys import Identities
from nbyard.dispatch.garbage import GarbageCollector
from nbyard.dispatch.threads import Threads
from nbyard.domain import limits
from nbyard.domain.attempts.other_files import OtherFileList, OtherFiles
from nbyard.errors import NotFound
from nbyard.runner.secret_masking import Masks

Write = Callable[[Path], object]


def running(bench: Bench, **plan: object) -> tuple[str, Path]:
    """A run whose only attempt runs, and its copy of the code."""
    run = bench.start(**plan)
    return run, bench.folder(bench.attempt(run)) / "code"


def ended(bench: Bench, write: Write, state: str = "succeeded", **plan: object) -> str:
    """A run whose work wrote this."""
    run, code = running(bench, **plan)
    write(code)
    bench.fail(run, "boom") if state == "failed" else bench.finish(run, "made")
    bench.until_run(run, state)
    return run


def files(bench: Bench, run: str) -> OtherFileList:
    return bench.yard.services.runs.files(OWNER, run, "a")


def kept(bench: Bench, run: str) -> dict[str, str]:
    """Their bytes by their paths."""
    blobs = bench.context.blobs
    return {one.path: blobs.path(one.digest).read_text() for one in files(bench, run).files}


def left(bench: Bench, run: str) -> dict[str, str]:
    return {one.path: one.why for one in files(bench, run).left_out}


def some(code: Path) -> None:
    (code / "result.csv").write_text("x\n1\n")
    (code / "plots").mkdir()
    (code / "plots" / "a.svg").write_text("<svg/>")


@pytest.mark.parametrize("state", ["succeeded", "failed"])
def test_files_above_the_code_are_named(bench, runtime, monkeypatch, state):
    """Files of the attempt itself, hidden files and caches are not named."""
    monkeypatch.setattr(store_outputs, "PROCESS", runtime.name)

    def write(code: Path) -> None:
        (code.parent / "out.csv").write_text("x")
        (code.parent / "r\u00e9sum\u00e9").mkdir()
        for name in ("log", "heartbeat", "others.json.1f", "executed.ipynb.tmp", ".cache"):
            (code.parent / name).write_text("x")
        (code / "fine").write_text("x")

    run = ended(bench, write, state)
    assert left(bench, run) == {"../out.csv": "above", "../r\u00e9sum\u00e9/": "above"}
    assert kept(bench, run) == {"fine": "x"}


@pytest.mark.parametrize("state", ["succeeded", "failed"])
def test_written_files_are_kept(bench, state):
    """This includes files of failed work."""
    run = ended(bench, some, state)
    assert kept(bench, run) == {"result.csv": "x\n1\n", "plots/a.svg": "<svg/>"}
    summary = bench.task(run).other_files
    assert summary is not None
    assert (summary.count, summary.size_bytes, summary.left_out) == (2, 10, [])
    assert [one.name for one in bench.task(run).artifacts] == ["out"][: state == "succeeded"]


def test_unchanged_files_and_caches_are_not_listed(bench):
    def write(code: Path) -> None:
        os.utime(code / "work.py")
        (code / "work.py").write_text(SCRIPT)
        for place in ("__pycache__/a.pyc", ".ipynb_checkpoints/n.ipynb", ".cache/x", "b.pyc"):
            (code / place).parent.mkdir(exist_ok=True)
            (code / place).write_text("x")
        (code / "empty").mkdir()

    run = ended(bench, write)
    assert bench.task(run).other_files is None
    assert files(bench, run) == OtherFileList([], [], 0)


def test_a_changed_file_of_the_bundle_counts_as_written(bench):
    """Also one of the same length, with its old date."""

    def write(code: Path) -> None:
        before = (code / "work.py").stat()
        (code / "work.py").write_text(SCRIPT[::-1])
        os.utime(code / "work.py", ns=(before.st_atime_ns, before.st_mtime_ns))

    assert kept(bench, ended(bench, write)) == {"work.py": SCRIPT[::-1]}


def test_harmful_files_are_named_and_not_kept(bench, tmp_path):
    """A container may leave links, special files and invalid names."""
    (tmp_path / "secret").write_text("s3cr3t")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "inside").write_text("s3cr3t")

    def write(code: Path) -> None:
        (code / "link").symlink_to(tmp_path / "secret")
        (code / "folder").symlink_to(tmp_path / "folder")
        os.mkfifo(code / "pipe")
        (code / "a\nb").write_text("x")
        (code / "back\\slash").write_text("x")
        Path(os.fsdecode(os.fsencode(code) + b"/\xff")).write_text("x")
        (code / "e\u0301").write_text("one")
        (code / "\u00e9").write_text("two")
        (code / "dist").mkdir()
        (code / "dist" / "one.whl").write_text("x")
        (code / "dist" / "two.whl").write_text("x")
        (code / "fine").write_text("x")

    run = ended(bench, write)
    assert kept(bench, run).keys() == {"fine", "\u00e9"}
    assert left(bench, run) == {
        **{"link": "link", "folder": "link", "pipe": "link", "dist/": "ignored"},
        **{"a\\nb": "name", "back\\\\slash": "name", "\\udcff": "name", "\u00e9": "name"},
    }


def test_limits_are_settings_and_files_beyond_them_are_named(bench):
    bench.context.settings.max_other_bytes, bench.context.settings.max_other_files = 10, 2

    def write(code: Path) -> None:
        for name, size in (("a", 1), ("b", 2), ("c", 3), ("large", 11)):
            (code / name).write_text("x" * size)

    run = ended(bench, write)
    assert kept(bench, run).keys() == {"a", "b"}
    assert left(bench, run) == {"c": "too-many", "large": "too-large"}


def test_very_deep_folders_are_read_up_to_the_limit(bench, monkeypatch):
    monkeypatch.setattr(store_outputs, "MOST_SEEN", 6)
    monkeypatch.setattr(store_outputs, "MAX_DEPTH", 2)

    def write(code: Path) -> None:
        (code / "a" / "b" / "c").mkdir(parents=True)
        (code / "a" / "b" / "c" / "deep").write_text("x")
        (code / "z1").write_text("x")
        (code / "z2").write_text("x")

    run = ended(bench, write)
    assert kept(bench, run).keys() == {"z1"}
    assert left(bench, run) == {"a/b/c/": "too-many", "./": "too-many"}


def test_undecodable_names_are_shown_among_files_beyond_the_limit(bench, monkeypatch):
    monkeypatch.setattr(store_outputs, "MOST_SEEN", 3)

    def write(code: Path) -> None:
        folder = os.fsencode(code) + b"/\xff"
        os.mkdir(folder)
        for name in (b"/a", b"/b"):
            os.mkdir(folder + name)

    assert left(bench, ended(bench, write)) == {"\\udcff/": "too-many"}


def test_files_with_secrets_are_not_kept(bench, monkeypatch):
    """Nobody expects a credential in an undeclared file."""
    monkeypatch.setattr(store_outputs, "masks_of_attempt", lambda *_: Masks(["hunter2-hunter2"]))

    def write(code: Path) -> None:
        (code / "config.json").write_text('{"password": "hunter2-hunter2"}')
        (code / "fine").write_text("x")

    run = ended(bench, write)
    assert kept(bench, run).keys() == {"fine"}
    assert left(bench, run) == {"config.json": "secret"}


def test_a_full_disk_costs_the_files_and_not_the_result(bench, monkeypatch):
    """The output is kept, and nothing waits for the other files."""
    real = bench.context.blobs.put_fd

    def full(fd: int, **more: bool) -> object:
        if os.fstat(fd).st_size == len("too much"):
            raise disk_full(8)
        return real(fd, **more)

    monkeypatch.setattr(bench.context.blobs, "put_fd", full)
    run = ended(bench, lambda code: (code / "a.txt").write_text("too much"))
    assert left(bench, run) == {"a.txt": "no-room"}
    assert [one.name for one in bench.task(run).artifacts] == ["out"]


def test_only_the_last_attempt_counts(bench):
    run, code = running(bench, retries=1)
    (code / "first").write_text("x")
    bench.fail(run, "boom")
    bench.until(lambda: len(bench.task(run).attempts) == 2 and bench.task(run).state == "running")
    (bench.folder(bench.attempt(run)) / "code" / "second").write_text("x")
    bench.finish(run, "made")
    assert kept(bench, run).keys() == {"second"}


@pytest.mark.parametrize("when", ["lost", "taken over"])
def test_a_lost_attempt_lists_no_partial_files(bench, runtime, monkeypatch, when):
    """The files were never recorded."""
    run, code = running(bench)
    some(code)
    if when == "lost":
        monkeypatch.setattr(limits, "LOST_RETRIES", 0)
        runtime.lose(bench.attempt(run))
        bench.until_run(run, "failed")
        assert (bench.task(run).other_files, kept(bench, run)) == (None, {})
        return
    runtime.end(bench.attempt(run), text="made")
    taken: list[OtherFiles | None] = []

    def dies(*asked: object, **more: bool) -> None:
        taken.append(store_outputs.take_other_files(*asked, **more))  # type: ignore[arg-type]
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(attempt_outcome, "take_other_files", dies)
        with pytest.raises(SystemExit):
            AttemptController(bench.context, Identities(bench.context)).drive(bench.snapshot(run))
    assert taken[0] is not None and taken[0].count == 2
    assert bench.task(run).other_files is None
    bench.replace_dispatcher()
    bench.until_run(run, "succeeded")
    assert kept(bench, run).keys() == {"result.csv", "plots/a.svg"}


def test_cached_runs_share_files_until_the_last_is_deleted(bench, runtime):
    bench.context.settings.garbage_grace_seconds = 0
    collector = GarbageCollector(bench.context, Threads())
    first = ended(bench, some, cache=True)
    again = bench.submit(cache=True)
    bench.until_run(again, "succeeded")
    assert bench.task(again).cached and len(runtime.starts) == 1
    digests = [one.digest for one in files(bench, first).files]
    bench.yard.services.runs.delete(OWNER, first)
    assert collector.collect()
    assert kept(bench, again) == {"result.csv": "x\n1\n", "plots/a.svg": "<svg/>"}
    bench.yard.services.runs.delete(OWNER, again)
    assert collector.collect()
    assert not any(map(bench.context.blobs.exists, digests))


def test_a_result_without_its_other_files_is_not_reused(bench, runtime):
    others = bench.task(ended(bench, some, cache=True)).other_files
    assert others is not None
    bench.context.blobs.delete(others.digest)
    bench.start(cache=True)
    assert len(runtime.starts) == 2


def test_one_file_or_all_can_be_fetched(bench):
    run, service = ended(bench, some), bench.yard.services.runs
    one = service.file(OWNER, run, "a", "plots/a.svg")
    assert (one.filename, one.is_folder) == ("a.svg", False)
    assert service.file(OWNER, run, "a", "").is_folder
    assert service.preview(OWNER, run, "a", "result.csv").rows == [[1]]
    assert files(bench, run).folder == str(bench.yard.context.files.root)
    for path in ("work.py", "../result.csv", "plots"):
        with pytest.raises(NotFound, match="has no other file"):
            service.file(OWNER, run, "a", path)
