"""S1, I25: secrets in containers are read from memory that is bound into them; nothing that the
engine tells of a container shows one."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
import pytest

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
from nbyard.testing.leaked_secrets import CANARY, in_memory, is_in

from ..telling import (
    ANN,
    REACHES,
    Telling,
    assert_only_the_harmless_one,
    telling,
    writing,
)
from .bench import Bench, log_of, output, until
from .test_survival import COUNT, LINES, MISSING, start_elsewhere

pytestmark = pytest.mark.sample(1)

FAILS = pytest.mark.parametrize("fails", [False, True])


@pytest.fixture
def work(tmp_path, docker_settings, monkeypatch):
    for name, value in docker_settings.items():
        monkeypatch.setenv(name, value)
    with telling(tmp_path) as made:
        yield made


def started(engine: Engine, work: Telling) -> list[str]:
    """What the engine tells of the containers of this store."""
    found = engine.owned_objects(STORE, work.yard.store.id)
    client = engine._client()
    return [json.dumps(client.inspect_container(one.name), ensure_ascii=False)
            for one in found if one.kind == "container"]  # fmt: skip


@FAILS
@pytest.mark.parametrize("containers", ["", "warm"])
def test_a_notebook(work, fails, containers):
    """One with a secret is never in a container that others are in."""
    path = work.telling_notebook()
    body = {"path": path, "runtime": "docker", "containers": containers}
    detail = work.run(**body, parameters={"token": "api", "fails": fails})
    work.check(detail, fails=fails)


@FAILS
@pytest.mark.parametrize("reach", REACHES)
def test_a_command(work, reach, fails):
    path = work.telling_script(reach, fails=fails)
    detail = work.run(path=path, runtime="docker", parameters={"token": "api"})
    work.check(detail, fails=fails)


def test_other_files_of_a_container(work):
    """K5, I26: those that came back; no link is followed."""
    detail = work.run(path=writing(work), runtime="docker", parameters={"token": "api"})
    assert_only_the_harmless_one(work, detail)


def test_what_the_engine_tells_shows_none(work, docker_engine):
    """Variables are filled inside, by a shell."""
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


def test_an_engine_elsewhere_is_told_why_not(bench: Bench):
    order = bench.order(CommandWork(argv=["true"]))
    target = secret_files.secrets_folder(order.store_id, order.attempt_id)
    secret_files.store_secrets(str(order.folder), target, {"token": CANARY.encode()}, [CANARY])
    try:
        with pytest.raises(NbyardError, match="cannot access the memory of this machine"):
            bench.runtime(staging="volume").start(order)
        assert log_of(order) == ""
    finally:
        secret_files.delete_secrets(target)


@contextmanager
def knowing(bench: Bench, script: str, outputs: dict[str, Output], **work: Any) -> Iterator[Order]:
    """An order for a shell that has the secret in TOKEN."""
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


def test_the_log_of_the_engine_has_nothing_of_it(bench: Bench):
    """S1: neither of the command nor of its collector, while they run; the order of what is
    printed is kept, and a stream that is opened by its name changes nothing."""
    script = """
    echo first; echo "$TOKEN"; echo "$TOKEN" >&2; echo by name >/dev/stderr; printf '%s' "$TOKEN"
    cat "$NBYARD_SECRETS/token" >/dev/stdout; echo; echo last
    until test -e go; do sleep 0.05; done
    """
    with knowing(bench, script, {}) as order:
        runtime = bench.runtime()
        placed = msgspec.structs.replace(order, site=runtime.start(order))
        until(lambda: "last" in log_of(order))
        name = container_name(order.attempt_id)
        assert (kept(bench.engine, name), kept(bench.engine, name + COLLECTOR)) == (b"", b"")
        (order.folder / "code/go").touch()
        assert bench.wait(placed, runtime).state == "succeeded"
        assert log_of(order) == "first\n***\n***\nby name\n******\nlast\n"
        assert kept(bench.engine, name) == b""
        runtime.stop(placed, because("text", text="it is at its end"))
        until(lambda: not bench.left())


def test_declared_streams_are_files_and_arrive_whole(bench: Bench):
    """E4, S1: a secret in them is named as disclosed; it is not in the log of the engine."""
    data = os.urandom(3_000_000)
    files = {"stdin": "inputs/i/data", "stdout": "outputs/o/out", "stderr": "outputs/e/err"}
    outputs = {"o": output("outputs/o/out"), "e": output("outputs/e/err")}
    script = 'cat; printf "%s" "$TOKEN" >&2'
    with knowing(bench, script, outputs, **files) as order:
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
def test_kill_9_of_the_starter_loses_and_doubles_no_line(bench: Bench, ends):
    """R8, I8: also when the command has ended before another process adopts it."""
    with knowing(bench, f'{COUNT}; echo "$TOKEN"', {}) as order:
        starter = start_elsewhere(bench, order)
        try:
            until(lambda: "line 5" in log_of(order))
            assert starter.stdout
            site = starter.stdout.readline().strip()
        finally:
            starter.send_signal(signal.SIGKILL)
            starter.communicate()
        placed = msgspec.structs.replace(order, site=site)
        name = container_name(order.attempt_id)
        until(lambda: not ends or ((c := bench.engine.container(name)) and c.is_over))
        assert bench.wait(placed, bench.runtime()).state == "succeeded"
        assert log_of(order) == LINES + "***\n"


@pytest.mark.long
def test_a_collector_that_was_killed_is_started_again(bench: Bench):
    with knowing(bench, f"echo begun; until test -e go; do sleep 0.05; done; {COUNT}", {}) as order:
        runtime = bench.runtime()
        placed = msgspec.structs.replace(order, site=runtime.start(order))
        until(lambda: "begun" in log_of(order))
        bench.engine.signal(container_name(order.attempt_id) + COLLECTOR, "SIGKILL")
        (order.folder / "code/go").touch()
        assert bench.wait(placed, runtime).state == "succeeded"
        assert log_of(order) == "begun\n" + LINES


@pytest.mark.long
def test_a_command_whose_collector_was_removed_is_lost(bench: Bench):
    with knowing(bench, "echo begun; sleep 600", {}) as order:
        runtime = bench.runtime()
        placed = msgspec.structs.replace(order, site=runtime.start(order))
        until(lambda: "begun" in log_of(order))
        bench.engine.remove(container_name(order.attempt_id) + COLLECTOR)
        assert str(bench.over(placed, runtime).reason) == "its container was killed (signal 9)"


def test_a_flood_past_the_engine_is_capped_and_counted(bench: Bench, monkeypatch):
    """I16: in memory is no more than a few files of it at any time."""
    monkeypatch.setattr(secret_output, "FILE_BYTES", 100_000)
    monkeypatch.setattr(log_copy, "LIMIT_BYTES", 300_000)
    script = "seq 1 1000; until test -e go; do sleep 0.05; done; seq 1001 300000"
    with knowing(bench, script, {}) as order:
        runtime = bench.runtime()
        placed = msgspec.structs.replace(order, site=runtime.start(order))
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
