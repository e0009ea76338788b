import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from tests.support import images
from tests.support.docker_fixtures import *  # noqa: F403
from tests.support.private_engine import why_no_engine

from nbyard.dockerd import Engine

from .bench import Bench


def pytest_collection_finish(session: pytest.Session) -> None:
    """Fetch what images are built from before the first test: on a new machine this takes longer
    than a test may."""
    needs = any("python_base_image" in getattr(item, "fixturenames", ()) for item in session.items)
    if needs and not session.config.option.collectonly and not why_no_engine():
        with suppress(subprocess.CalledProcessError):  # the tests that need it show why
            images.fetch(images.example_locks(session.config.rootpath))


@pytest.fixture
def bench(tmp_path: Path, docker_engine: Engine, tiny_image: str) -> Iterator[Bench]:
    made = Bench(tmp_path, docker_engine, tiny_image)
    yield made
    made.close()
