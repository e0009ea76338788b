"""Cache keys: what a result depends on, and what not."""

import msgspec
import pytest

from nbyard.dispatch.cases import live_case
from nbyard.dispatch.keys import environment_of, input_digests, key_parts, version_of
from nbyard.domain.digest import KeyParts
from nbyard.domain.runs import ValueOf
from nbyard.errors import NotFound
from nbyard.testing.bench import Bench


def parts_of(bench: Bench, run: str, node: str, **plan: object) -> KeyParts:
    case = live_case(bench.room, bench.attempt(run, node))
    assert case is not None
    task = msgspec.structs.replace(case.task, plan=msgspec.structs.replace(case.task.plan, **plan))
    with bench.store.read() as c:
        version = version_of(bench.room, c, task.plan)
        inputs = input_digests(bench.room, c, task)
    environment = environment_of(bench.room, task.plan, version)
    return key_parts(bench.room, task.plan, version, inputs, environment)


@pytest.fixture
def run(bench: Bench) -> str:
    """a is finished, b runs."""
    made = bench.submit({"a": [], "b": ["a"]})
    bench.until(lambda: bench.task(made).state == "running")
    bench.runtime.end(bench.attempt(made), text="from a")
    bench.until(lambda: bench.task(made, "b").state == "running")
    return made


def test_inputs_values_and_image_count(bench: Bench, run: str) -> None:
    """R2."""
    known = parts_of(bench, run, "b")
    assert known.inputs == {"in0": bench.task(run).artifacts[0].digest}
    assert known.values == {"n": 0}
    bindings = {"n": ValueOf(1)}
    assert parts_of(bench, run, "b", bindings=bindings).key() != known.key()
    assert parts_of(bench, run, "b", image="other").environment != known.environment
    assert parts_of(bench, run, "b", label="x", cpu=2.0, timeout_seconds=1.0) == known


def test_who_asks_is_no_part_of_it(bench: Bench, run: str) -> None:
    """R3: a notebook that takes its run's id still comes from the cache."""
    known = parts_of(bench, run, "b")
    case = live_case(bench.room, bench.attempt(run, "b"))
    assert case is not None
    bindings = {**case.task.plan.bindings, "nbyard_run_id": ValueOf("some run")}
    assert parts_of(bench, run, "b", bindings=bindings) == known


def test_code_that_was_removed(bench: Bench, run: str) -> None:
    with pytest.raises(NotFound, match="no longer in the store"):
        parts_of(bench, run, "b", executable_version_id="gone")
