"""Run notebooks in containers of a private engine, with nbyard and with `docker run`.

Both use the same image, which nbyard built. `docker run` starts papermill.
"""

import contextlib
import functools
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.support import images
from tests.support.private_engine import using_shared_engine, why_no_engine

from nbyard.blobs import Blobs
from nbyard.dockerd import STORE, Engine
from nbyard.images.builds import environment_image
from peers.environments import CannotTakePart
from peers.graphs import Place
from peers.ours import Nbyard
from peers.peer import Peer, Way

REPOSITORY = Path(__file__).parents[2]


@contextlib.contextmanager
def engine_with_base() -> Iterator[tuple[str, str]]:
    """Yield the URL of an engine that runs during the block, and its base image.

    Raises:
        CannotTakePart: no engine can be started here.
    """
    if reason := why_no_engine():
        raise CannotTakePart(reason)
    with using_shared_engine() as private:
        yield private.url, _base(private.url)


@contextlib.contextmanager
def engine_with_image() -> Iterator[tuple[str, str]]:
    """Yield the URL of an engine that runs during the block, and an image for notebooks.

    Raises:
        CannotTakePart: no engine can be started here.
    """
    with engine_with_base() as (url, base):
        yield url, _image(url, base)


@functools.cache
def _base(url: str) -> str:
    with contextlib.closing(Engine(url)) as engine:
        return images.base_image(engine, sorted(REPOSITORY.glob("examples/*/requirements.txt")))


@functools.cache
def _image(url: str, base: str) -> str:
    with contextlib.closing(Engine(url)) as engine, tempfile.TemporaryDirectory() as folder:
        blobs = Blobs(Path(folder))  # no package of this image lies in a folder
        return environment_image(engine, base, "", True, silent, blobs=blobs, network="none")


def silent(_: str) -> None:
    """Ignore the output of a build."""


class FreshContainer(Nbyard):
    """nbyard's runtime with a fresh container, from a live server only."""

    name = "nbyard, fresh container"
    runtime = "docker"

    def start(self) -> None:
        self._held = contextlib.ExitStack()
        self._url, self.image = self._held.enter_context(engine_with_image())
        super().start()

    def settings(self) -> dict[str, str]:
        return {"NBYARD_DOCKER_HOST": self._url}

    def stop(self) -> None:
        super().stop()
        self._held.close()

    @property
    def ways(self) -> dict[str, Way]:
        return {self.name: self.run}

    def left(self) -> set[str]:
        return super().left() | containers(self._url, f"{STORE}={self.server.yard.store.id}")


class DockerRun(Peer):
    """Papermill in a new container of `docker run` for each notebook."""

    name = "docker run, papermill in it"

    def start(self) -> None:
        self._held = contextlib.ExitStack()
        self._url, self._image = self._held.enter_context(engine_with_image())

    def stop(self) -> None:
        self._held.close()

    def run(self, place: Place) -> None:
        for step in place.graph.steps:
            files = place.files(step)
            words = ["docker", "--host", self._url, "run", "--rm", "--label", self.processes.mark]
            words += ["--user", "0:0", "--volume", f"{place.folder}:{place.folder}", self._image]
            words += ["papermill", "--no-progress-bar", str(place.code), files["executed"]]
            words += ["-p", "number", str(step.number), "-p", "input_txt", files["input"]]
            self.processes.call(*words, "-p", "output_txt", files["output"])

    def left(self) -> set[str]:
        return super().left() | containers(self._url, self.processes.mark)


def nothing_in_container() -> None:
    """Run `true` in a container."""
    with engine_with_image() as (url, image):
        words = ["docker", "--host", url, "run", "--rm", image, "true"]
        subprocess.run(words, check=True)


def containers(url: str, label: str) -> set[str]:
    """Return the containers with a label."""
    words = ["docker", "--host", url, "ps", "--all", "--filter", f"label={label}"]
    words += ["--format", "container {{.Names}} {{.Status}}"]
    told = subprocess.run(words, check=True, capture_output=True, text=True).stdout
    return set(told.splitlines())
