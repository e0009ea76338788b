"""What `nbyard environments kernel` asks of a server that installs kernels."""

from types import SimpleNamespace
from typing import Any

import click
import pytest

from nbyard.cli.commands import environments
from nbyard.domain.environments.structs import EnvironmentKernel


def test_an_interrupt_cancels_the_installation(monkeypatch, capsys):
    asked: list[dict[str, Any]] = []

    def kernel(**given: Any) -> EnvironmentKernel:
        asked.append(given)
        if len(asked) == 2:
            raise KeyboardInterrupt
        return EnvironmentKernel("", 1, "Resolving packages")

    connection = SimpleNamespace(environments=SimpleNamespace(kernel=kernel))
    monkeypatch.setattr(environments, "connect", lambda _: connection)
    with pytest.raises(click.Abort):
        environments.kernel.main(["ann/cows"], standalone_mode=False)
    assert asked == [
        *[{"environment": "ann/cows"}] * 2,
        {"environment": "ann/cows", "cancel": True},
    ]
    assert capsys.readouterr().err.strip() == "Resolving packages"
