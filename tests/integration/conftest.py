"""Slow fixtures that several modules share."""

import pytest

from .foreign import Environment, R


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """Provide an environment other than that of the tests."""
    return Environment(tmp_path_factory.mktemp("environment") / "venv")


@pytest.fixture(scope="session")
def r() -> R:
    return R()
