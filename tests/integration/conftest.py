"""Slow fixtures that several modules share, and stores without migrations."""

import pytest
from tests.support.created_schemas import share_created_schemas

from .foreign import Environment, R

share_created_schemas()


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """Provide an environment other than that of the tests."""
    return Environment(tmp_path_factory.mktemp("environment") / "venv")


@pytest.fixture(scope="session")
def r() -> R:
    return R()
