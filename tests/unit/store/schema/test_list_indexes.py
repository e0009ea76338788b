"""Lists and details are read from indexes."""

import re
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, event

from nbyard.store import Store

from ..rows import Rows

pytestmark = pytest.mark.slow

SCANNED = re.compile("SCAN (runs|tasks|artifacts|attempts)")
LISTS: list[dict[str, str]] = [
    {},
    {"state": "failed"},
    {"workflow": "w", "path": "/w"},
    {"executable": "e"},
    {"single": "named"},
]


@pytest.mark.parametrize("asked", LISTS, ids=str)
@pytest.mark.parametrize("after", ["", "zzz"])
def test_a_list_reads_no_more_rows_than_it_shows(
    tmp_path: Path, asked: dict[str, Any], after: str
) -> None:
    """Whatever the store has: each step of its plan is a search in an index, none sorts runs."""
    store = Store(tmp_path)
    told: list[tuple[str, Any]] = []

    @event.listens_for(store.database.engine, "before_cursor_execute")
    def note(_c: Any, _cursor: Any, words: str, values: Any, *_more: Any) -> None:
        if words.startswith("SELECT"):
            told.append((words, values))

    with store.write() as c:
        run = Rows(store, c).run()
        told.clear()
        store.runs.page(c, "ada", 50, after, **asked)
        for key in (run.id, "a name", "7"):
            store.runs.get(c, "ada", key)
        store.artifacts.of_runs(c, [run.id])
        store.artifacts.of_run(c, run.id)
        store.history.of_executables(c, "ada", ["e"])
        store.attempts.newest_origin_attempts(c, "ada", ["t"])
        store.artifacts.of_digest(c, run.id, "sha256:1")
        assert len(told) > 6
        cursor = c.connection.cursor()
        for words, values in told:
            steps = cursor.execute(f"explain query plan {words}", values).fetchall()
            plan = [str(step[-1]) for step in steps]
            assert not [step for step in plan if SCANNED.match(step)], (words, plan)
            if words.startswith("SELECT runs."):
                assert "USE TEMP B-TREE FOR ORDER BY" not in plan, (words, plan)
        cursor.close()
    store.close()


def plans_of(
    folder: Path, read: Callable[[Store, Connection], object], verb: str
) -> list[list[str]]:
    """Return the plans of the statements that begin with a verb and that `read` executes."""
    told: list[tuple[str, Any]] = []
    with closing(Store(folder)) as store:

        @event.listens_for(store.database.reader, "before_cursor_execute")
        def note(_c: Any, _cursor: Any, words: str, values: Any, *_more: Any) -> None:
            if re.match(verb, words):
                told.append((words, values))

        with store.read() as c:
            read(store, c)
            return [
                [row[3] for row in c.exec_driver_sql(f"explain query plan {words}", values)]
                for words, values in [*told]
            ]


def test_the_runs_of_a_project_are_found_by_their_links(tmp_path: Path) -> None:
    """Few of many runs may belong to it, so reading the newest runs in order would take long."""
    page = lambda store, c: store.runs.page(c, "ada", 50, "", project="p")  # noqa: E731
    (plan,) = plans_of(tmp_path, page, r"SELECT runs\.")
    for index in (
        "sqlite_autoindex_runs_1",
        "ix_runs_workflow_id_id",
        "ix_runs_of_sources",  # in the order of the list, unlike the index of groups
    ):
        found = re.compile(f"SEARCH runs USING (COVERING )?INDEX {index} ")
        assert any(map(found.match, plan)), plan


def test_the_results_of_a_project_are_read_from_indexes(tmp_path: Path) -> None:
    page = lambda store, c: store.results.page(  # noqa: E731
        c, "ada", "p", 50, "", search="", kind=""
    )
    plans = plans_of(tmp_path, page, "SELECT|WITH")
    read = [step for plan in plans for step in plan]
    assert not [step for step in read if SCANNED.match(step)], plans
    for index in (
        "output_group (owner=? AND output_group=?",
        "output_group_of_sources (source_id=?",
    ):
        assert any(f"INDEX ix_runs_{index}" in step for step in read), plans


@pytest.mark.parametrize(
    ("read", "search"),
    [
        (  # each part of a clean-up looks for kept runs
            lambda store, c: store.clean_ups.kept_ids(c, "ada"),
            "runs USING INDEX ix_runs_kept (owner=?)",
        ),
        (
            lambda store, c: store.firings.live_runs(c, "t"),
            "runs USING INDEX ix_runs_of_sources (source_id=?)",
        ),
        (  # a page of automations counts firings; the index of outcomes alone has those of all
            lambda store, c: store.firings.counts_of_waiting(c, ["a", "b"]),
            "automation_firings USING COVERING INDEX"
            " ix_automation_firings_automation_id_outcome_backfill_id"
            " (automation_id=? AND outcome=? AND backfill_id=?)",
        ),
    ],
    ids=["kept runs", "live runs of an automation", "waiting firings"],
)
def test_rows_are_found_by_their_index(tmp_path: Path, read: Any, search: str) -> None:
    assert plans_of(tmp_path, read, r"SELECT (runs|automation_firings)\.") == [[f"SEARCH {search}"]]
