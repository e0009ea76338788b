"""What the runtime of processes believes of work on another machine."""

import os
from types import SimpleNamespace

import msgspec
import pytest

from nbyard.domain.attempts.structs import HEARTBEAT, RUNNER
from nbyard.reasons.structs import because
from nbyard.runner.process import clock
from nbyard.runtimes import process
from nbyard.runtimes.process import SILENCE_SECONDS, Identity, ProcessRuntime
from nbyard.runtimes.protocol import Order

DAY_SECONDS = 86_400


@pytest.fixture
def order(tmp_path) -> Order:
    """Of an attempt whose supervisor is on another machine."""
    told = Identity(pid=1, started=1.0, host="another-host", boot_id="b")
    (tmp_path / RUNNER).write_bytes(msgspec.json.encode(told))
    (tmp_path / HEARTBEAT).touch()
    return Order("a" * 36, "store", "run", "node", tmp_path, "m" * 32)


@pytest.fixture
def moment(monkeypatch) -> list[float]:
    """Our own count of time."""
    found = [1000.0]
    monkeypatch.setattr(clock, "time", SimpleNamespace(monotonic=lambda: found[0]))
    return found


@pytest.mark.parametrize("days", [-1, 0, 1])
def test_an_attempt_lives_while_its_signs_change(order, moment, days):
    """The time on the worker does not count."""
    runtime, there = ProcessRuntime(), 1.8e9 + days * DAY_SECONDS
    for beat in range(5):
        os.utime(order.folder / HEARTBEAT, (there + beat, there + beat))
        moment[0] += SILENCE_SECONDS - 1
        assert runtime.poll(order).state == "running"


def test_an_attempt_is_lost_after_locally_measured_silence(order, moment):
    runtime = ProcessRuntime()
    assert runtime.poll(order).state == "running"
    moment[0] += SILENCE_SECONDS - 1
    assert runtime.poll(order).state == "running"
    moment[0] += 1
    seen = runtime.poll(order)
    assert (seen.state, seen.reason) == (
        "lost",
        because("host-silent", host="another-host", seconds=60),
    )


def test_work_gets_no_settings_or_keys_of_nbyard(monkeypatch):
    """The key of the store opens all of its credentials."""
    monkeypatch.setenv("NBYARD_CRYPT_KEY", "0" * 64)
    monkeypatch.setenv("NBYARD_DATABASE_URL", "postgresql://me:secret@there/store")
    found = process.host_of("s")
    assert {name for name in found if name.startswith("NBYARD_")} == {"NBYARD_STORE"}
