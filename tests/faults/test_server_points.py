"""kill -9 of the server while it accepts a run.

Its client retries with the same key, and gets the only run."""

import pytest

from .flows import GRAPHS
from .place import Place, Server, until

BOTH = pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
POINTS = {"request-read": "CP1", "run-inserted": "CP2", "run-committed": "CP3"}


@pytest.mark.sample(1)
@BOTH
@pytest.mark.parametrize("graph", list(GRAPHS))
@pytest.mark.parametrize("point", [pytest.param(p, id=f"{cp}-{p}") for p, cp in POINTS.items()])
def test_server_dies_at_a_crash_point(place: Place, graph: str, point: str) -> None:
    body = {"path": place.flow(GRAPHS[graph])}
    with Server(place, NBYARD_CRASH_AT=point) as server:
        with pytest.raises(OSError):
            server.ask("POST", "/runs", body, key="once")
        until(server.is_dead, "the server's death")
    committed = set(place.states())
    assert len(committed) == (point == "run-committed")
    with Server(place) as server:
        answers = [server.ask("POST", "/runs", body, key="once") for _ in range(2)]
        status, refused = server.ask("POST", "/runs", {**body, "force": True}, key="once")
        assert (status, refused["code"]) == (409, "conflict")
    assert [status for status, _ in answers] == [201, 201]
    (run,) = {told["id"] for _, told in answers}
    assert committed <= {run}
    place.acknowledged["once"] = run
    place.settle()
    assert place.states() == {run: "succeeded"}
    place.check(at_most=1)
