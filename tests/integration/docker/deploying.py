"""Deployments for tests: an image with a small server, and a dispatcher beside it."""

import http.client
import io
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.support.jupyter_server import JupyterServer

from nbyard.dockerd import Engine
from nbyard.domain.callers import Caller
from nbyard.domain.deployments.structs import (
    SECRET_HEADER,
    Deployment,
    NewDeployment,
    Port,
    deployment_folder,
)
from nbyard.ipc.deployment_secret import KeptSecret
from nbyard.rest.identity import local_name
from nbyard.settings import Settings
from nbyard.store.deployments import RevisionRow
from nbyard.testing.dispatcher_thread import Dispatching
from nbyard.yard import Yard

ANN = Caller("ann")
ME = Caller(local_name())
BELOW = "/user/ann"
WEB = [Port("web", 8000)]
SERVER = Path(__file__).with_name("served.py")


def built(engine: Engine, tag: str, dockerfile: str, *files: Path) -> str:
    """Build an image on the base, without a network."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        told = {"Dockerfile": dockerfile.encode(), **{f.name: f.read_bytes() for f in files}}
        for name, data in told.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    packed.seek(0)
    engine.build(tag, packed, network="none")
    return tag


def server_image(engine: Engine, base: str) -> str:
    """Return an image of Python with `/served.py`."""
    text = f'FROM {base}\nCOPY served.py /served.py\nCMD ["python3", "/served.py"]\n'
    return built(engine, "nbyard-test/served:1", text, SERVER)


class Yards:
    """A store, its services and requests for deployments of one image."""

    def __init__(
        self, folder: Path, engine: Engine, image: str, caller: Caller = ANN, **settings: Any
    ):
        self.engine, self.image, self._caller = engine, image, caller
        root = folder / "root"
        root.mkdir(exist_ok=True)
        self.settings = Settings(
            store_dir=str(folder / "store"),
            docker_host=engine.url,
            inline_dispatch=True,
            **settings,
        )
        self.yard = Yard.open(self.settings, root, root)
        self.deployments = self.yard.services.deployments

    def dispatching(self) -> Dispatching:
        return Dispatching(self.settings)

    def create(self, name: str = "web", **wish: Any) -> Deployment:
        told: dict[str, Any] = {"ports": WEB, "memory_gb": 2, "start_seconds": 60} | wish
        return self.deployments.create(
            self._caller,
            NewDeployment(**({"image": self.image, "service": "own", "name": name} | told)),
        )

    def get(self, name: str = "web") -> Deployment:
        return self.deployments.get(self._caller, name)

    def until(
        self, running: Dispatching, *states: str, name: str = "web", seconds: float = 60
    ) -> Deployment:
        return running.until(lambda: self.get(name), lambda d: d.state in states, seconds)

    def until_serving(self, running: Dispatching, revision: int, name: str = "web") -> Deployment:
        return running.until(
            lambda: self.get(name), lambda d: d.serving == revision and d.state == "running"
        )

    def ask(self, path: str = "/", name: str = "web", port: str = "web") -> tuple[int, str]:
        """Send a request as the proxy does."""
        with self.yard.store.read() as c:
            row = self.yard.store.deployments.serving(c, self._caller.name, name)
        assert row is not None
        (place,) = (one for one in row.places if one.name == port)
        connection = http.client.HTTPConnection(place.host, place.port, timeout=30)
        try:
            connection.request("GET", path, headers=shown(self.yard, row))
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def log(self, name: str = "web", revision: int = 0) -> str:
        return str(self.deployments.log(self._caller, name, revision).text)

    def owned_objects(self) -> list[str]:
        """Return the objects of this store on the engine."""
        return sorted(o.name for o in self.engine.owned_objects("nbyard.store", self.yard.store.id))

    def close(self) -> None:
        """Remove everything that a test created."""
        for one in self.deployments.list(self._caller, limit=500).items:
            self.deployments.delete(self._caller, one.id)
        with Dispatching(self.settings) as running:
            running.until(self.ids, lambda left: not left)
        left = self.owned_objects()
        self.yard.close()
        assert left == []

    def ids(self) -> set[str]:
        """Return the deployments that the dispatcher handles, including those to delete."""
        with self.yard.store.read() as c:
            return set(self.yard.store.deployments.ids(c))


def shown(yard: Yard, row: RevisionRow) -> dict[str, str]:
    """Return the headers that the proxy sends to the container of a revision."""
    folder = yard.store.folder / deployment_folder(row.deployment)
    secret = KeptSecret(folder, row.number).read()
    return {SECRET_HEADER: secret} if secret else {}


@contextmanager
def opened(
    folder: Path, engine: Engine, image: str, **settings: Any
) -> Iterator[tuple[Yards, Callable[[], Dispatching]]]:
    """Yield the yards, and a function that starts a dispatcher for them."""
    yards = Yards(folder, engine, image, **settings)
    try:
        yield yards, yards.dispatching
    finally:
        yards.close()


@contextmanager
def jupyter(folder: Path, engine: Engine, **settings: Any) -> Iterator[JupyterServer]:
    """Start a server below a prefix, as on a hub, on the store of the yards in that folder."""
    made = JupyterServer(folder, f"{BELOW}/", docker_host=engine.url, **settings).start()
    try:
        assert made.send("GET", "/deployments").status == 200
        yield made
    finally:
        made.stop()
