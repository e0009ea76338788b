"""The graph of this repository takes seconds to read: once for all tests."""

from pathlib import Path

import pytest

from checks.graph import Graph


@pytest.fixture(scope="session")
def repository_graph() -> Graph:
    return Graph(Path(__file__).resolve().parents[4])
