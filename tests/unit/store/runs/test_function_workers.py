"""Which worker of functions has an attempt."""

import msgspec

from nbyard.store import Store, transition

from ..rows import Rows


def test_attempts_are_passed_on(store: Store) -> None:
    with store.write() as c:
        rows = Rows(store, c)
        run = rows.run()
        own = rows.attempt(rows.task(run, "own", state="running"))
        one = rows.attempt(rows.task(run, "one", state="running"))
        given = msgspec.structs.replace(one, worker="w1", mark="m1")
        store.workers.assign_all(c, [given])
        assert store.attempts.get(c, one.id) == given
        assert store.attempts.get(c, own.id) == own
        store.workers.assign_all(c, [])
        ended = rows.run()
        old = rows.attempt(rows.task(ended, "old", state="succeeded"))
        transition.move_all(c, [store.runs.step(ended, "failed", {})])
        store.workers.assign_all(c, [msgspec.structs.replace(old, worker="w0", mark="m0")])
    with store.read() as c:
        assert store.workers.marks(c) == {"w0": "m0", "w1": "m1"}
        assert store.workers.live(c) == {"w1"}
        assert store.workers.of_run(c, run.id) == {"w1": "m1"}
