"""Fixtures for tests with a real engine: `from nbyard.testing.docker import *` in a conftest.

`docker_engine` is an engine of the tests' own (skipped where none can be started), `tiny_image` and
`python_base_image` are images on it, `DOCKER_HOST` points there for the test that asks.
"""

from collections.abc import Iterator

import pytest

from nbyard.dockerd import Engine
from nbyard.testing import images
from nbyard.testing.engine import using_shared_engine, why_not

__all__ = ["docker_engine", "docker_host", "python_base_image", "tiny_image"]


@pytest.fixture(scope="session")
def docker_engine() -> Iterator[Engine]:
    reason = why_not()
    if reason:
        pytest.skip(reason)
    with using_shared_engine() as private:
        engine = Engine(private.url)
        yield engine
        engine.close()


@pytest.fixture
def docker_host(docker_engine: Engine, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("DOCKER_HOST", docker_engine.url)
    return docker_engine.url


@pytest.fixture(scope="session")
def tiny_image(docker_engine: Engine) -> str:
    """A shell and a few programs, no Python."""
    return images.tiny_image(docker_engine)


@pytest.fixture(scope="session")
def python_base_image(docker_engine: Engine) -> str:
    """Python 3.11 with pip, and all wheels that images made on it will ask for."""
    return images.base_image(docker_engine)
