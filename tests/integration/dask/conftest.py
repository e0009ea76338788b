from collections.abc import Iterator

import pytest

from .ground import Ground, ground


@pytest.fixture(scope="module")
def dask_ground() -> Iterator[Ground]:
    """A scheduler and a worker that sees our folders."""
    with ground() as made:
        made.start_worker()
        yield made


@pytest.fixture(scope="module")
def far_ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    """A scheduler and a worker that sees nothing of ours."""
    with ground() as made:
        made.start_worker(hidden=tmp_path_factory.getbasetemp())
        yield made
