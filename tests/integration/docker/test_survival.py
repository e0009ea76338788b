"""A later process finds running containers: adoption, logs without a gap, sweep."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
from typing import Any

import msgspec
import pytest

from nbyard.dockerd import ATTEMPT, RUN, STORE, ContainerSpec
from nbyard.reasons.structs import because
from nbyard.runtimes.docker import runtime as runtime_module
from nbyard.runtimes.docker.attempt_container_spec import container_name, container_spec
from nbyard.runtimes.protocol import Order

from .bench import Bench, log_of, output, until

MISSING = re.compile(r"lines missing here: (?:at least )?([\d,]+) \([\d.]+ [kM]?B\)")

# long enough for a busy machine to kill who started it, and to look
COUNT = "i=0; while [ $i -lt 200 ]; do echo line $i; i=$((i+1)); sleep 0.05; done"
LINES = "".join(f"line {i}\n" for i in range(200))
UNTIL_GO = "i=0; until test -e go; do echo line $i; i=$((i+1)); sleep 0.05; done; echo end of $i"

STARTER = """
import sys, time
from pathlib import Path
import msgspec
from nbyard.runtimes.docker import DockerRuntime
from nbyard.runtimes.protocol import Order
order = msgspec.json.decode(sys.argv[2], type=Order, dec_hook=lambda t, v: t(v))
print(DockerRuntime(docker_host=sys.argv[1], base_image=sys.argv[3]).start(order), flush=True)
time.sleep(600)
"""


def start_elsewhere(bench: Bench, order: Order) -> "subprocess.Popen[str]":
    packed = msgspec.json.encode(order, enc_hook=str).decode()
    words = [sys.executable, "-c", STARTER, bench.engine.url, packed, bench.image]
    path = os.pathsep.join(p for p in sys.path if p)
    return subprocess.Popen(
        words, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": path}
    )


def site_of_killed_starter(bench: Bench, order: Order, line: str = "") -> str:
    """Start an attempt in a process that is killed once the log has a line; return its site."""
    starter = start_elsewhere(bench, order)
    try:
        until(lambda: line in log_of(order))
        assert starter.stdout
        return starter.stdout.readline().strip()
    finally:
        starter.send_signal(signal.SIGKILL)
        starter.communicate()


def test_kill_9_of_the_starter_keeps_the_attempt(bench: Bench):
    """Another process adopts it. Its log has no gap and no repeated line."""
    order = bench.shell(UNTIL_GO)
    site = site_of_killed_starter(bench, order, "line 5")
    runtime = bench.runtime()
    order = msgspec.structs.replace(order, site=site)
    assert runtime.poll(order).state == "running"
    (order.folder / "code/go").touch()
    assert bench.wait(order, runtime).state == "succeeded"
    *lines, last = log_of(order).splitlines()
    assert [*lines, last] == [*(f"line {i}" for i in range(len(lines))), f"end of {len(lines)}"]


@pytest.mark.long
def test_repeated_start_adopts_the_container(bench: Bench):
    """One container for any number of starts, also if its site was not recorded."""
    order = bench.shell(COUNT)
    runtimes = [bench.runtime() for _ in range(3)]
    for runtime in runtimes:
        runtime.start(order)
    assert sum(one.startswith("container") for one in bench.left()) == 1
    for runtime in runtimes:
        assert bench.wait(order, runtime).state == "succeeded"
    assert log_of(order) == LINES, "three followers, each line once"


def test_created_container_is_started_by_the_next_process(bench: Bench):
    """The response to `create` was lost."""
    order = bench.shell("echo once")
    labels = {STORE: bench.store_id, RUN: bench.run_id, ATTEMPT: order.attempt_id}
    bench.engine.create(
        ContainerSpec(
            name=container_name(order.attempt_id),
            image=bench.image,
            argv=["true"],
            user="65534:65534",
            labels=labels,
        )
    )
    runtime = bench.runtime()
    assert runtime.poll(order).state == "absent"
    assert bench.run(order, runtime).state == "succeeded"
    assert log_of(order) == "once\n"


def test_truncated_standard_input_is_not_a_success(bench: Bench):
    """A starter that dies while it sends standard input must not leave a truncated result."""
    order = bench.shell("while read line; do sleep 0.01; done; echo ended", stdin="inputs/i/x")
    (order.folder / "inputs/i").mkdir()
    (order.folder / "inputs/i/x").write_text("0123456789\n" * 400_000)
    site = site_of_killed_starter(bench, order)
    runtime = bench.runtime()
    seen = bench.over(msgspec.structs.replace(order, site=site), runtime)
    assert seen.state == "lost"


def test_logs_are_completed_without_a_follower(bench: Bench):
    order, runtime = bench.shell("echo one; echo two >&2; echo three"), bench.runtime()
    bench.run(order, runtime)
    until(lambda: not runtime.attempt(order).is_busy)  # it may add to the result meanwhile
    whole = log_of(order)
    assert sorted(whole.split()) == ["one", "three", "two"]
    (order.folder / "result.json").unlink()
    half = order.folder / "half"
    half.write_text(whole[:6])
    half.replace(order.folder / "log")  # whoever still follows has the former one
    bench.runtime().logs(order)
    until(lambda: log_of(order) == whole)


@pytest.mark.long
def test_log_flood_is_capped_and_counted(bench: Bench, monkeypatch):
    """The beginning and the end are kept, and the missing bytes are counted."""
    from nbyard.runtimes.docker.files import log_copy

    monkeypatch.setattr(log_copy, "LIMIT_BYTES", 300_000)
    order = bench.shell("seq 1 100000")
    assert bench.run(order).state == "succeeded"
    (missing,) = MISSING.findall(log_of(order))
    shown = [line for line in log_of(order).splitlines() if line.isdigit()]
    assert shown[0] == "1" and shown[-1] == "100000"
    # the line that is cut at either edge is counted once, or not
    assert abs(len(shown) + int(missing.replace(",", "")) - 100_000) <= 1
    assert (order.folder / "log").stat().st_size < 310_000


@pytest.mark.long
def test_log_lines_dropped_by_the_engine_are_counted(bench: Bench, monkeypatch):
    """The count is a lower bound, because the engine keeps only two MiB here."""
    from nbyard.runtimes.docker.files import log_copy

    def little(*told: Any) -> ContainerSpec:
        return msgspec.structs.replace(container_spec(*told), log_bytes=2**20)

    monkeypatch.setattr(runtime_module, "container_spec", little)
    monkeypatch.setattr(log_copy, "TAIL_BYTES", 10_000)
    monkeypatch.setattr(log_copy, "LIMIT_BYTES", 30_000)
    order = bench.shell("seq 1 10000; while ! test -e go; do sleep 0.05; done; seq 10001 400000")
    runtime = bench.runtime()
    site = runtime.start(order)
    until(lambda: log_of(order).startswith("1\n2\n"))
    (order.folder / "code/go").touch()
    assert bench.wait(msgspec.structs.replace(order, site=site), runtime).state == "succeeded"
    head, _, tail = log_of(order).partition("[nbyard: lines missing here: at least ")
    count = int(tail.partition(" ")[0].replace(",", ""))
    shown = [line for line in log_of(order).splitlines() if line.isdigit()]
    assert head.startswith("1\n2\n") and tail.endswith("\n399999\n400000\n")
    assert 10_000 < count <= 400_000 - len(shown) + 2


@pytest.mark.long
def test_sweep_removes_only_orphans_of_this_store(bench: Bench, monkeypatch):
    """An orphan has the label and ID of this store, a matching name, no live attempt, and a
    minimum age."""
    monkeypatch.setattr(runtime_module, "GRACE_SECONDS", 600)
    runtime = bench.runtime(staging="volume")
    dead, live = bench.shell("sleep 60"), bench.shell("sleep 60", run_id="other-run")
    runtime.start(dead)
    runtime.start(live)
    forged = ContainerSpec(
        name=f"forged-{dead.attempt_id}",
        image=bench.image,
        argv=["sleep", "60"],
        user="65534:65534",
        labels={STORE: bench.store_id, ATTEMPT: dead.attempt_id, RUN: bench.run_id},
    )
    bench.engine.create(forged)
    try:
        assert runtime.sweep(bench.store_id, [live.attempt_id]) == [], "it has some grace"
        monkeypatch.setattr(runtime_module, "GRACE_SECONDS", -1)
        assert runtime.sweep("another-store", []) == []
        removed = runtime.sweep(bench.store_id, [live.attempt_id])
        name = container_name(dead.attempt_id)
        assert sorted(removed) == sorted([name, name, f"nby-{bench.run_id}"])
        kept = bench.left()
        assert f"container {forged.name}" in kept
        assert f"container {container_name(live.attempt_id)}" in kept
        assert "network nby-other-run" in kept
    finally:
        bench.engine.remove(forged.name)


@pytest.mark.long
def test_wake_socket_is_notified_at_the_end(bench: Bench, tmp_path):
    import socket

    wake = tmp_path / "w"
    wake.mkdir()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
        ear.bind(str(wake / "s"))
        ear.settimeout(60)
        order = bench.shell("true", wake=str(wake))
        bench.runtime().start(order)
        assert ear.recv(200) == order.attempt_id.encode()
        until((order.folder / "result.json").exists)


@pytest.mark.long
def test_cancel_during_preparation_prevents_the_start(bench: Bench, monkeypatch):
    begun, going = threading.Event(), threading.Event()

    def slow_image(engine, base, text, for_notebooks, say):
        begun.set()
        going.wait(60)
        say("one more line")
        raise AssertionError("a cancelled build goes on")

    runtime = bench.runtime(image_for=slow_image)
    order = bench.shell("true", requirements="code/requirements.txt")
    (order.folder / "code/requirements.txt").write_text("cowsay\n")
    thread = threading.Thread(target=runtime.start, args=(order,))
    thread.start()
    begun.wait(60)
    assert runtime.poll(order).state == "starting"
    why = because("text", text="changed my mind")
    runtime.stop(order, why)
    going.set()
    thread.join(60)
    until(lambda: runtime.poll(order).state == "finished")
    said = json.loads((order.folder / "result.json").read_text())
    assert said["state"] == "cancelled" and said["failure"]["reason"] == msgspec.to_builtins(why)
    assert bench.left() == []


@pytest.mark.long
@pytest.mark.parametrize("staging", ["bind", "volume"])
def test_nothing_remains_after_the_results_were_fetched(bench: Bench, staging):
    runtime = bench.runtime(staging=staging)
    order = bench.shell("echo x > ../outputs/o/x", outputs={"o": output("outputs/o/x")})
    assert bench.run(order, runtime).state == "succeeded"
    assert bench.left()
    bench.clear(runtime, order)
    assert not (order.folder / "cancel").exists()
    assert runtime.poll(order).state == "finished"
