"""In a store with several users, the engine installs environments, for each user apart."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from nbyard.dockerd import Engine
from nbyard.domain.callers import Caller
from nbyard.domain.environments.structs import Environment, NewEnvironment
from nbyard.domain.images.structs import NewImage
from nbyard.domain.runs.structs import NewRun
from nbyard.host.installers import Installer
from nbyard.images.builds import OWNER_LABEL
from nbyard.reasons.structs import because
from nbyard.settings import Settings
from nbyard.testing.dispatcher_thread import Dispatching
from nbyard.yard import Yard

ANN, BOB = Caller("ann"), Caller("bob")
BUILD_SECONDS = 200.0
MEMORY_BYTES = 128 * 2**20
# Its first step sees half a core, in either version of control groups.
DOCKERFILE = """FROM {base}
RUN cd /sys/fs/cgroup && cat cpu.max cpu/cpu.cfs_quota_us 2>&1 | grep ^50000
RUN python3 -c "len(b'x' * {size_bytes})"
"""


@pytest.fixture
def yard(tmp_path: Path, docker_variables: None) -> Iterator[Yard]:
    root = tmp_path / "root"
    root.mkdir()
    store = str(tmp_path / "store")
    settings = Settings(store_dir=store, inline_dispatch=True, shared=True)
    with Yard.open(settings, root, root) as made:
        yield made


def installed(yard: Yard, caller: Caller, dispatcher: Dispatching) -> Environment:
    made = yard.services.environments.create(caller, NewEnvironment("cows", "cloudpickle"))
    return dispatcher.until(
        lambda: yard.services.environments.get(caller, made.id),
        lambda found: found.current.state in ("ready", "failed"),
        BUILD_SECONDS,
    )


@pytest.fixture
def no_images(yard: Yard, docker_engine: Engine) -> Iterator[None]:
    """Remove what other tests built for these owners, and what this one builds."""

    def remove() -> None:
        for owner in (ANN, BOB):
            key = yard.store.isolation.owner_key(owner.name)
            for image in docker_engine.images_with_label(OWNER_LABEL, key):
                for name in found.names if (found := docker_engine.image(image)) else []:
                    docker_engine.remove_image(name)

    remove()
    yield
    remove()


@pytest.mark.long
@pytest.mark.timeout(900)
def test_environments_are_images_of_their_owners(
    yard: Yard, no_images: None, monkeypatch: pytest.MonkeyPatch
):
    """Two owners install the same packages: each build begins anew."""

    def no_installer(*_: object) -> None:
        raise AssertionError("an installer ran in the service")

    monkeypatch.setattr(Installer, "_run", no_installer)
    built: list[str] = []
    build = Engine.build

    def counted(engine: Engine, tag: str, *args: Any, **options: Any) -> None:
        built.append(tag)
        build(engine, tag, *args, **options)

    monkeypatch.setattr(Engine, "build", counted)
    (yard.context.files.root / "a.py").write_text("import cloudpickle; print('imported')\n")
    runs = yard.services.runs
    with Dispatching(yard.settings) as dispatcher:
        for caller in (ANN, BOB):
            made = installed(yard, caller, dispatcher)
            assert made.current.state == "ready", made.current.reason
            names = {package.name for package in made.current.packages}
            assert {"cloudpickle", "ipykernel"} <= names and "pip" not in names
            assert made.current.place == ""
        assert len(set(built)) == 2
        run = runs.create(ANN, NewRun(path="a.py", environment="cows")).id
        ended = dispatcher.until(
            lambda: runs.get(ANN, run), lambda found: found.run.finished_at, BUILD_SECONDS
        )
        assert ended.run.state == "succeeded", ended.tasks[0].failure
        assert "imported" in runs.log(ANN, run, ended.tasks[0].node).text
    assert len(built) == len(set(built)) == 3


@pytest.mark.long
def test_a_step_of_a_build_has_limits(tmp_path: Path, docker_settings: dict[str, str]):
    """Of images that users build, and of nodes that are Dockerfiles."""
    (root := tmp_path / "root").mkdir()
    base = docker_settings["NBYARD_DOCKER_BASE_IMAGE"]
    settings = Settings(
        store_dir=str(tmp_path / "store"), inline_dispatch=True, shared=True,
        docker_host=docker_settings["NBYARD_DOCKER_HOST"], docker_base_image=base,
        docker_build_network="none", allow_dockerfiles=True,
        task_memory_bytes=MEMORY_BYTES, task_cpu=0.5,
    )  # fmt: skip
    killed = because("build-killed", limit=MEMORY_BYTES)
    with Yard.open(settings, root, root) as yard, Dispatching(settings) as dispatcher:
        images, runs = yard.services.images, yard.services.runs
        for part, state in ((0.2, "ready"), (3, "failed")):
            size = int(MEMORY_BYTES * part)
            (root / "Dockerfile").write_text(DOCKERFILE.format(base=base, size_bytes=size))
            made = images.build(ANN, NewImage(path="Dockerfile", tag=f"own/{state}")).id
            ended = dispatcher.until(
                partial(images.get, ANN, made),
                lambda image: image.state in ("ready", "failed"),
                BUILD_SECONDS,
            )
            assert ended.state == state, ended.reason
            images.delete(ANN, made)
        assert ended.reason == because("dockerfile-line-failed", line=3, cause=killed)
        run = runs.create(ANN, NewRun(path="Dockerfile")).id
        failed = dispatcher.until(
            partial(runs.get, ANN, run), lambda found: found.run.finished_at, BUILD_SECONDS
        )
        assert str(killed) in str(failed.tasks[0].reason), failed
