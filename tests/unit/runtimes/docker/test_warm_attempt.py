"""An attempt in a warm container, where no engine has to be asked."""

from types import SimpleNamespace
from typing import Any

import pytest

from nbyard.errors import Unavailable
from nbyard.runtimes.docker.warm_attempt import WarmAttempt
from nbyard.runtimes.protocol import Order


def test_an_attempt_without_container_notices_a_silent_engine(tmp_path):
    """Its slot is not needed for this."""

    def container(_: str) -> None:
        raise Unavailable("no word")

    engine: Any = SimpleNamespace(container=container)
    warm: Any = SimpleNamespace(container_of=lambda _: "")
    networks: Any = None
    warm_attempt = WarmAttempt(Order("a", "s", "r", "n", tmp_path, "m"), engine, networks, warm)
    assert not warm_attempt.name
    with pytest.raises(Unavailable, match="no word"):
        warm_attempt.bring_up_to_date()
