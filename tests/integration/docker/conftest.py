import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from tests.support import images
from tests.support.docker_fixtures import *  # noqa: F403
from tests.support.private_engine import why_no_engine

from nbyard.dockerd import Engine
from nbyard.runtimes.docker.files import volume_transfer

from ..test_runs import Project
from .bench import Bench


def pytest_collection_finish(session: pytest.Session) -> None:
    """Fetch what images are built from before the first test: on a new machine this takes longer
    than a test may."""
    needs = any("python_base_image" in getattr(item, "fixturenames", ()) for item in session.items)
    if needs and not session.config.option.collectonly and not why_no_engine():
        with suppress(subprocess.CalledProcessError):  # the tests that need it show why
            images.fetch(images.example_locks(session.config.rootpath))


@pytest.fixture(params=["bind", "volume"])
def project(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    docker_variables: None,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Project]:
    """Create a project with an engine that sees nbyard's files, and as with one that does not."""
    if request.param == "volume":
        monkeypatch.setattr(volume_transfer, "can_access_folder", lambda *_: False)
    with Project.opened(tmp_path) as made:
        yield made


@pytest.fixture
def python_bench(bench: Bench, python_base_image: str) -> Bench:
    bench.image = python_base_image
    return bench


@pytest.fixture
def bench(tmp_path: Path, docker_engine: Engine, tiny_image: str) -> Iterator[Bench]:
    made = Bench(tmp_path, docker_engine, tiny_image)
    yield made
    made.close()


@pytest.fixture
def listener() -> Iterator[int]:
    """Listen at a port on all addresses of this machine."""
    with socket.create_server(("0.0.0.0", 0)) as server:
        threading.Thread(target=_accept, args=(server,), daemon=True).start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)


def _accept(server: socket.socket) -> None:
    while True:
        try:
            server.accept()[0].close()
        except OSError:
            return
