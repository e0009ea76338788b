"""Slow fixtures that several modules share, and stores without migrations."""

import pytest
from tests.support.created_schemas import share_created_schemas

from ..unit.conftest import lengthen_budgets
from .foreign import Environment, R

share_created_schemas()

# The other budgets belong to services that hang, which these tests wait for.
LOOKUPS = ("services.runs.previews", "dispatch.cache.forecasts", "tabular.table_queries")


@pytest.fixture(autouse=True)
def _unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give lookups as much time as in the unit tests; a test of a budget sets its own."""
    lengthen_budgets(monkeypatch, LOOKUPS)


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """Provide an environment other than that of the tests."""
    return Environment(tmp_path_factory.mktemp("environment") / "venv")


@pytest.fixture(scope="session")
def r() -> R:
    return R()
