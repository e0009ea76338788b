from collections.abc import Iterator
from pathlib import Path

import pytest

from nbyard.dockerd import Engine
from nbyard.testing.docker import *  # noqa: F403

from .bench import Bench


@pytest.fixture
def bench(tmp_path: Path, docker_engine: Engine, tiny_image: str) -> Iterator[Bench]:
    made = Bench(tmp_path, docker_engine, tiny_image)
    yield made
    made.close()
