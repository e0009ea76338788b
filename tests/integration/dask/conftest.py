from collections.abc import Iterator
from pathlib import Path

import pytest

from .ground import Ground, ground

HERE = Path(__file__).parent
# distributed forgets the socket of a connection that fails while a scheduler or worker ends
FORGOTTEN = "ignore:unclosed <socket.socket fd=.*, family=2, type=1:ResourceWarning"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.filterwarnings(FORGOTTEN))


@pytest.fixture(scope="module")
def dask_ground() -> Iterator[Ground]:
    """Start a scheduler and a worker that sees nbyard's folders."""
    with ground() as made:
        made.start_worker()
        yield made


@pytest.fixture(scope="module")
def far_ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    """Start a scheduler and a worker that does not see nbyard's folders."""
    with ground() as made:
        made.start_worker(hidden=tmp_path_factory.getbasetemp())
        yield made
