"""On a store with several users, a dispatcher starts only what the rules of today allow."""

import msgspec
from tests.support.fake_runtime_bench import OWNER, Bench, FakeRuntime

from nbyard.domain.users.isolation import Isolation
from nbyard.runtimes.protocol import Runtime

SHARED = Isolation(True, ("own/*",))


def of_containers(bench: Bench, runtime: FakeRuntime, rules: Isolation) -> None:
    bench.store.isolation = rules
    runtimes: dict[str, Runtime] = {"docker": runtime}
    bench.context.runtimes.clear()
    bench.context.runtimes.update(runtimes)


def test_an_attempt_in_a_process_fails(bench, runtime):
    """Its request came before the store was shared."""
    of_containers(bench, runtime, SHARED)
    run = bench.submit(runtime="process")
    bench.until_run(run, "failed")
    assert bench.failure(run).reason.code == "runtime-off"


def test_an_image_that_is_no_longer_allowed_starts_nothing(bench, runtime):
    of_containers(bench, runtime, SHARED)
    run = bench.submit(runtime="docker", image="python:2")
    bench.until_run(run, "failed")
    assert "image-off" in str(msgspec.to_builtins(bench.failure(run)))
    assert runtime.orders == {}


def test_allowed_images_start_and_name_their_owner(bench, runtime):
    of_containers(bench, runtime, SHARED)
    run = bench.submit(runtime="docker", image="own/a:1")
    bench.until_task(run, "running")
    (order,) = runtime.orders.values()
    assert order.owner_key == SHARED.owner_key(OWNER.name) != ""
