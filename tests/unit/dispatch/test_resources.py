"""What this machine has to give."""

import pytest

from nbyard import gpus
from nbyard.dispatch.resources import capacity
from nbyard.settings import Settings


def test_the_settings_count_else_the_machine():
    configured = capacity(Settings(slots=3, gpus=["1", "0", "1"], tasks_per_gpu=2))
    assert (configured.cores, configured.gpus, configured.tasks_per_gpu) == (3, ("1", "0"), 2)
    found = capacity(Settings(gpus=[]))
    assert found.cores >= 1
    assert found.memory_bytes > 2**28
    assert found.gpus == ()


def test_auto_asks_the_driver_not_too_often(monkeypatch: pytest.MonkeyPatch):
    asked = iter([("GPU-a",)])
    monkeypatch.setattr(gpus, "ask_driver", lambda: next(asked))
    monkeypatch.setattr(gpus, "_driver", gpus.Driver())
    assert [capacity(Settings()).gpus for _ in range(3)] == [("GPU-a",)] * 3
