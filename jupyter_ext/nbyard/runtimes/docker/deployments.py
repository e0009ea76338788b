"""From a revision of a deployment to its container: name, command, home and limits."""

import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path

import msgspec

from nbyard.dockerd import (
    DEPLOYMENT,
    HOME,
    LOCAL_SOCKET,
    LOOPBACK,
    REVISION,
    STORE,
    Container,
    ContainerSpec,
    Engine,
    Mount,
    Say,
    by_hand,
    mind,
)
from nbyard.domain.deployments.structs import (
    SECRET_VARIABLE,
    Place,
    Port,
    RevisionSpec,
    check_name,
    link_path,
)
from nbyard.errors import NbyardError
from nbyard.runtimes.docker.checks.gpus import verify
from nbyard.runtimes.docker.specs import GPUS, IDENTITY, container_user, visible_gpus
from nbyard.runtimes.protocol import Order

LOG_BYTES = 32 * 2**20
ABOVE_HOME, NAME_OF_HOME = HOME.rsplit("/", 1)
LAB_FOLDER = ".jupyter"
# the only settings of a person's, whatever the image says: else nothing would ask for the password
LAB_SETTINGS = {
    "JUPYTER_CONFIG_DIR": f"{HOME}/{LAB_FOLDER}",
    "JUPYTER_CONFIG_PATH": "",
    "JUPYTER_NO_CONFIG": "",
}


class Deployed(msgspec.Struct, frozen=True):
    """All that the container of a revision is made of. `base_url` is that of the server that
    people reach it through; `password` is a hash. With a `secret` it answers only who shows
    that."""

    store_id: str
    deployment_id: str
    name: str
    number: int
    spec: RevisionSpec
    gpus: list[str]
    base_url: str
    password: str = msgspec.field(default="")
    secret: str = ""

    @property
    def container(self) -> str:
        return f"{self.volume}-{self.number}"

    @property
    def volume(self) -> str:
        """Of its files; the network has the same name."""
        return f"nby-d-{self.deployment_id}"

    @property
    def labels(self) -> dict[str, str]:
        return {STORE: self.store_id, DEPLOYMENT: self.deployment_id}

    def prefix(self, port: Port) -> str:
        """Under which address a port that keeps it is asked."""
        return f"{self.base_url}{link_path(self.name, port.name)}"


def launch(engine: Engine, one: Deployed, say: Say, wanted: Callable[[], bool]) -> Container:
    """Make and start its container, which is not there; `say` is told what the engine cannot do.
    Before whatever takes long it is asked whether it is `wanted` still.

    Raises:
        Stopped: it is not.
        NotFound: the image is gone.
        NbyardError: the engine cannot start it; the message says why.
    """
    user = container_user(engine.info)
    _verify_gpus(engine, one, wanted)
    if not engine.create_volume(one.volume, one.labels, one.spec.disk_bytes):
        say(f"The engine's disk cannot hold it to {one.spec.disk_gb:g} GB.")
    network = engine.network(one.volume, one.labels)
    spec = container_spec(one, user, network)
    mind(wanted)
    engine.remove(spec.name)
    engine.create(spec)
    try:
        engine.put(spec.name, ABOVE_HOME, _home(one, user))
        mind(wanted)
        engine.start(spec.name)
    except NbyardError:
        engine.remove(spec.name)
        raise
    found = engine.container(spec.name)
    if found is None:
        raise NbyardError("Its container was gone at once.")
    return found


def asked(one: Deployed, found: Container) -> list[tuple[Place, str]]:
    """Where each of its ports is found, and the path that is asked there."""
    places = []
    for port in one.spec.ports:
        prefix = one.prefix(port).rstrip("/") if port.keep_prefix else ""
        at = Place(port.name, LOOPBACK, found.published.get(port.port, 0))
        places.append((at, prefix + port.path))
    return places


def shown_by_hand(engine: Engine, one: Deployed, name: str) -> str:
    """The command of a shell that starts the same, but for its secret, which a person has not; its
    image by `name` as long as that means it."""
    user = container_user(engine.info)
    spec = container_spec(msgspec.structs.replace(one, secret=""), user, "bridge")
    if engine.image_id(name) == one.spec.image:
        spec = msgspec.structs.replace(spec, image=name)
    return by_hand(spec, engine.info, "" if engine.url == LOCAL_SOCKET else engine.url)


def rest(engine: Engine, one: Deployed) -> None:
    """None of its revisions has a container any more: engines have few networks to give."""
    engine.remove_network(one.volume)


def clear(engine: Engine, one: Deployed) -> None:
    """Remove what all of its revisions share, with its files."""
    engine.remove_volume(one.volume)
    engine.remove_network(one.volume)


def container_spec(one: Deployed, user: tuple[int, int], network: str) -> ContainerSpec:
    """The same hardening as that of every container of ours."""
    spec = one.spec
    labels = one.labels | {REVISION: str(one.number)}
    if one.gpus:
        labels[GPUS] = ",".join(one.gpus)
    return ContainerSpec(
        name=one.container,
        image=spec.image,
        argv=_argv(one),
        user=f"{user[0]}:{user[1]}",
        labels=labels,
        environment=_environment(one) | IDENTITY | visible_gpus(one.gpus),
        directory="" if spec.service in ("api", "own") else HOME,
        mounts=[Mount(ABOVE_HOME, one.volume, kind="volume")],
        network=network,
        memory_bytes=spec.memory_bytes,
        cpu=spec.cpu,
        gpus=one.gpus,
        log_bytes=LOG_BYTES,
        ports=[port.port for port in spec.ports],
        keeps_home=True,
    )


def _environment(one: Deployed) -> dict[str, str]:
    """Our user is often one whom an image lets have no shell: VS Code would take that one. Whoever
    may inspect the container sees where its secret is, not what it is."""
    service = one.spec.service
    shell = {"SHELL": "/bin/bash"} if service == "code-server" else {}
    settings = LAB_SETTINGS if service == "jupyterlab" else {}
    secret = {SECRET_VARIABLE: f"{HOME}/{_secret_path(one)}"} if one.secret else {}
    return shell | one.spec.environment | settings | secret


def _argv(one: Deployed) -> list[str]:
    """Empty for the image's own."""
    spec = one.spec
    if spec.service == "jupyterlab":
        port = spec.ports[0]
        return [
            *("jupyter", "lab", "--no-browser", "--ip=0.0.0.0", f"--port={port.port}"),
            *("--ServerApp.port_retries=0", "--ServerApp.allow_remote_access=True"),
            *(f"--ServerApp.base_url={one.prefix(port)}", f"--ServerApp.root_dir={HOME}"),
            "--IdentityProvider.token=",
        ]
    if spec.service == "code-server":
        address = f"0.0.0.0:{spec.ports[0].port}"
        told = ("--auth", "password", "--disable-telemetry", "--disable-update-check")
        return ["code-server", "--bind-addr", address, *told, HOME]
    return list(spec.command)


def _home(one: Deployed, user: tuple[int, int]) -> io.BytesIO:
    """Its home, whose files stay what they are, with where the service looks for its password."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        _add(archive, Path(NAME_OF_HOME), None, user)
        for path, text in _files(one).items():
            for folder in reversed(path.parents[:-1]):
                _add(archive, NAME_OF_HOME / folder, None, user)
            _add(archive, NAME_OF_HOME / path, text.encode(), user)
    packed.seek(0)
    return packed


def _add(archive: tarfile.TarFile, path: Path, data: bytes | None, user: tuple[int, int]) -> None:
    member = tarfile.TarInfo(str(path))
    member.uid, member.gid = user
    if data is None:
        member.type, member.mode = tarfile.DIRTYPE, 0o700
    else:
        member.size, member.mode = len(data), 0o600
    archive.addfile(member, io.BytesIO(data or b""))


def _secret_path(one: Deployed) -> Path:
    """In the home, which the revisions of a deployment share."""
    return Path(".nbyard", f"{one.number}.secret")


def _files(one: Deployed) -> dict[Path, str]:
    files = {_secret_path(one): one.secret} if one.secret else {}
    if one.spec.service == "jupyterlab":
        told = {"PasswordIdentityProvider": {"hashed_password": f"argon2:{one.password}"}}
        files[Path(LAB_FOLDER, "jupyter_server_config.json")] = json.dumps(told)
    if one.spec.service == "code-server":
        text = f"auth: password\nhashed-password: {json.dumps(one.password)}\ncert: false\n"
        files[Path(".config/code-server/config.yaml")] = text
    return files


def _verify_gpus(engine: Engine, one: Deployed, wanted: Callable[[], bool]) -> None:
    """As before an attempt that was granted some."""
    name = check_name(one.deployment_id, one.number)
    order = Order(name, one.store_id, one.volume, "", Path(), "", gpus=one.gpus)
    verify(engine, order, one.spec.image, wanted)
