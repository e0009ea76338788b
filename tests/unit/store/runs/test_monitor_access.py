"""The owner of a running attempt."""

from nbyard.domain.state_machines import ATTEMPT
from nbyard.store import Store, transition

from ..rows import Rows


def test_only_the_owner_of_an_attempt_that_runs_may_follow_its_links(store: Store) -> None:
    with store.write() as c:
        rows = Rows(store, c)
        made = rows.attempt(rows.task(rows.run(owner="ada"), state="running"))
        asked = lambda owner: store.monitors.is_running(c, owner, made.id)  # noqa: E731
        assert not asked("ada"), "it is only recorded"
        for state, is_there in (("starting", False), ("running", True), ("succeeded", False)):
            assert transition.move(c, ATTEMPT, made.subject, state)
            assert asked("ada") is is_there
            assert not asked("bob") and not store.monitors.is_running(c, "ada", "another")
