"""The results of the runs of a project, on both databases."""

from typing import Any

import pytest

from nbyard.store import Connection, Store
from nbyard.store.runs import past_results
from nbyard.store.schema import tables
from nbyard.store.schema.tables import artifacts

from ..rows import Rows
from ..test_projects import add as add_project

FOLDER = '{"media_type":"application/vnd.nbyard.model"}'


def put(rows: Rows, task: Any, name: str, **columns: Any) -> None:
    made = rows.artifact(task, name)
    if columns:
        rows.c.execute(artifacts.update().where(artifacts.c.id == made.id).values(**columns))


def names(store: Store, c: Connection, project: Any, *given: Any) -> list[tuple[str, str, int]]:
    limit, after, search, kind = given or (9, "", "", "")
    found = store.results.page(c, "ada", project.id, limit, after, search=search, kind=kind)
    return [(one.kind, one.name, one.number) for one in found]


def test_the_newest_result_of_each_output_is_shown(store: Store) -> None:
    with store.write() as c:
        rows, wine = Rows(store, c), add_project(store, c)
        store.projects.link(c, wine, "workflow", "w")
        runs = [rows.run(workflow_id="w") for _ in range(2)]
        for run in runs:
            task = rows.succeeded(run)
            put(rows, task, "scores")
            put(rows, task, "model", format="joblib")
            put(rows, task, "folder", format="", type=FOLDER)
            put(rows, task, "executed.ipynb", format="ipynb")
        other = rows.succeeded(rows.run(workflow_id="v"))
        put(rows, other, "scores")
        newest = runs[1].number
        assert names(store, c, wine) == [
            ("model", "folder", newest),
            ("model", "model", newest),
            ("data", "scores", newest),
        ]
        assert names(store, c, wine, 9, "", "", "data") == [("data", "scores", newest)]
        assert len(names(store, c, wine, 9, "", "", "model")) == 2
        assert names(store, c, wine, 9, "", "SCORES", "") == [("data", "scores", newest)]
        first = store.results.page(c, "ada", wine.id, 1, "", search="", kind="")
        rest = store.results.page(c, "ada", wine.id, 9, first[0].id, search="", kind="")
        assert [one.name for one in (*first, *rest)] == ["folder", "model", "scores"]


def test_results_are_those_of_the_newest_runs_in_each_state(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(past_results, "RUNS_OF_GROUP", 1)
    with store.write() as c:
        rows, wine = Rows(store, c), add_project(store, c)
        store.projects.link(c, wine, "workflow", "w")
        runs = [rows.run(workflow_id="w") for _ in range(4)]
        for number, name in enumerate(("old", "scores", "partial", "log")):
            put(rows, rows.succeeded(runs[number]), name)
        for run, state in zip(runs, ("succeeded", "succeeded", "failed", "failed"), strict=True):
            c.execute(tables.runs.update().where(tables.runs.c.id == run.id).values(state=state))
        assert [name for _, name, _ in names(store, c, wine)] == ["log", "scores"]


def test_runs_of_files_and_failed_tasks(store: Store) -> None:
    with store.write() as c:
        rows, wine = Rows(store, c), add_project(store, c)
        for path, state in (("/a.py", "succeeded"), ("/b.py", "succeeded"), ("/b.py", "failed")):
            run = rows.run(path=path)
            store.projects.link(c, wine, "run", run.id)
            put(rows, rows.task(run, "a", state=state), "out")
        assert [number for _, _, number in names(store, c, wine)] == [2, 1]


def test_runs_of_an_executable_show_the_newest_result(store: Store) -> None:
    """They have no path; their title is its name."""
    with store.write() as c:
        rows, wine = Rows(store, c), add_project(store, c)
        for title in ("train", "clean", "train"):
            run = rows.run(title=title)
            store.projects.link(c, wine, "run", run.id)
            put(rows, rows.succeeded(run), "out")
        assert [number for _, _, number in names(store, c, wine)] == [3, 2]


def test_many_runs_hide_no_other_workflow(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest runs of the largest groups are left out."""
    monkeypatch.setattr(past_results, "MOST_RUNS", 4)
    with store.write() as c:
        rows, wine = Rows(store, c), add_project(store, c)
        for workflow in ("old", "small", "large"):
            store.projects.link(c, wine, "workflow", workflow)
        for workflow, count in (("old", 1), ("small", 2), ("large", 3)):
            for place in range(count):
                put(rows, rows.succeeded(rows.run(workflow_id=workflow)), f"{workflow} {place}")
        found = [name for _, name, _ in names(store, c, wine)]
        assert found == ["large 2", "large 1", "small 1", "old 0"]
        monkeypatch.setattr(past_results, "MOST_RUNS", 1)
        found = [name for _, name, _ in names(store, c, wine)]
        assert found == ["large 2", "small 1", "old 0"]


def test_runs_of_schedules_are_found_by_each_group_that_they_ever_had(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also of an automation that ran another file long ago, whose newer runs would hide it."""
    monkeypatch.setattr(past_results, "RUNS_OF_GROUP", 2)
    with store.write() as c:
        rows, wine = Rows(store, c), add_project(store, c)
        for automation in ("s", "of none"):
            store.projects.link(c, wine, "automation", automation)
        store.projects.link(c, wine, "automation", "t")
        paths = ["/a.py", "/b.py", *["/c.py"] * 3]
        made = [rows.run(path=path, source_id="s") for path in paths]
        made.append(rows.run(title="fit", source_id="t"))
        made.append(rows.run(path="/d.py", source_id="other"))
        for run in made:
            put(rows, rows.succeeded(run), "out")
        named = [made[at].number for at in (5, 4, 1, 0)]
        assert [number for _, _, number in names(store, c, wine)] == named


def test_neither_scratch_runs_nor_runs_of_others_are_found(store: Store) -> None:
    with store.write() as c:
        rows, wine = Rows(store, c), add_project(store, c)
        store.projects.link(c, wine, "workflow", "w")
        store.projects.link(c, wine, "automation", "s")
        more: list[dict[str, str]] = [{"origin": "check"}, {"owner": "bob"}]
        for columns in more:
            for named in (
                {"workflow_id": "w"},
                {"path": "/a.py", "source_id": "s"},
                {"title": "x"},
            ):
                run = rows.run(**columns, **named)
                if "origin" in columns:  # a linked run of another is shared
                    store.projects.link(c, wine, "run", run.id)
                put(rows, rows.succeeded(run), "out")
        assert names(store, c, wine) == []


def test_a_run_whose_title_is_the_id_of_a_workflow_is_another(store: Store) -> None:
    with store.write() as c:
        rows, wine = Rows(store, c), add_project(store, c)
        store.projects.link(c, wine, "workflow", "penguins")
        own = rows.run(workflow_id="penguins")
        for run in (own, rows.run(title="penguins"), rows.run(path="penguins")):
            put(rows, rows.succeeded(run), "scores")
        assert names(store, c, wine) == [("data", "scores", own.number)]
