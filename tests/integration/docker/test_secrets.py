"""Secrets in containers are read from bound memory; what the engine shows of a container
contains none."""

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
import pytest
from tests.support.leaked_secrets import CANARY, in_memory, is_in

from nbyard.dockerd import STORE, Engine
from nbyard.domain.attempts.structs import CommandWork, Output
from nbyard.domain.runs.structs import NewRun
from nbyard.errors import NbyardError
from nbyard.reasons.structs import because
from nbyard.runner import secret_files
from nbyard.runtimes.docker.attempt_container_spec import COLLECTOR, container_name
from nbyard.runtimes.docker.attempts import secret_output
from nbyard.runtimes.docker.files import log_copy
from nbyard.runtimes.protocol import Order

from ..telling import (
    ANN,
    REACHES,
    Telling,
    assert_only_the_harmless_one,
    telling,
    writing,
)
from .bench import Bench, log_of, output, until
from .test_survival import COUNT, LINES, MISSING, site_of_killed_starter

pytestmark = pytest.mark.sample(1)

FAILS = pytest.mark.parametrize("fails", [False, True])


@pytest.fixture
def work(tmp_path, docker_variables):
    with telling(tmp_path) as made:
        yield made


def started(engine: Engine, work: Telling) -> list[str]:
    """Return what the engine shows of the containers of this store."""
    found = engine.owned_objects(STORE, work.yard.store.id)
    client = engine.client()
    return [json.dumps(client.inspect_container(one.name), ensure_ascii=False)
            for one in found if one.kind == "container"]  # fmt: skip


@FAILS
@pytest.mark.parametrize("containers", ["", "warm"])
def test_notebook_receives_a_secret_in_a_container(work, fails, containers):
    """A notebook with a secret never shares a container."""
    path = work.telling_notebook()
    body = {"path": path, "runtime": "docker", "containers": containers}
    detail = work.run(**body, parameters={"token": "api", "fails": fails})
    work.check(detail, fails=fails)


@FAILS
@pytest.mark.parametrize("reach", REACHES)
def test_command_receives_a_secret_in_a_container(work, reach, fails):
    path = work.telling_script(reach, fails=fails)
    detail = work.run(path=path, runtime="docker", parameters={"token": "api"})
    work.check(detail, fails=fails)


def test_files_with_secrets_are_named_but_not_kept(work):
    """This holds for fetched files. Links are not followed."""
    detail = work.run(path=writing(work), runtime="docker", parameters={"token": "api"})
    assert_only_the_harmless_one(work, detail)


def test_engine_shows_no_secret(work, docker_engine):
    """A shell in the container sets the variables."""
    text = "import os, time\nprint(len(os.environ['TOKEN']), flush=True)\ntime.sleep(60)\n"
    argument = {"name": "token", "type": "secret", "reach": REACHES["variable"][0]}
    path = work.script(text, argument)
    runs = work.yard.services.runs
    made = runs.create(ANN, NewRun(path=path, runtime="docker", parameters={"token": "api"}))
    until(lambda: runs.log(ANN, made.id, "main").text == "17\n")
    told = started(docker_engine, work)
    assert sum("secrets/token" in one for one in told) == 1 and len(told) == 2, "and a collector"
    assert not any(is_in(one.encode()) for one in told)
    runs.cancel(ANN, made.id)
    until(lambda: runs.get(ANN, made.id).run.state == "cancelled")
    until(lambda: not in_memory(work.yard.store.id))


def test_remote_engine_is_refused_with_a_reason(bench: Bench):
    order = bench.order(CommandWork(argv=["true"]))
    target = secret_files.secrets_folder(order.store_id, order.attempt_id)
    secret_files.store_secrets(str(order.folder), target, {"token": CANARY.encode()}, [CANARY])
    try:
        with pytest.raises(NbyardError, match="memory of this machine"):
            bench.runtime(staging="volume").start(order)
        assert log_of(order) == ""
    finally:
        secret_files.delete_secrets(target)


@contextmanager
def order_with_secret(
    bench: Bench, script: str, outputs: dict[str, Output], **work: Any
) -> Iterator[Order]:
    """Yield an order for a shell that has the secret in TOKEN."""
    words = ["sh", "-c", script]
    order = bench.order(
        CommandWork(words, secrets={"TOKEN": "secrets/token"}, **work), outputs=outputs
    )
    target = secret_files.secrets_folder(order.store_id, order.attempt_id)
    secret_files.store_secrets(str(order.folder), target, {"token": CANARY.encode()}, [CANARY])
    try:
        yield order
    finally:
        secret_files.delete_secrets(target)


def kept(engine: Engine, name: str) -> bytes:
    return b"".join(piece for _, piece in engine.log(name))


def test_engine_log_contains_no_secret(bench: Bench):
    """Neither the log of the command nor that of its collector, while they run.

    Printed lines keep their order, also if a stream is opened by its path."""
    script = """
    echo first; echo "$TOKEN"; echo "$TOKEN" >&2; echo by name >/dev/stderr; printf '%s' "$TOKEN"
    cat "$NBYARD_SECRETS/token" >/dev/stdout; echo; echo last
    until test -e go; do sleep 0.05; done
    """
    with order_with_secret(bench, script, {}) as order:
        runtime = bench.runtime()
        placed = bench.start(order, runtime)
        until(lambda: "last" in log_of(order))
        name = container_name(order.attempt_id)
        assert (kept(bench.engine, name), kept(bench.engine, name + COLLECTOR)) == (b"", b"")
        (order.folder / "code/go").touch()
        assert bench.wait(placed, runtime).state == "succeeded"
        assert log_of(order) == "first\n***\n***\nby name\n******\nlast\n"
        assert kept(bench.engine, name) == b""
        bench.clear(runtime, placed)


def test_declared_streams_arrive_complete_as_files(bench: Bench):
    """A secret in them is reported as disclosed, and is not in the log of the engine."""
    data = os.urandom(3_000_000)
    files = {"stdin": "inputs/i/data", "stdout": "outputs/o/out", "stderr": "outputs/e/err"}
    outputs = {"o": output("outputs/o/out"), "e": output("outputs/e/err")}
    script = 'cat; printf "%s" "$TOKEN" >&2'
    with order_with_secret(bench, script, outputs, **files) as order:
        (order.folder / "inputs/i").mkdir()
        (order.folder / "inputs/i/data").write_bytes(data)
        result = bench.run(order)
        assert (result.failure, result.disclosed) == (None, ["e"])
        assert (order.folder / "outputs/o/out").read_bytes() == data
        assert (order.folder / "outputs/e/err").read_text() == CANARY
        assert kept(bench.engine, container_name(order.attempt_id)) == b""
        assert log_of(order) == ""


@pytest.mark.long
@pytest.mark.parametrize("ends", [False, True])
def test_kill_9_of_the_starter_keeps_each_line_once(bench: Bench, ends):
    """This also holds if the command ended before another process adopts it."""
    with order_with_secret(bench, f'{COUNT}; echo "$TOKEN"', {}) as order:
        site = site_of_killed_starter(bench, order, "line 5")
        placed = msgspec.structs.replace(order, site=site)
        name = container_name(order.attempt_id)
        until(lambda: not ends or ((c := bench.engine.container(name)) and c.is_over))
        assert bench.wait(placed, bench.runtime()).state == "succeeded"
        assert log_of(order) == LINES + "***\n"


@pytest.mark.long
def test_killed_collector_is_restarted(bench: Bench):
    with order_with_secret(
        bench, f"echo begun; until test -e go; do sleep 0.05; done; {COUNT}", {}
    ) as order:
        runtime = bench.runtime()
        placed = bench.start(order, runtime)
        until(lambda: "begun" in log_of(order))
        bench.engine.signal(container_name(order.attempt_id) + COLLECTOR, "SIGKILL")
        (order.folder / "code/go").touch()
        assert bench.wait(placed, runtime).state == "succeeded"
        assert log_of(order) == "begun\n" + LINES


@pytest.mark.long
def test_command_with_a_removed_collector_is_lost(bench: Bench):
    with order_with_secret(bench, "echo begun; sleep 600", {}) as order:
        runtime = bench.runtime()
        placed = bench.start(order, runtime)
        until(lambda: "begun" in log_of(order))
        bench.engine.remove(container_name(order.attempt_id) + COLLECTOR)
        assert bench.over(placed, runtime).reason == because("container-killed", signal=9)


def test_log_flood_past_the_engine_is_capped_and_counted(bench: Bench, monkeypatch):
    """Memory holds only a few files of it at any time."""
    monkeypatch.setattr(secret_output, "FILE_BYTES", 100_000)
    monkeypatch.setattr(log_copy, "LIMIT_BYTES", 300_000)
    script = "seq 1 1000; until test -e go; do sleep 0.05; done; seq 1001 300000"
    with order_with_secret(bench, script, {}) as order:
        runtime = bench.runtime()
        placed = bench.start(order, runtime)
        until(lambda: log_of(order).endswith("\n1000\n"))
        (order.folder / "code/go").touch()
        assert bench.wait(placed, runtime).state == "succeeded"
        folder = f"{secret_files.secrets_folder(order.store_id, order.attempt_id)}/.printed"
        used = subprocess.run(["du", "-sk", folder], capture_output=True, check=True, text=True)
        assert int(used.stdout.split()[0]) * 1024 < 64 * 2**16 + 6 * 100_000
        shown = [line for line in log_of(order).splitlines() if line.isdigit()]
        assert shown[0] == "1" and shown[-1] == "300000"
        assert MISSING.findall(log_of(order))
        assert (order.folder / "log").stat().st_size < 310_000
