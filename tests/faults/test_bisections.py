"""A bisection continues after kills, and each probe has one run."""

import pytest

from nbyard.domain.bisections.structs import NewBisection
from nbyard.domain.runs.structs import NewRun

from .place import Place, until


def ended(place: Place, body: str) -> str:
    """Run a short workflow to its end; return the ID of the run."""
    runs = place.yard.services.runs
    made = runs.create(place.caller, NewRun(path=place.flow({"a": []}, body))).id
    until(lambda: runs.get(place.caller, made).run.state in ("succeeded", "failed"), "its end")
    return made


def begin(place: Place) -> str:
    """Start the bisection of a run that succeeded and of one that failed; return its ID."""
    process = place.dispatcher()
    good, bad = (ended(place, body) for body in (":", "exit 3"))
    process.terminate()
    process.wait()
    return place.yard.services.bisections.create(place.caller, NewBisection(good, bad)).id


@pytest.mark.sample(1)
@pytest.mark.parametrize("point", ["probe-inserted", "probe-committed", "probe-committed:2"])
def test_dispatcher_dies_while_it_starts_a_probe(place: Place, point: str) -> None:
    """An open transaction leaves nothing, and committed work is not repeated."""
    key = begin(place)
    bisections = place.yard.services.bisections
    place.dispatcher_dies(point)
    probes = bisections.get(place.caller, key).probes
    assert len(probes) == {"probe-inserted": 0, "probe-committed": 1}.get(point, 2)
    place.dispatcher()
    until(lambda: bisections.get(place.caller, key).state == "done", "the end of the bisection")
    found = bisections.get(place.caller, key)
    assert [found.changes[at].kind for at in found.culprits] == ["code"]
    assert [one.verdict for one in found.probes] == ["good", "bad"]
    scratch = place.yard.services.runs.list(place.caller, origin="bisect").items
    assert sorted(run.id for run in scratch) == sorted(one.run_id for one in found.probes)
    place.settle()
