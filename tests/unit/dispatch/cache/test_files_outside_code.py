"""Files outside the code: the paths that code names, and results that depend on them."""

import json
import os
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import text
from tests.support import fake_runtime_bench as benches
from tests.support.fake_runtime_bench import Bench

from nbyard.dispatch.cache import files_outside_code
from nbyard.dispatch.cache.files_outside_code import OutsideFiles
from nbyard.dispatch.cache.keys import Code, Identities
from nbyard.domain.attempts.outside_files import CHANGED, FileState, OutsideFile, OutsideUse
from nbyard.domain.attempts.structs import Observed, Result
from nbyard.domain.caching.file_probes import text_probes
from nbyard.domain.naming.runtime_names import PROCESS
from nbyard.errors import Unavailable
from nbyard.reasons.structs import because
from nbyard.runner.process.path_states import describe_paths, state_of


@pytest.fixture
def table(bench: Bench, tmp_path, monkeypatch) -> Path:
    """A file that the code of the bench opens."""
    (tmp_path / "a.csv").write_text("1")
    monkeypatch.setattr(benches, "SCRIPT", f"open('{tmp_path}/a.csv')\n")
    bench.version = bench.register()
    return tmp_path / "a.csv"


@pytest.fixture
def code(bench: Bench, table: Path) -> Code:
    run = bench.start()
    assert table.exists()
    return Identities(bench.context).look_up(bench.snapshot(run).task.plan)[0]


@pytest.fixture
def files(bench: Bench) -> OutsideFiles:
    return OutsideFiles(bench.context)


def stored(bench: Bench, content: str) -> str:
    with bench.context.blobs.without_collection():
        return bench.context.blobs.put_bytes(content.encode()).digest


def used(*paths: Path, reads: str = "first", is_changed: bool = False) -> dict[str, Any]:
    return {
        str(path): {"start": state, "end": state, "reads": reads, "is_changed": is_changed}
        for path in paths
        for state in [state_of(str(path))]
    }


def test_paths_of_code_values_and_files_beside(bench, files, code, table, monkeypatch):
    monkeypatch.setenv("HOME", "/home/ada")
    cell = {"cell_type": "code", "source": "D = '/d'"}
    texts = {"z.ipynb": json.dumps({"cells": [cell]}), "lib.py": "B = '~/b'"}
    texts |= {"d/set.yaml": "c: /c", "x.csv": "/x"}
    beside = {name: f"{stored(bench, text)} executable" for name, text in texts.items()}
    own = f"{bench.context.folder}/attempts/x"
    values = {"n": 1, "place": "/e", "own": own, "all": ["/f"]}
    found = files.named_paths(code.version, beside, values)
    assert found == [str(table), "/e", "/f", "/home/ada/b", "/c", "/d"]
    assert files.named_paths(code.version, beside, {}, ["lib.py", "gone.py"]) == [
        str(table),
        "/home/ada/b",
    ]
    monkeypatch.setattr(files_outside_code, "MOST_PATHS", 1)
    assert files.named_paths(code.version, {}, {"place": "/e"}) == [str(table)]
    assert files.named_paths(code.version, {"lib.py": "sha256:gone"}, {}) == [str(table)]


def expected(
    files: OutsideFiles, code: Code, outside: dict[str, Any], text: str = ""
) -> dict[str, OutsideFile]:
    now = {"started_at": 0.0, "finished_at": 0.0, "observed": Observed()}
    result = Result("id", "token", "succeeded", **now)  # type: ignore[arg-type]
    uses = msgspec.convert(outside, dict[str, OutsideUse])
    result = msgspec.structs.replace(result, outside=uses)
    made = files.with_outside_states(result, code.version, {}, {}, lambda _: [text_probes(text)])
    made = files.with_digests(made)
    assert made.observed is not None and not made.outside
    return made.observed.outside


def test_states_of_used_files_are_recorded(files, code, table, monkeypatch):
    """Large files have no digest. What other code names, or nobody read, is left out."""
    other, copy = table.with_name("other"), table.with_name("a.csv.old")
    for path in (other, copy):
        path.write_text("1")
    (found,) = expected(files, code, used(table, other)).values()
    assert found.is_read and len(found.digest) == 64
    assert {*expected(files, code, used(table, copy))} == {str(table), str(copy)}
    assert {*expected(files, code, used(table, copy, reads=""))} == {str(table)}
    assert not expected(files, code, used(table, reads="", is_changed=True))
    assert expected(files, code, used(table, reads="", is_changed=True), "p.exists()")
    overwritten = used(table, reads="later", is_changed=True)
    assert expected(files, code, overwritten)[str(table)] != CHANGED
    assert expected(files, code, overwritten, "open(p, 'a')") == {str(table): CHANGED}
    monkeypatch.setattr(files_outside_code, "MOST_BYTES_AT_END", 0)
    assert not expected(files, code, used(table))[str(table)].digest


def test_a_file_that_changed_after_the_end_has_no_digest(files, code, table):
    """So the result is not reused: those bytes were not read."""
    uses = used(table)
    os.utime(table, (1, 1))
    (found,) = expected(files, code, uses).values()
    assert not found.digest
    assert [str(one) for one in files.changes({str(table): found}, PROCESS)] == [
        f"the file {table} changed"
    ]


def test_files_are_compared(files, code, table, monkeypatch):
    old = expected(files, code, used(table))
    assert not [*files.changes(old, PROCESS)]
    os.utime(table, (1, 1))
    assert not [*files.changes(old, PROCESS)], "the same bytes"
    monkeypatch.setattr(files_outside_code, "MOST_DIGESTED_BYTES", 0)
    assert [*files.changes(old, PROCESS)], "too large to compare bytes"
    monkeypatch.undo()
    table.write_text("2")
    assert [*files.changes(old, PROCESS)]
    table.unlink()
    os.mkfifo(table)
    assert [*files.changes(old, PROCESS)], "and nobody waits for a writer"


def test_a_file_that_cannot_be_read_counts_as_changed(files, code, table, monkeypatch):
    old = expected(files, code, used(table))
    os.utime(table, (1, 1))

    def refuse(*_: object) -> int:
        raise PermissionError

    monkeypatch.setattr(files_outside_code, "_open_without_waiting", refuse)
    assert [*files.changes(old, PROCESS)]


def test_names_in_folders_are_compared(files, tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    state = msgspec.convert(state_of(str(folder)), FileState)
    digest = files.digest_of(str(folder), state)
    old = {str(folder): OutsideFile(state, is_read=True, digest=digest)}
    assert not [*files.changes(old, PROCESS)]
    (folder / "new").touch()
    assert [*files.changes(old, PROCESS)]


class Workers:
    """Machines that see files of their own: each has a folder in place of the real one."""

    def __init__(self, folder: Path, *places: Path) -> None:
        self.folder, self.places = folder, places

    def path_states(self, paths: Sequence[str]) -> list[dict[str, Any]]:
        if not self.places:
            raise Unavailable(because("dask-without-workers"))
        return [
            {
                path: describe_paths([found])[found]
                for path in paths
                for found in [self._at(path, place)]
            }
            for place in self.places
        ]

    def _at(self, path: str, place: Path) -> str:
        return path.replace(str(self.folder), str(place))


def test_files_of_other_machines_are_compared_there(bench, files, tmp_path, monkeypatch):
    """Files of this machine do not matter. A file that only one of the machines has counts."""
    here, one, two = (tmp_path / name for name in ("here", "one", "two"))
    for place in (one, two):
        (place / "in").mkdir(parents=True)
    (one / "a").write_text("1")
    os.link(one / "a", two / "a")
    seen = Workers(here, one).path_states([str(here / name) for name in ("a", "b", "in")])[0]
    old = {
        path: OutsideFile(msgspec.convert(state, FileState), is_read=True, digest=names)
        for path, (state, names, _) in seen.items()
    }

    def changes(*places: Path) -> list[str]:
        monkeypatch.setitem(bench.context.runtimes, "there", Workers(here, *places))
        return [str(one) for one in files.changes(old, "there")]

    assert changes(one) == changes(one, two) == []
    (two / "b").touch()
    (two / "in/new").touch()
    listed = f"the folder {here}/in changed"
    assert changes(one, two) == [f"the file {here}/b is new", listed]
    os.utime(one / "a", (1, 1))
    assert changes(one) == [f"the file {here}/a changed"], "there are no bytes to compare"
    assert len(changes()) == 1 and changes()[0].endswith("could not be compared")


def submit(bench: Bench, **more: Any) -> str:
    return bench.submit(cache=True, **more)


def end(bench: Bench, run: str, table: Path) -> None:
    bench.until_task(run, "running")
    bench.runtime.end(bench.attempt(run), outside=used(table), observed={"read": []})
    bench.until_run(run, "succeeded")


def test_a_result_is_used_until_its_file_changes(bench, table):
    """This holds for any run, and for a task that used the result itself."""
    end(bench, submit(bench), table)
    for _ in range(2):
        again = submit(bench)
        bench.until_run(again, "succeeded")
        assert bench.task(again).cached
    table.write_text("2")
    changed = submit(bench)
    end(bench, changed, table)
    assert bench.task(changed).why == f"runs because the file {table} changed"
    again = submit(bench)
    bench.until(lambda: bench.task(again).cached)


def test_the_next_dispatcher_stores_outside_files(bench, table):
    """The attempt ended before."""
    run = submit(bench)
    bench.until_task(run, "running")
    bench.runtime.end(bench.attempt(run), outside=used(table), observed={"read": []})
    bench.replace_dispatcher()
    bench.until_run(run, "succeeded")
    table.write_text("2")
    changed = submit(bench)
    end(bench, changed, table)
    assert not bench.task(changed).cached


def test_many_tasks_are_compared_at_once(bench, table):
    graph = {f"n{at}": list[str]() for at in range(5)}
    end(bench, submit(bench), table)
    run = bench.submit(graph, cache=True)
    bench.until_run(run, "succeeded")
    assert all(task.cached for task in bench.detail(run).tasks)


class Slow(threading.Event):
    """A comparison that waits until the test lets it go on."""

    def changes(self, *_: object) -> Iterator[Any]:
        assert self.wait(60)
        return iter(())


def test_a_hanging_file_system_delays_no_other_task(bench, runtime, table, monkeypatch):
    """A cancelled task is no longer checked."""
    end(bench, submit(bench), table)
    slow = Slow()
    files = bench.dispatcher.runs.candidates.identities.outside
    monkeypatch.setattr(files, "changes", slow.changes)
    hung, cancelled = submit(bench), submit(bench)
    hung_id, cancelled_id = bench.task(hung).id, bench.task(cancelled).id
    compares = bench.dispatcher.runs.candidates.comparisons.is_under_way
    bench.until_now(lambda: compares(hung_id) and compares(cancelled_id))
    other = bench.submit(n=1)
    bench.until_now(lambda: len(runtime.running) == 1)
    bench.cancel(cancelled)
    bench.until_now(lambda: bench.run(cancelled).state == "cancelled")
    assert bench.task(other).state == "running" and bench.task(hung).state == "queued"
    assert compares(hung_id) and not compares(cancelled_id)
    slow.set()
    bench.until(lambda: bench.task(hung).cached)


def test_states_are_decoded_by_the_thread_that_compares(bench, table):
    """So that thousands of states do not hold up the loop; broken ones show where."""
    first = submit(bench)
    end(bench, first, table)
    with bench.store.write() as c:
        observed = {"read": [], "outside": {str(table): 5}}
        values = {"observed": json.dumps(observed), "id": first}
        c.execute(text("update tasks set observed = :observed where run_id = :id"), values)
    run = submit(bench)
    bench.until_task(run, "running")
    assert bench.task(run).why.endswith("could not be compared")


def test_a_comparison_that_fails_makes_the_task_run(bench, table, monkeypatch):
    def fail(*_: object) -> Iterator[Any]:
        raise ValueError("odd")

    end(bench, submit(bench), table)
    monkeypatch.setattr(bench.dispatcher.runs.candidates.identities.outside, "changes", fail)
    run = submit(bench)
    bench.until_task(run, "running")
    assert bench.task(run).why.endswith("could not be compared")
