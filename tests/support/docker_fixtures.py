"""Fixtures for tests with a real engine.

Use them with `from tests.support.docker_fixtures import *` in a conftest. `docker_engine` is a
private engine of the tests (skipped if none can be started). `tiny_image` and `python_base_image`
are images on it. `docker_settings` are its settings as environment variables: with them,
requirements are installed without a network.
"""

from collections.abc import Iterator

import pytest
from tests.support import images
from tests.support.private_engine import using_shared_engine, why_no_engine

from nbyard.dispatch.image_controller import ENGINE_SECONDS
from nbyard.dockerd import Engine

__all__ = [
    "docker_engine",
    "docker_settings",
    "docker_variables",
    "python_base_image",
    "tiny_image",
]


@pytest.fixture(scope="session")
def docker_engine() -> Iterator[Engine]:
    """Yield the shared engine; skip the test if none can be started."""
    reason = why_no_engine()
    if reason:
        pytest.skip(reason)
    with using_shared_engine() as private:
        engine = Engine(private.url, timeout=ENGINE_SECONDS)
        yield engine
        engine.close()


@pytest.fixture(scope="session")
def tiny_image(docker_engine: Engine) -> str:
    """Return an image with a shell and a few programs, without Python."""
    return images.tiny_image(docker_engine)


@pytest.fixture(scope="session")
def python_base_image(docker_engine: Engine, pytestconfig: pytest.Config) -> str:
    """Return an image with Python 3.11, pip, and wheels for notebooks and the examples."""
    return images.base_image(docker_engine, images.example_locks(pytestconfig.rootpath))


@pytest.fixture
def docker_settings(docker_engine: Engine, python_base_image: str) -> dict[str, str]:
    """Return nbyard's settings for the engine as environment variables."""
    return {
        "NBYARD_DOCKER_HOST": docker_engine.url,
        "NBYARD_DOCKER_BASE_IMAGE": python_base_image,
        "NBYARD_DOCKER_BUILD_NETWORK": "none",
    }


@pytest.fixture
def docker_variables(docker_settings: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Set these variables in this process."""
    for name, value in docker_settings.items():
        monkeypatch.setenv(name, value)
