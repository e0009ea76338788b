"""Which elements of a map may start, and when it stops or has ended."""

from nbyard.dispatch.state.live_maps import LiveMap
from nbyard.domain.maps.structs import Grid, MapPlan, Range, Search
from nbyard.domain.state_machines import TaskState

NODES = ("a.1", "a.2", "a.3")


def live(policy: str = "all", at_most: int | None = None, state: TaskState = "waiting") -> LiveMap:
    return LiveMap(MapPlan(Grid({"n": []}), policy, at_most), dict.fromkeys(NODES, state))


def start(made: LiveMap, node: str) -> bool:
    if not made.admit(node):
        return False
    made.record(node, "queued")
    return True


def test_held_elements_start_one_by_one():
    made = live(at_most=1)
    assert [start(made, node) for node in NODES] == [True, False, False]
    assert made.record("a.1", "running") == ""
    assert made.record("a.1", "succeeded") == "a.2"
    assert start(made, "a.2") and not start(made, "a.3")
    assert made.record("a.2", "failed") == "a.3"
    assert start(made, "a.3") and not made.has_ended
    assert made.record("a.3", "succeeded") == ""
    assert made.has_ended and made.lost == 1


def test_a_retry_keeps_its_place():
    made = live(at_most=1)
    assert start(made, "a.1")
    made.record("a.1", "running")
    made.record("a.1", "queued")
    assert not start(made, "a.2")


def test_skipped_elements_free_no_place():
    made = live(at_most=1)
    assert start(made, "a.1") and not start(made, "a.2")
    assert made.record("a.2", "skipped") == ""
    assert made.record("a.1", "succeeded") == ""


def test_a_map_stops_by_its_policy():
    made = live("1")
    made.record("a.1", "failed")
    assert not made.is_stopped
    made.record("a.2", "skipped")
    assert made.is_stopped


def test_a_map_is_counted_again_after_a_restart():
    made = live("first", at_most=2, state="running")
    assert not made.has_ended and not made.admit("a.4")
    assert made.admit("a.4", is_done=True), "it reuses a result"
    ended = live("first", state="failed")
    assert ended.has_ended and ended.is_stopped and ended.lost == 3


def test_an_empty_map_has_ended():
    assert LiveMap(MapPlan(Grid({"n": []})), {}).has_ended


def test_an_optimiser_adds_elements_as_others_end():
    """The map that follows it is open as long."""
    plan = MapPlan(Search({"n": Range(1, 9)}, 3, goal="score"), "all", 2, count=3)
    made = LiveMap(plan, {})
    follower = LiveMap(MapPlan(None, "all", 2, count=3), {}, followed=made)
    assert (made.room, follower.room, follower.has_ended) == (2, 0, False)
    made.add({"a.1": "waiting", "a.2": "waiting"})
    assert made.room == 0
    for state in ("queued", "failed"):
        made.record("a.1", state)
    assert made.room == 1
    assert not made.has_ended and not follower.has_ended
    made.add({"a.3": "waiting"})
    for node in ("a.2", "a.3"):
        assert not made.has_ended
        made.record(node, "skipped")
    assert made.has_ended and follower.has_ended and made.room == 0


def test_a_stopped_optimiser_adds_no_element():
    plan = MapPlan(Search({"n": Range(1, 9)}, 20, goal="score"), "10%", 4, count=20)
    made = LiveMap(plan, dict.fromkeys(NODES, "failed"))
    assert made.is_stopped and made.has_ended and made.is_short
    made = LiveMap(plan, dict.fromkeys(NODES[:2], "failed"))
    assert made.room == 4 and not made.is_stopped
    made.is_closed = True
    assert made.has_ended
