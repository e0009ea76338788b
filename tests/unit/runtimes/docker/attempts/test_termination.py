"""A process that ignores a stop request is killed."""

from types import SimpleNamespace

import pytest

from nbyard.runtimes.docker.attempts import container_process
from nbyard.runtimes.docker.attempts.container_process import LOOK_SECONDS

# before a fixture shortens it
GRACE_SECONDS = container_process.GRACE_SECONDS


class Engine:
    """One container, which obeys the signals that are named."""

    def __init__(self, *obeyed: str) -> None:
        self.obeyed = obeyed
        self.signals: list[str] = []

    def signal(self, name: str, number: str) -> None:
        self.signals.append(number)

    def container(self, name: str) -> SimpleNamespace:
        return SimpleNamespace(is_over=any(one in self.obeyed for one in self.signals))


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(container_process, "GRACE_SECONDS", 0.0)
    monkeypatch.setattr(container_process, "LOOK_SECONDS", 0.0)


@pytest.mark.parametrize(
    ("obeyed", "signals"),
    [
        (["SIGTERM"], ["SIGTERM"]),
        (["SIGKILL"], ["SIGTERM", "SIGKILL"]),
        ([], ["SIGTERM", "SIGKILL"]),
    ],
)
def test_a_container_that_ignores_sigterm_is_killed(obeyed, signals):
    engine = Engine(*obeyed)
    container_process.terminate_container(engine, "a")  # type: ignore[arg-type]
    assert engine.signals == signals


def test_a_missing_container_has_ended(monkeypatch):
    engine = Engine()
    assert not container_process.is_over_within(engine, "a", 0.0)  # type: ignore[arg-type]
    monkeypatch.setattr(engine, "container", lambda _: None)
    assert container_process.is_over_within(engine, "a", 0.0)  # type: ignore[arg-type]


def test_a_container_that_ignores_a_cancel_is_killed_after_3_s(monkeypatch):
    """This uses a test clock. The engine and the kernel need the rest of the 5 s."""
    engine, clock, signals = Engine("SIGKILL"), SimpleNamespace(now=0.0), []

    def sleep(seconds: float) -> None:
        clock.now += seconds

    def signal(name: str, number: str) -> None:
        engine.signals.append(number)
        signals.append((number, clock.now))

    fake = SimpleNamespace(monotonic=lambda: clock.now, sleep=sleep)
    monkeypatch.setattr(container_process, "time", fake)
    monkeypatch.setattr(container_process, "GRACE_SECONDS", GRACE_SECONDS)
    monkeypatch.setattr(container_process, "LOOK_SECONDS", LOOK_SECONDS)
    monkeypatch.setattr(engine, "signal", signal)
    container_process.terminate_container(engine, "a")  # type: ignore[arg-type]
    (first, begin), (second, kill) = signals
    assert (first, begin, second) == ("SIGTERM", 0.0, "SIGKILL")
    assert 3.0 <= kill <= 3.5 and clock.now < 5.0
