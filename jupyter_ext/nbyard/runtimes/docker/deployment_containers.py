"""Starts the container of a deployment's revision, with its command, files and limits."""

import io
import json
import tarfile
from collections.abc import Callable, Iterable, Mapping
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
    OwnedObject,
    Say,
    check_wanted,
    docker_run,
)
from nbyard.domain.deployments.structs import (
    KEYS_SUFFIX,
    SECRET_VARIABLE,
    Place,
    Port,
    RevisionSpec,
    check_name,
    link_path,
)
from nbyard.errors import NbyardError
from nbyard.reasons.structs import because
from nbyard.runtimes.docker.attempt_container_spec import (
    GPUS,
    IDENTITY,
    container_user,
    visible_gpus,
)
from nbyard.runtimes.docker.image_checks import verify_gpus
from nbyard.runtimes.protocol import Order

LOG_BYTES = 32 * 2**20
INTERNAL = "-internal"  # ends the names of internal networks
ABOVE_HOME, NAME_OF_HOME = HOME.rsplit("/", 1)
LAB_FOLDER = ".jupyter"
# Ignores the image's settings, which could disable the password.
LAB_SETTINGS = {
    "JUPYTER_CONFIG_DIR": f"{HOME}/{LAB_FOLDER}",
    "JUPYTER_CONFIG_PATH": "",
    "JUPYTER_NO_CONFIG": "",
}


class Deployed(msgspec.Struct, frozen=True):
    """Everything that defines the container of a deployment's revision.

    `number` is the revision's number. `base_url` is that of the server through which people open
    the service. `password` is a hash. With a `secret`, the service only answers requests that
    present it, or a key whose hash is in the text `keys`.
    """

    store_id: str
    deployment_id: str
    name: str
    number: int
    spec: RevisionSpec
    gpus: list[str]
    base_url: str
    password: str = msgspec.field(default="")
    secret: str = ""
    keys: str = ""

    @property
    def container(self) -> str:
        """Return the name of the revision's container."""
        return f"{self.volume}-{self.number}"

    @property
    def volume(self) -> str:
        """Return the name of the deployment's volume, with which those of networks begin."""
        return f"nby-d-{self.deployment_id}"

    @property
    def labels(self) -> dict[str, str]:
        """Return the labels of the container, its volume and its network."""
        return {STORE: self.store_id, DEPLOYMENT: self.deployment_id}

    @property
    def argv(self) -> list[str]:
        """Return the command of the service, empty to start the program of the image."""
        spec = self.spec
        if spec.service == "jupyterlab":
            port = spec.ports[0]
            return [
                *("jupyter", "lab", "--no-browser", "--ip=0.0.0.0", f"--port={port.port}"),
                # On another port, the service could not be reached.
                *("--ServerApp.port_retries=0", "--ServerApp.allow_remote_access=True"),
                *(f"--ServerApp.base_url={self.prefix(port)}", f"--ServerApp.root_dir={HOME}"),
                # The empty token leaves the password as the only way to log in.
                "--IdentityProvider.token=",
            ]
        if spec.service == "code-server":
            address = f"0.0.0.0:{spec.ports[0].port}"
            options = ("--auth", "password", "--disable-telemetry", "--disable-update-check")
            return ["code-server", "--bind-addr", address, *options, HOME]
        return list(spec.command)

    def prefix(self, port: Port) -> str:
        """Return the path under which the server forwards requests to a port."""
        return f"{self.base_url}{link_path(self.name, port.name)}"


def launch_revision(
    engine: Engine, deployed: Deployed, say: Say, wanted: Callable[[], bool], internal: bool
) -> Container:
    """Create and start the container of a revision. It must not exist.

    `say` is called with warnings about missing features of the engine. `wanted` is polled before
    each long step.

    Raises:
        NoLongerWanted: The revision is no longer wanted.
        NotFound: The image is gone.
        NbyardError: The engine cannot start the container. The message says why.
    """
    user = container_user(engine.info)
    name = check_name(deployed.deployment_id, deployed.number)
    # GPUs are verified like before an attempt.
    order = Order(name, deployed.store_id, deployed.volume, "", Path(), "", gpus=deployed.gpus)
    verify_gpus(engine, order, deployed.spec.image, wanted)
    if not engine.create_volume(deployed.volume, deployed.labels, deployed.spec.disk_bytes):
        say(f"The engine's disk cannot hold it to {deployed.spec.disk_gb:g} GB.")
    # After a change of the setting, the serving revision still uses the other network.
    called = deployed.volume + INTERNAL * internal
    network = engine.network(called, deployed.labels, internal=internal, apart=True)
    spec = container_spec(deployed, user, network)
    check_wanted(wanted)
    engine.remove(spec.name)
    engine.create(spec)
    try:
        engine.put(spec.name, ABOVE_HOME, _home(deployed, user))
        check_wanted(wanted)
        engine.start(spec.name)
    except NbyardError:
        engine.remove(spec.name)
        raise
    container = engine.container(spec.name)
    if container is None:
        raise NbyardError(because("container-gone-at-once"))
    return container


def put_keys(engine: Engine, deployed: Deployed) -> None:
    """Replace the file of keys in the container of a revision.

    Raises:
        NotFound: the container does not exist.
        Conflict: the container is changing its state.
    """
    archive = _archive({_keys_path(deployed): deployed.keys}, container_user(engine.info))
    engine.put(deployed.container, ABOVE_HOME, archive)


def port_addresses(deployed: Deployed, container: Container) -> list[tuple[Place, str]]:
    """Return the address of each port on this machine, with the path to request at the service."""
    places = []
    for port in deployed.spec.ports:
        prefix = deployed.prefix(port).rstrip("/") if port.keep_prefix else ""
        published = container.published.get(port.port, 0)
        inside = container.address, port.port
        # An internal network publishes no ports.
        place = (LOOPBACK, published) if published or not container.address else inside
        at = Place(port.name, *place, False, *inside)
        places.append((at, prefix + port.path))
    return places


def docker_run_of(engine: Engine, deployed: Deployed, name: str) -> str:
    """Return a shell command that starts the same container, without its secret.

    The command calls the image `name` if that name still refers to the same image.
    """
    user = container_user(engine.info)
    spec = container_spec(msgspec.structs.replace(deployed, secret=""), user, "bridge")
    if engine.image_id(name) == deployed.spec.image:
        spec = msgspec.structs.replace(spec, image=name)
    return docker_run(spec, engine.info, "" if engine.url == LOCAL_SOCKET else engine.url)


def remove_network(engine: Engine, deployed: Deployed) -> None:
    """Remove the deployment's networks, once no revision has a container.

    Engines have few networks.
    """
    for kind in ("", INTERNAL):
        engine.remove_network(deployed.volume + kind)


def remove_shared_objects(engine: Engine, deployed: Deployed) -> None:
    """Remove the volume and the network that the revisions of a deployment share."""
    engine.remove_volume(deployed.volume)
    remove_network(engine, deployed)


def container_spec(deployed: Deployed, user: tuple[int, int], network: str) -> ContainerSpec:
    """Return the specification of the revision's container, hardened like all containers."""
    spec = deployed.spec
    labels = deployed.labels | {REVISION: str(deployed.number)}
    if deployed.gpus:
        labels[GPUS] = ",".join(deployed.gpus)
    # Images often give the user no shell, which VS Code would use.
    shell = {"SHELL": "/bin/bash"} if spec.service == "code-server" else {}
    settings = LAB_SETTINGS if spec.service == "jupyterlab" else {}
    # The secret is a file, so inspecting the container shows only its path.
    secret = {SECRET_VARIABLE: f"{HOME}/{_secret_path(deployed)}"} if deployed.secret else {}
    # Users may choose another shell, but must not replace the settings and the secret.
    environment = shell | spec.environment | settings | secret | IDENTITY
    return ContainerSpec(
        name=deployed.container,
        image=spec.image,
        argv=deployed.argv,
        user=f"{user[0]}:{user[1]}",
        labels=labels,
        environment=environment | visible_gpus(deployed.gpus),
        directory="" if spec.service in ("api", "own") else HOME,
        mounts=[Mount(ABOVE_HOME, deployed.volume, kind="volume")],
        network=network,
        memory_bytes=spec.memory_bytes,
        cpu=spec.cpu,
        gpus=deployed.gpus,
        log_bytes=LOG_BYTES,
        ports=[port.port for port in spec.ports],
        keeps_home=True,
    )


def _home(deployed: Deployed, user: tuple[int, int]) -> io.BytesIO:
    """Return a tar archive of the home folder, with files for the password and the secret.

    Unpacking it keeps files that the home folder has already.
    """
    files = {}
    if deployed.secret:
        files = {_secret_path(deployed): deployed.secret, _keys_path(deployed): deployed.keys}
    if deployed.spec.service == "jupyterlab":
        config = {"PasswordIdentityProvider": {"hashed_password": f"argon2:{deployed.password}"}}
        files[Path(LAB_FOLDER, "jupyter_server_config.json")] = json.dumps(config)
    if deployed.spec.service == "code-server":
        text = f"auth: password\nhashed-password: {json.dumps(deployed.password)}\ncert: false\n"
        files[Path(".config/code-server/config.yaml")] = text
    return _archive(files, user)


def _archive(files: Mapping[Path, str], user: tuple[int, int]) -> io.BytesIO:
    """Return a tar archive of files in the home folder."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        _add(archive, Path(NAME_OF_HOME), None, user)
        for path, text in files.items():
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


def _secret_path(deployed: Deployed) -> Path:
    """Return the path of the secret in the home folder, which a deployment's revisions share."""
    return Path(".nbyard", f"{deployed.number}.secret")


def _keys_path(deployed: Deployed) -> Path:
    return _secret_path(deployed).with_suffix(KEYS_SUFFIX)


def objects_of_deployments(things: Iterable[OwnedObject]) -> dict[str, list[OwnedObject]]:
    """Return the containers, volumes and networks of deployments among these, by deployment ID."""
    objects_by_deployment: dict[str, list[OwnedObject]] = {}
    for owned_object in things:
        # Labels can be forged or copied, so the name must match them.
        name = f"nby-d-{owned_object.labels.get(DEPLOYMENT)}"
        if owned_object.kind == "container":
            name += f"-{owned_object.labels.get(REVISION)}"
        if DEPLOYMENT in owned_object.labels and owned_object.name == name:
            objects_by_deployment.setdefault(owned_object.labels[DEPLOYMENT], []).append(
                owned_object
            )
    return objects_by_deployment


def remove_objects(engine: Engine, things: Iterable[OwnedObject], *, with_files: bool) -> list[str]:
    """Remove objects, volumes only `with_files`. Return the names of the removed objects."""
    removed = []
    for owned_object in things:
        if owned_object.kind == "container":
            engine.remove(owned_object.name)
        elif owned_object.kind == "volume" and with_files:
            engine.remove_volume(owned_object.name)
        elif owned_object.kind == "volume" or not engine.remove_network(owned_object.name):
            continue
        removed.append(owned_object.name)
    return removed
