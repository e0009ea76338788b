"""Shared by tests of images on a real engine: a store with a dispatcher, installed environments,
and complete builds."""

import subprocess
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from nbyard.dockerd import STORE, Engine
from nbyard.domain.callers import Caller
from nbyard.domain.ids import new_id
from nbyard.domain.images.structs import NamedImage, NewImage
from nbyard.settings import Settings
from nbyard.testing.dispatcher_thread import Dispatching
from nbyard.yard import Yard

ANN = Caller("ann")
ENDED = ("ready", "failed")
BUILD_SECONDS = 110.0
Built = Callable[..., NamedImage]


@pytest.fixture
def yard(tmp_path: Path, docker_variables: None) -> Iterator[Yard]:
    root = tmp_path / "root"
    root.mkdir()
    settings = Settings(store_dir=str(tmp_path / "store"), inline_dispatch=True)
    with Yard.open(settings, root) as made:
        yield made


@pytest.fixture
def built(yard: Yard, docker_engine: Engine) -> Iterator[Built]:
    """Build an image to its end; afterwards, all images of this store are removed."""

    def build(**body: Any) -> NamedImage:
        made = yard.services.images.build(ANN, NewImage(**body))
        return ended(yard, made)

    yield build
    remove_images(docker_engine, yard.store.id)


def remove_images(engine: Engine, store_id: str) -> None:
    """Remove all images of this store."""
    for image in engine.images_with_label(STORE, store_id):
        for name in found.names if (found := engine.image(image)) else []:
            engine.remove_image(name)


def ended(yard: Yard, made: NamedImage) -> NamedImage:
    with Dispatching(yard.settings) as dispatcher:
        return dispatcher.until(
            lambda: yard.services.images.get(Caller(made.owner), made.id),
            lambda found: found.state in ENDED,
            BUILD_SECONDS,
        )


def environment(
    yard: Yard, name: str, *packages: str, python: str = "", hashes: Sequence[str] = ()
) -> str:
    """Create the rows of an installed environment; each of its packages has these hashes."""
    row = dict.fromkeys(("description", "kernel"), "")
    row |= {"id": new_id(), "name": name, "owner": ANN.name}
    store = yard.store
    with store.write() as c:
        store.environments.insert(c, {**row, "created_at": datetime.now(UTC)})
        version = store.environments.add_version(c, ANN.name, row["id"], list(packages))
        store.environments.move(c, ANN.name, version, "building", place="x")
        split = (package.split("==") for package in packages)
        locked = [{"name": n, "version": v, "hashes": [*hashes]} for n, v in split]
        store.environments.move(c, ANN.name, version, "ready", packages=locked, python=python)
    return row["id"]


def inside(engine: Engine, image: str, *argv: str) -> str:
    words = ["docker", "--host", engine.url, "run", "--rm", "--network", "none", image, *argv]
    return subprocess.run(words, capture_output=True, check=True, text=True).stdout.strip()


def log_of(yard: Yard, made: NamedImage) -> str:
    return yard.services.images.log(ANN, made.id).text
