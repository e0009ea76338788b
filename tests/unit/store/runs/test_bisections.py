"""Rows of bisections, on both databases."""

from typing import Any

from nbyard.domain.bisections.mixed_plans import BisectionChange
from nbyard.domain.bisections.structs import Bisection, BisectionJudge, BisectionProbe, Conclusion
from nbyard.domain.ids import new_id
from nbyard.reasons.structs import because
from nbyard.store import Store

from ..rows import START


def a_bisection(owner: str = "ada", **fields: Any) -> Bisection:
    known: dict[str, Any] = {
        "id": new_id(), "owner": owner, "title": "T", "good_run": "g", "bad_run": "b",
        "good_number": 1, "bad_number": 2, "state": "running", "limit": 20, "expected": 3,
        "judge": BisectionJudge("a", "score", 0.5), "created_at": START,
        "changes": [BisectionChange("parameter", ["a"], "n", "1", "2")],
    }  # fmt: skip
    return Bisection(**known | fields)


def test_bisections_of_other_owners_are_hidden(store: Store) -> None:
    mine, other = a_bisection(), a_bisection("bob")
    with store.write() as c:
        store.bisections.insert(c, mine)
        store.bisections.insert(c, other)
    with store.read() as c:
        rows = store.bisections
        assert rows.get(c, "ada", mine.id) == mine == rows.by_id(c, mine.id)
        assert rows.get(c, "ada", other.id) is None
        assert rows.page(c, "ada", 9, "") == [mine]
        assert rows.page(c, "ada", 9, mine.id) == []
        assert rows.running(c) == [mine.id, other.id]
        assert store.has_work(c)


def test_probes_are_stored_until_the_end(store: Store) -> None:
    one = a_bisection()
    probes = [BisectionProbe([], "r1", "good", 0.75), BisectionProbe([0], "r2")]
    with store.write() as c:
        rows = store.bisections
        rows.insert(c, one)
        assert rows.store_probes(c, one, probes)
        assert rows.conclude(c, one, Conclusion("found", frozenset({0})))
        assert not rows.store_probes(c, one, [])
        assert not rows.cancel(c, one) and not rows.set_failed(c, one, because("bisected-run-gone"))
        found = rows.by_id(c, one.id)
        assert found is not None and found.finished_at is not None
        assert (found.probes, found.state, found.ending) == (probes, "done", "found")
        assert found.culprits == [0] and rows.running(c) == [] and not store.has_work(c)
        rows.delete(c, found)
        assert rows.by_id(c, one.id) is None


def test_other_ends_of_a_bisection_are_stored(store: Store) -> None:
    with store.write() as c:
        failed, cancelled = a_bisection(), a_bisection()
        store.bisections.insert(c, failed)
        store.bisections.insert(c, cancelled)
        assert store.bisections.set_failed(c, failed, because("bisected-run-gone"))
        assert store.bisections.cancel(c, cancelled)
        found = [store.bisections.by_id(c, one.id) for one in (failed, cancelled)]
        assert [(one and one.state, one and one.reason) for one in found] == [
            ("failed", because("bisected-run-gone")),
            ("cancelled", None),
        ]
