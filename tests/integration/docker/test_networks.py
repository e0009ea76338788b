"""Which networks containers reach (4.3): the setting container_network, on a real engine."""

import msgspec
import pytest

from nbyard.errors import Unavailable
from nbyard.reasons.structs import because

from .bench import Bench, log_of, until

DIAL = """
import socket, sys
from concurrent.futures import ThreadPoolExecutor

def dial(at):
    try:
        socket.create_connection((at, {port}), 2).close()
        return "answers"
    except OSError:
        return "is out of reach"

with ThreadPoolExecutor(9) as pool:
    print(*pool.map(dial, sys.argv[1:]), sep="\\n")
"""


def test_container_without_a_network_reaches_nothing(bench: Bench):
    order = bench.shell("cat /proc/net/route")
    assert bench.run(order, bench.runtime(network="none")).state == "succeeded"
    assert len(log_of(order).splitlines()) == 1, "only the heading"
    assert not any(one.startswith("network") for one in bench.left())


def test_internal_network_does_not_reach_its_own_machine(
    bench: Bench, python_base_image: str, listener: int
):
    """4.3.6: neither metadata addresses nor services of the engine's machine."""
    said = {}
    for network in ("bridge", "internal"):
        order = bench.shell("sleep 60", image=python_base_image, run_id=f"{bench.run_id}{network}")
        runtime = bench.runtime(network=network)
        runtime.start(order)
        known = bench.engine.networks_named(f"nby-{order.run_id}")[0]
        (other,) = bench.engine.networks_named("bridge")
        places = [one["IPAM"]["Config"][0]["Gateway"] for one in (known, other)]
        dial = bench.shell("", image=python_base_image, run_id=order.run_id)
        task = msgspec.json.decode((dial.folder / "task.json").read_bytes())
        task["work"]["argv"] = ["python3", "-c", DIAL.format(port=listener), *places]
        (dial.folder / "task.json").write_bytes(msgspec.json.encode(task))
        assert bench.run(dial, runtime).state == "succeeded"
        said[network] = log_of(dial).splitlines()
        runtime.stop(order, because("text", text="enough"))
        runtime.stop(dial, because("text", text="enough"))
    assert said == {"bridge": ["answers"] * 2, "internal": ["is out of reach"] * 2}
    until(lambda: not bench.left())


@pytest.mark.long
def test_run_never_continues_on_a_network_of_another_kind(bench: Bench):
    first = bench.shell("sleep 60")
    open_one, closed = bench.runtime(), bench.runtime(network="internal")
    open_one.start(first)
    second = bench.shell("true")
    with pytest.raises(Unavailable, match="the wrong type"):
        closed.start(second)
    open_one.stop(first, because("text", text="enough"))
    until(lambda: not bench.left())
    assert bench.run(second, closed).state == "succeeded"
    (known,) = bench.engine.networks_named(f"nby-{bench.run_id}")
    assert known["Internal"] is True
