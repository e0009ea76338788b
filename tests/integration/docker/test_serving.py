"""A shell command serves a model of mode http until it is stopped, on a real engine."""

import os
import signal
import subprocess
import sys
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from nbyard.dockerd import STORE, Engine
from nbyard.domain.callers import Caller
from nbyard.domain.models.structs import NewModel
from nbyard.rest.identity import local_name
from nbyard.settings import Settings
from nbyard.yard import Yard

from .bench import until
from .deploying import SERVER
from .deploying import built as image_of

pytestmark = pytest.mark.leaves_running
ME = Caller(local_name())
SECONDS = 90
DOCKERFILE = """FROM {base}
COPY served.py /served.py
CMD ["python3", "-c", "exec(open('/served.py').read().replace('8000', '5000'))"]
"""
FILE = """
name: {name}
tag: v1
deployment: {{mode: http}}
src: .
interface: {{model_module: model, model_class: Cow}}
input_schema: [{{name: x, type: float}}]
output_schema: [{{name: y, type: float}}]
"""
Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def yard(tmp_path: Path, docker_engine: Engine, python_base_image: str) -> Iterator[Yard]:
    """Provide a model whose image is available."""
    root = tmp_path / "root"
    root.mkdir()
    settings = Settings(
        store_dir=str(tmp_path / "store"), docker_host=docker_engine.url, inline_dispatch=True
    )
    name = f"cow {uuid.uuid4().hex[:8]}"
    (root / "model.py").write_text("class Cow: pass\n")
    (root / "model.yaml").write_text(FILE.format(name=name))
    with Yard.open(settings, root, root) as made:
        package = made.services.models.build(ME, NewModel("."))
        image_of(
            docker_engine, package.reference, DOCKERFILE.format(base=python_base_image), SERVER
        )
        told = {"image_id": docker_engine.image_id(package.reference)}
        with made.store.write() as c:
            image = made.store.images.get(c, ME.name, package.image)
            assert image is not None
            made.store.images.move(c, image, "building")
            made.store.images.move(c, image, "ready", **told)
        yield made
        until(lambda: not docker_engine.owned_objects(STORE, made.store.id), SECONDS)
    docker_engine.remove_image(package.reference)


@pytest.fixture
def start(yard: Yard, docker_engine: Engine, tmp_path: Path) -> Iterator[Start]:
    """Start the command, and stop all of it afterwards."""
    begun: list[subprocess.Popen[str]] = []
    own = {"NBYARD_STORE_DIR": str(yard.store.folder), "NBYARD_DOCKER_HOST": docker_engine.url}
    variables = {**os.environ, **own, "NBYARD_IDLE_SECONDS": "1"}

    def run(*words: str) -> "subprocess.Popen[str]":
        command = [sys.executable, "-m", "nbyard.cli.main", "models", "run", "-n", "cow", *words]
        with (tmp_path / "said").open("w") as said:
            made = subprocess.Popen(
                command, cwd=yard.context.files.root, env=variables, text=True,
                stdout=subprocess.PIPE, stderr=said,
            )  # fmt: skip
        begun.append(made)
        return made

    yield run
    for one in begun:
        one.kill()
        one.communicate()


def deployments(yard: Yard) -> list[str]:
    return [one.name for one in yard.services.deployments.list(ME).items]


@pytest.mark.sample(1)
@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_command_serves_a_model_until_it_is_stopped(yard, start, tmp_path, ending):
    """The newest matching image; prints its address first, then its log.

    No container remains."""
    serving = start()
    address = serving.stdout.readline().strip()
    assert address.startswith("http://127.0.0.1:"), (tmp_path / "said").read_text()
    with urllib.request.urlopen(f"{address}predict", timeout=20) as answer:
        assert answer.read() == b"version 1"
    until(lambda: "serving version 1" in (tmp_path / "said").read_text(), SECONDS)
    secrets = yard.store.folder.glob("deployments/*/*.secret")
    assert [*secrets] == [], "the person at the shell would have to show it"
    (name,) = deployments(yard)
    assert name.startswith("cow-")
    serving.send_signal(ending)
    assert serving.wait(SECONDS) == 0
    assert serving.stdout.read() == ""
    assert deployments(yard) == []


def test_command_stopped_before_the_model_is_ready_leaves_nothing(yard, start):
    serving = start()
    until(lambda: deployments(yard), SECONDS)
    serving.send_signal(signal.SIGINT)
    assert serving.wait(SECONDS) == 0
    assert deployments(yard) == []


@pytest.mark.sample(1)
@pytest.mark.parametrize("end", ["stop", "delete"])
def test_command_exits_when_its_container_is_stopped(yard, start, tmp_path, end):
    """The exit code is 1, with a message."""
    serving = start()
    assert serving.stdout.readline()
    (name,) = deployments(yard)
    getattr(yard.services.deployments, end)(ME, name)
    assert serving.wait(SECONDS) == 1
    told = (tmp_path / "said").read_text()
    assert ("is stopped" if end == "stop" else "was deleted meanwhile") in told
    assert deployments(yard) == []
