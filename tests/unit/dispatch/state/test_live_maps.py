"""Which elements of a map may start, and when it stops or has ended."""

from nbyard.dispatch.state.live_maps import LiveMap
from nbyard.domain.maps.structs import Grid, MapPlan
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
