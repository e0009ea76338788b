"""Which cached tasks a night samples, and which of its runs are not compared yet."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import update

from nbyard.reasons.structs import because
from nbyard.store.schema.tables import tasks

from ..rows import START, Rows

DAY = timedelta(days=1)


def test_cached_tasks_of_a_day(store):
    with store.write() as c:
        rows = Rows(store, c)
        made = []
        for owner, days, columns in (
            ("ada", 0, {"cached": True, "base_key": "b"}),
            ("bob", 0.5, {"cached": True, "base_key": "b"}),
            ("ada", 1, {"cached": True, "base_key": "b"}),  # the next day
            ("ada", 0, {"base_key": "b"}),
            ("ada", 0, {"cached": True}),  # pinned
        ):
            task = rows.task(rows.run(None, owner), state="succeeded", **columns)
            at = START + days * DAY
            c.execute(update(tasks).where(tasks.c.id == task.id).values(finished_at=at))
            made.append(task.id)
        scratch = rows.task(rows.run(origin="check"), state="succeeded", cached=True, base_key="b")
        c.execute(update(tasks).where(tasks.c.id == scratch.id).values(finished_at=START))
        found = store.rechecks.cached_between(c, START, START + DAY)
        assert [(row.id, row.owner) for row in found] == [(made[0], "ada"), (made[1], "bob")]


def test_rechecks_are_compared_once(store):
    with store.write() as c:
        rows = Rows(store, c)
        task = rows.task(rows.run(origin="recheck"), state="succeeded")
        rows.task(rows.run(), state="succeeded")
        rows.task(rows.run(origin="recheck"))  # it has not ended
        now = datetime.now(UTC)
        assert store.rechecks.unjudged(c, now) == [task.id]
        assert store.rechecks.unjudged(c, now + 9 * DAY) == []
        c.execute(
            update(tasks).where(tasks.c.id == task.id).values(reason=because("reproduced", run=1))
        )
        assert store.rechecks.unjudged(c, now) == []
