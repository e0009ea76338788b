"""Runs by id, name and number; lists, counts, and what is left of a deleted one."""

from operator import itemgetter
from typing import Any

import pytest
from sqlalchemy import event, func, select
from sqlalchemy import text as sql

from nbyard.domain.runs.structs import Run
from nbyard.domain.workflows.structs import Document, Edge, Node
from nbyard.errors import Invalid
from nbyard.reasons.structs import because
from nbyard.store import Store, transition
from nbyard.store.runs import queries
from nbyard.store.schema.tables import metadata, runs

from ..rows import Rows, moment


def test_runs_of_other_owners_are_hidden(store: Store) -> None:
    with store.write() as c:
        made = Rows(store, c).run("night", title="Nightly")
        Rows(store, c).task(made)
        same = Rows(store, c).run("night", "bob")
    with store.read() as c:
        for key in (made.id, "night", str(made.number)):
            found = store.runs.get(c, "ada", key)
            assert found is not None and found.id == made.id
            assert store.runs.get(c, "eve", key) is None
        assert store.runs.get(c, "bob", made.id) is None
        assert store.runs.get(c, "bob", str(made.number)) == same
        assert store.runs.get(c, "bob", "night") == same
        assert [r.id for r in store.runs.page(c, "bob", 10, "")] == [same.id]
        assert store.runs.page(c, "bob", 10, "", search="Nightly") == []
        assert store.runs.names(c, "bob") == {same.id: "night"}
        assert {e.subject_id for e in store.events.events_after(c, "bob", 0, 10)} == {same.id}


def test_an_id_wins_over_a_name_and_a_name_over_a_number(store: Store) -> None:
    with store.write() as c:
        rows = Rows(store, c)
        plain, named, other = rows.run(), rows.run("1"), rows.run("three")
        shadow = rows.run(plain.id)
        found = {
            key: getattr(store.runs.get(c, "ada", key), "number", None)
            for key in ("1", "2", "3", "three", "03", plain.id, shadow.id)
        }
        assert found == {
            "1": named.number, "2": named.number, "3": other.number, "three": other.number,
            "03": other.number, plain.id: plain.number, shadow.id: shadow.number,
        }  # fmt: skip
        for odd in ("", "-1", "99", "99999999999999999999", "²", "٣", "1.0", " 1"):
            assert store.runs.get(c, "ada", odd) is None
        assert store.runs.names(c, "ada") == {
            named.id: "1", other.id: "three", shadow.id: plain.id,
        }  # fmt: skip


def test_only_documents_with_modes_are_decoded(store: Store) -> None:
    """A document can be large, and most have no modes."""
    nodes = {"a": Node("executable", mode="muted"), "b": Node("executable")}
    with store.write() as c:
        workflow = store.workflows.create_or_update(c, "ada", "/flow.nbflow", Document(1))
        versions = [
            store.workflows.version_of(c, workflow, Document(1, nodes=n)) for n in ({}, nodes)
        ]
        plain, modal = (Rows(store, c).run(workflow_version_id=one) for one in versions)
        # A text has no nodes: decoding it would fail.
        spoil = sql("update workflow_versions set document = '\"plain\"' where id = :id")
        c.execute(spoil, {"id": versions[0]})
        assert store.runs.graph(c, plain) == ([], {})
        assert store.runs.graph(c, modal) == ([], {"a": "muted"})


def test_numbers_are_never_reused(store: Store) -> None:
    with store.write() as c:
        rows = Rows(store, c)
        made = [rows.run(owner=owner) for owner in ("ada", "bob", "ada")]
        assert [run.number for run in made] == [1, 1, 2]
        store.runs.delete(c, made[2])
        store.runs.delete(c, made[1])
        assert rows.run().number == 3


def test_pages_come_newest_first_with_counts(store: Store) -> None:
    with store.write() as c:
        rows = Rows(store, c)
        made = [rows.run() for _ in range(4)]
        states = ("succeeded", "succeeded", "succeeded", "failed", "waiting")
        for at, state in enumerate(states):
            rows.task(made[1], f"n{at}", state=state, cached=at in {0, 1})
    with store.read() as c:
        first = store.runs.page(c, "ada", 2, "")
        rest = store.runs.page(c, "ada", 10, first[-1].id)
        shown = store.runs.get(c, "ada", made[1].id)
    assert [r.number for r in first + rest] == [4, 3, 2, 1]
    counts = {"succeeded": 3, "failed": 1, "waiting": 1, "cached": 2}
    assert shown is not None
    assert rest[0].counts == shown.counts == counts
    assert rest[1].counts == {}


@pytest.mark.parametrize("limits", [{}, {"MOST_TITLES": 1}, {"FEW_NAMES": 0}])
def test_filters(store: Store, monkeypatch: pytest.MonkeyPatch, limits: dict[str, int]) -> None:
    """A search finds the same in stores with few and with very many titles and names."""
    for name, limit in limits.items():
        monkeypatch.setattr(queries, name, limit)
    with store.write() as c:
        rows = Rows(store, c)
        a = rows.run("50%", title="Äpfel", workflow_id="w1", path="a/one.nbflow")
        b = rows.run("500", title="under_score", workflow_id="w2", path="one.nbflow")
        d = rows.run(title="underXscore")
        for run, executable in ((a, "e1"), (b, "e1"), (b, "e2")):
            rows.task(run, f"of-{executable}", executable=executable)
        rows.task(b, "again", executable="e1", state="succeeded")
        transition.move_all(c, [store.runs.step(d, "cancelled", {})])
    names = {a.id: "a", b.id: "b", d.id: "d"}

    def found(**filters: Any) -> str:
        with store.read() as c:
            return "".join(names[r.id] for r in store.runs.page(c, "ada", 10, "", **filters))

    assert found() == found(state="", search="") == "dba"
    assert (found(state="queued"), found(state="cancelled"), found(state="failed")) == (
        "ba", "d", "",
    )  # fmt: skip
    assert found(workflow="w1", path="none") == "a"
    assert found(workflow="one.nbflow", path="one.nbflow") == "b"
    assert (found(node="again"), found(node="of-e1")) == ("b", "")
    assert (found(executable="e1"), found(executable="e2")) == ("ba", "b")
    assert (found(search="0%"), found(search="50"), found(search="_S")) == ("a", "ba", "b")
    assert (found(search="äPFEL"), found(search="UNDERx")) == ("a", "d")
    assert found(executable="e1", search="500") == "b"
    assert found(search="zebra") == found(executable="e1", search="zebra") == ""
    assert not found(executable="e2", workflow="w1", path="")


@pytest.mark.parametrize("filters", [{}, {"workflow": "w"}, {"executable": "e"}])
def test_scratch_runs_leave_no_gaps_in_a_page(store: Store, filters: dict[str, Any]) -> None:
    with store.write() as c:
        rows = Rows(store, c)
        made = [
            rows.run(workflow_id="w", path="w.nbflow", origin=origin)
            for origin in ("manual", "manual", "check", "check", "bisect")
        ]
        for run in made:
            rows.task(run, executable="e")
    with store.read() as c:
        found = store.runs.page(c, "ada", 2, "", **filters)
    assert [run.number for run in found] == [made[1].number, made[0].number]


def test_a_cancel_request_is_stored_once_before_the_end(store: Store) -> None:

    def wishes() -> int:
        with store.read() as c:
            told = store.events.events_after(c, "ada", 0, 50)
        return sum(e.data.get("change") == "cancel-requested" for e in told)

    by_hand = because("text", text="by hand")
    with store.write() as c:
        made, ended = Rows(store, c).run(), Rows(store, c).run()
        told = {"finished_at": moment(1), "reason": by_hand}
        transition.move_all(c, [store.runs.step(ended, "cancelled", told)])
        store.runs.request_cancels(c, [made.id, made.id, "gone", ended.id])
        other = Rows(store, c).run()
        assert store.runs.live(c) == {made.id: True, other.id: False}
        with pytest.raises(transition.StaleState):
            transition.move_all(c, [store.runs.step(ended, "running", {})])
        seen = store.runs.by_id(c, ended.id)
    assert seen is not None
    assert (seen.state, seen.reason, seen.finished_at) == ("cancelled", by_hand, moment(1))
    assert seen.cancel_requested_at is None
    assert wishes() == 1


def test_frozen_values_are_read_unchanged(store: Store) -> None:
    edge = {"source": "a", "output": "out", "target": "b", "input": "in"}
    values = {
        "n": 2**62,
        "x": 0.1,
        "text": "ä \U0001f427 \\ \"'",
        "none": None,
        "deep": [{"k": []}],
    }
    with store.write() as c:
        made = Rows(store, c).run(parameters=values, edges=[edge], created_at=moment(0.5))
    with store.read() as c:
        found = store.runs.get(c, "ada", made.id)
        assert store.runs.edges(c, made.id) == [Edge(**edge)]
    assert found is not None
    assert (found.parameters, found.created_at, found.name) == (values, moment(0.5), "")


def test_a_deleted_run_leaves_no_rows(store: Store) -> None:
    """Besides the events that told of it; what others made stays."""

    def filled(rows: Rows, name: str) -> Run:
        run = rows.run(name)
        for node in ("a", "b"):
            task = rows.task(run, node, state="succeeded")
            rows.attempt(task)
            rows.attempt(task)
            rows.artifact(task)
            store.cache.keep_all(rows.c, [("ada", f"{name}-{node}", task.id)])
        return run

    def rows_in(c: Any) -> dict[str, int]:
        tables = {t.name: t for t in metadata.sorted_tables if t.name not in ("events", "facts")}
        counts = {n: c.execute(select(func.count()).select_from(t)) for n, t in tables.items()}
        return {name: count.scalar_one() for name, count in counts.items()}

    with store.write() as c:
        filled(Rows(store, c), "kept")
        before = rows_in(c)
        gone = filled(Rows(store, c), "gone")
        assert rows_in(c)["attempts"] == 8
        store.runs.delete(c, gone)
        assert rows_in(c) == before
        assert store.runs.by_id(c, gone.id) is None
        assert store.events.events_after(c, "ada", 0, 100)[-1].data == {"change": "deleted"}
        Rows(store, c).run("gone")


def test_a_key_is_kept_for_each_owner(store: Store) -> None:
    with store.write() as c:
        store.submissions.record(c, "ada", "k", "sha256:1", "made")
        store.submissions.record(c, "bob", "k", "sha256:2", "other")
        assert store.submissions.find(c, "ada", "k") == ("sha256:1", "made")
        assert store.submissions.find(c, "bob", "k") == ("sha256:2", "other")
        assert store.submissions.find(c, "ada", "K") is None
        assert store.submissions.find(c, "eve", "k") is None


def test_tasks_are_counted_without_a_look_at_their_plans(store: Store) -> None:
    """Plans of a large run have megabytes, and followers count again and again."""
    if not store.database.sqlite:
        pytest.skip("PostgreSQL plans by statistics, which a new table does not have")
    said: list[tuple[str, Any]] = []
    listening = (store.database.reader, "before_cursor_execute", lambda *a: said.append(a[2:4]))
    with store.read() as c:
        event.listen(*listening)
        store.runs.counts(c, ["a", "b"])
        event.remove(*listening)
        ((text, values),) = said
        plan = c.exec_driver_sql(f"explain query plan {text}", values).all()
    assert any("COVERING INDEX ix_tasks_run_id_state_cached" in row[3] for row in plan), plan


METRIC = "größe/a b.loss's"


@pytest.mark.parametrize("order", ["duration", "name", "number", "tags", f"part.train.{METRIC}"])
@pytest.mark.parametrize("sign", ["", "-"])
def test_pages_in_an_order(store: Store, order: str, sign: str) -> None:
    """Runs without a value are last, equal ones newest first, and pages do not depend on others."""
    values = [3.5, None, 0.1 + 0.2, 3.5, None, -2.0, 1e300]
    with store.write() as c:
        rows, wanted = Rows(store, c), []
        for value in values:
            text = None if value is None else f"={value}"
            tags = text and f" {text} "
            run = rows.run(title=text or "", tags=tags, started_at=moment(0))
            if value is not None:
                made = {"finished_at": moment(value if abs(value) < 9 else 9)}
                c.execute(runs.update().where(runs.c.id == run.id).values(made))
            task = rows.task(run, "part.train", state="succeeded")
            if value is not None:
                store.tasks.set_metrics(c, {task.id: {METRIC: value}})
            keys = {"name": text, "tags": tags, "number": run.number}
            wanted.append((keys.get(order, value), run))
    known = [(key, run) for key, run in wanted if key is not None]
    known.sort(key=lambda each: each[1].id, reverse=True)
    known.sort(key=itemgetter(0), reverse=bool(sign))
    unknown = [run for key, run in reversed(wanted) if key is None]
    with store.write() as c:
        seen, after = [], ""
        while page := store.runs.page(c, "ada", 2, after, order=sign + order):
            seen += page
            after = store.runs.cursor(c, page[-1].id, sign + order)
            if len(seen) == 2:  # the cursor outlives its run
                store.runs.delete(c, page[-1])
    assert [run.id for run in seen] == [run.id for run in (*(r for _, r in known), *unknown)]


def test_an_order_with_filters(store: Store) -> None:
    """Indexes of lists by time do not cut lists in another order."""
    with store.write() as c:
        rows = Rows(store, c)
        found = [rows.run(f"r{n}", workflow_id="w", state=state) for n, state in enumerate("abab")]
        assert [r.id for r in store.runs.page(c, "ada", 2, "", order="name", workflow="w")] == [
            run.id for run in found[:2]
        ]
        later = store.runs.page(c, "ada", 2, "", order="name", workflow="w", state="b")
        assert later == []
        for order, after in (("fog", ""), ("-", ""), ('a."', ""), ("number", "x=y")):
            with pytest.raises(Invalid):
                store.runs.page(c, "ada", 2, after, order=order)
