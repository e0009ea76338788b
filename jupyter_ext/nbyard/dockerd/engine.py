"""Calls one Docker engine through the SDK.

Every call has a timeout. Errors are Unavailable (no engine or no answer), NotFound, Conflict, or
NbyardError with the engine's message.
"""

import base64
import hashlib
import json
import socket
import struct
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import IO, Any, cast

import msgspec

from nbyard.dockerd.container_options import (
    LOOPBACK,
    OPEN_FILES,
    PIDS_LIMIT,
    SHARED_MEMORY_BYTES,
    Container,
    ContainerSpec,
    ContainerUsage,
    EngineInfo,
    OwnedObject,
    host_options,
    log_options,
    network_address,
    published_ports,
    read_usage,
    scratch_of,
    unix_nanoseconds,
    unix_seconds,
)
from nbyard.dockerd.engine_images import EngineImages
from nbyard.dockerd.engine_messages import engine_message, raise_refusal
from nbyard.errors import Conflict, NbyardError, NotFound, Unavailable
from nbyard.reasons.structs import because

CREATE = "/v4.0.0/libpod/containers/create"
CPU_PERIOD = 100_000
GPU = "nvidia.com/gpu"
UNSEEN_EXIT = 255
EVENT_SECONDS = 5  # the engine may record an event this long after the container's end
KEPT_EVENTS = 256  # by Docker, in its memory
# Without this option, the machine itself answers at the bridge's address.
NO_GATEWAY = {"com.docker.network.bridge.inhibit_ipv4": "true"}
APART = {"com.docker.network.bridge.enable_icc": "false"}
BRIDGE, BRIDGES = "com.docker.network.bridge.name", "nbyn-"


def podman_specification(spec: ContainerSpec, info: EngineInfo) -> dict[str, Any]:
    """Return the body of Podman's request to create the container.

    The body sets the same limits as `container_options.host_options`, and GPUs as CDI devices.
    """
    memory = spec.memory_bytes or info.memory_bytes
    cpu_quota = int(min(spec.cpu or info.cpus, info.cpus) * CPU_PERIOD)
    network = spec.network if spec.network != "none" else ""
    return {
        "name": spec.name,
        "image": spec.image,
        "entrypoint": spec.argv or None,
        "user": spec.user,
        "labels": spec.labels,
        "env": spec.environment,
        "work_dir": spec.directory,
        "stdin": spec.takes_stdin,
        "healthconfig": {"Test": ["NONE"]},
        **_mounts(spec, info),
        "cap_drop": ["all"],
        "no_new_privileges": True,
        "read_only_filesystem": True,
        "init": True,
        "resource_limits": {
            "memory": {"limit": memory, "swap": memory},
            "cpu": {"quota": cpu_quota, "period": CPU_PERIOD},
            "pids": {"limit": PIDS_LIMIT},
        },
        "r_limits": [{"type": "RLIMIT_NOFILE", "soft": OPEN_FILES, "hard": OPEN_FILES}],
        "shm_size": SHARED_MEMORY_BYTES,
        "ipcns": {"nsmode": "private"},
        "restart_policy": "no",
        "netns": {"nsmode": "bridge" if network else "none"},
        "Networks": {network: {}} if network else {},
        "portmappings": [{"container_port": port, "host_ip": LOOPBACK} for port in spec.ports],
        "log_configuration": {
            "driver": log_options(spec.log_bytes, info.log_drivers)["Type"],
            "size": spec.log_bytes,
        },
        "devices": [{"path": f"{GPU}={gpu}"} for gpu in spec.gpus],
    }


def _mounts(spec: ContainerSpec, info: EngineInfo) -> dict[str, list[dict[str, Any]]]:
    mounts: list[dict[str, Any]] = []
    volumes: list[dict[str, Any]] = []
    for mount in spec.mounts:
        mode = "ro" if mount.read_only else "rw"
        if mount.kind == "bind":
            place = {"destination": mount.target, "source": mount.source}
            mounts.append({"type": "bind", "options": ["rbind", mode], **place})
        elif mount.kind == "volume":
            place = {"Name": mount.source, "Dest": mount.target}
            volumes.append({"Options": [mode, "nocopy"], **place})
    for target, options in scratch_of(spec, info).items():
        place = {"destination": target, "source": "tmpfs"}
        mounts.append({"type": "tmpfs", "options": options.split(","), **place})
    return {"mounts": mounts, "volumes": volumes}


class Engine(EngineImages):
    """The containers, files, volumes and networks of one engine."""

    # Containers

    def create(self, spec: ContainerSpec) -> str:
        """Create a container and return its id.

        Raises:
            Conflict: the name is taken.
            NotFound: the image or the network does not exist.
        """
        # Podman assigns GPUs as CDI devices, which Docker's API cannot request.
        if spec.gpus and self.info.is_podman:
            return self._create_with_devices(spec)
        options = host_options(spec, self.info)
        with self._calling() as client:
            made = client.create_container(
                spec.image,
                # Otherwise the image's own entrypoint would get the words as its arguments.
                entrypoint=spec.argv or None,
                name=spec.name,
                user=spec.user,
                labels=spec.labels,
                environment=spec.environment,
                working_dir=spec.directory,
                stdin_open=spec.takes_stdin,
                # A health check of the image would start processes beside the task.
                healthcheck={"test": ["NONE"]},
                ports=spec.ports,
                host_config=client.create_host_config(**options),
            )
        return str(made["Id"])

    def _create_with_devices(self, spec: ContainerSpec) -> str:
        specification = podman_specification(spec, self.info)
        with self._calling() as client:
            answer = client.post(
                client.base_url + CREATE, json=specification, timeout=self._timeout
            )
            raise_refusal(answer)
        return str(answer.json()["Id"])

    def container(self, name: str) -> Container | None:
        """Return the state of a container, None if it does not exist."""
        try:
            with self._calling() as client:
                inspected = client.inspect_container(name)
        except NotFound:
            return None
        state = inspected["State"]
        known = Container(
            id=inspected["Id"],
            status=state["Status"],
            exit_code=int(state.get("ExitCode") or 0),
            out_of_memory=bool(state.get("OOMKilled")),
            started_at=unix_seconds(state.get("StartedAt", "")),
            finished_at=unix_seconds(state.get("FinishedAt", "")),
            labels=inspected["Config"].get("Labels") or {},
            error=state.get("Error") or "",
            published=published_ports(inspected),
            address=network_address(inspected),
        )
        # An engine that was killed before writes UNSEEN_EXIT, but has no event of the exit.
        if not known.is_over or known.exit_code != UNSEEN_EXIT or self.has_seen_end(known):
            return known
        return msgspec.structs.replace(known, exit_code=None)

    def was_out_of_memory(self, ended: Container, seconds: float = EVENT_SECONDS) -> bool:
        """Return whether the kernel killed a process of a container for its memory limit.

        A busy engine may record the exit before the OOM event. The container's state then never
        shows the cause, but the events do. The engine waits for them until so many `seconds` after
        the exit.
        """
        if ended.out_of_memory or self.info.is_podman:
            return ended.out_of_memory
        return self._has_event(ended, "oom", seconds) is True

    def has_seen_end(self, ended: Container) -> bool:
        """Return whether the engine was running when a container ended.

        Otherwise its log may lack the end. An engine keeps only its newest events, and none from
        before its own start. If it has as many as it keeps, the end counts as seen.
        """
        if self.info.is_podman or self._has_event(ended, "die") is not False:
            return True
        params = {"since": 1, "until": int(self.fresh_info().now)}
        with self._reading("/events", params, self._timeout) as answer:
            return sum(1 for line in answer.iter_lines() if line) >= KEPT_EVENTS

    def _has_event(
        self, ended: Container, event: str, seconds: float = EVENT_SECONDS
    ) -> bool | None:
        """Return whether the engine recorded an event of a container, None if it does not say."""
        params = {
            "since": int(ended.started_at),
            "until": f"{ended.finished_at + seconds:.3f}",
            "filters": json.dumps({"container": [ended.id], "event": [event]}),
        }
        try:
            with self._reading("/events", params, self._timeout) as answer:
                return next(answer.iter_content(None), None) is not None
        except Unavailable:
            raise
        except NbyardError:  # a proxy of the engine's socket may refuse events
            return None

    def start(self, name: str) -> None:
        """Start a container."""
        with self._calling() as client:
            client.start(name)

    def usage(self, name: str) -> ContainerUsage | None:
        """Return the usage of a container, None if it does not run."""
        # Without one-shot, the engine waits for a second sample.
        path, params = f"/containers/{name}/stats", {"stream": 0, "one-shot": 1}
        with suppress(NotFound, Conflict), self._reading(path, params, self._timeout) as answer:
            return read_usage(answer.json())
        return None

    def signal(self, name: str, signal: str) -> None:
        """Send a signal to a container. Do nothing if the container does not run."""
        with suppress(NotFound, Conflict), self._calling() as client:
            client.kill(name, signal)

    def remove(self, name: str) -> None:
        """Kill and delete a container with its anonymous volumes.

        Do nothing if there is no such container.
        """
        with suppress(NotFound, Conflict), self._calling() as client:
            client.remove_container(name, force=True, v=True)

    @contextmanager
    def stdin(self, name: str) -> Iterator[Callable[[bytes], None]]:
        """Yield a function that writes to a container's standard input.

        Leaving the block closes the stream. The function raises OSError when the container has
        exited.
        """
        with self._calling() as client:
            raw: Any = client.attach_socket(name, params={"stdin": 1, "stream": 1})
        sock = getattr(raw, "_sock", raw)
        try:
            # The timeout of calls would break a write that waits until the program reads.
            sock.settimeout(None)
            yield sock.sendall
        finally:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_WR)
            # The SDK's wrapper alone keeps the connection open until it is garbage-collected.
            (getattr(raw, "_response", None) or raw).close()

    def log(self, name: str, *, follow: bool = False) -> Iterator[tuple[bool, bytes]]:
        """Yield the output of a container from its first byte.

        With `follow`, continue until it ends. Each piece comes with a flag: True for standard
        output, False for standard error.
        """
        params = {"stdout": 1, "stderr": 1, "follow": int(follow)}
        wait = None if follow else self._timeout
        with self._reading(f"/containers/{name}/logs", params, wait) as answer:
            # Frames of Docker: the stream in one byte, three empty bytes, and the length.
            while head := answer.raw.read(8):
                stream, length = struct.unpack(">BxxxL", head)
                if piece := answer.raw.read(length):
                    yield stream == 1, piece

    def lines(self, name: str, since: int) -> Iterator[tuple[int, bytes]]:
        """Yield the output of a container after the time `since`, until the container ends.

        Each piece comes with its time. Times are in nanoseconds of the engine's clock.
        """
        moment = f"{since // 10**9}.{since % 10**9:09d}"
        params = {"stdout": 1, "stderr": 1, "follow": 1, "timestamps": 1, "since": moment}
        with self._reading(f"/containers/{name}/logs", params, None) as answer:
            while head := answer.raw.read(8):
                (length,) = struct.unpack(">xxxxL", head)
                stamp, _, text = answer.raw.read(length).partition(b" ")
                yield unix_nanoseconds(stamp.decode("ascii", "replace")), text

    # Files

    def put(self, name: str, folder: str, archive: IO[bytes]) -> None:
        """Unpack a tar archive in a folder of a container, whether the container runs or not."""
        with self._calling() as client:
            client.put_archive(name, folder, archive)

    def stat(self, name: str, path: str) -> dict[str, Any] | None:
        """Return name, size, mode and date (`mtime`, text) of a path in a container.

        Return None if the path does not exist.
        """
        try:
            with self._calling() as client:
                url = f"{client.base_url}/v{client.api_version}/containers/{name}/archive"
                answer = client.head(url, params={"path": path}, timeout=self._timeout)
                raise_refusal(answer)
        except NotFound:
            return None
        packed = answer.headers["X-Docker-Container-Path-Stat"]
        return cast(dict[str, Any], msgspec.json.decode(base64.b64decode(packed)))

    def get(self, name: str, path: str) -> Generator[bytes, None, None]:
        """Yield the pieces of a tar archive of a path in a container.

        Raises:
            NotFound: The path does not exist.
        """
        with self._reading(f"/containers/{name}/archive", {"path": path}, self._timeout) as answer:
            yield from answer.iter_content(1 << 16)

    def create_volume(
        self, name: str, labels: Mapping[str, str], size_bytes: int | None = None
    ) -> bool:
        """Create a volume. Return whether its size is limited.

        Most of the engines' file systems cannot limit it.
        """
        # Podman accepts the option, but cannot mount the volume then.
        options = {"size": str(size_bytes)} if size_bytes and not self.info.is_podman else None
        try:
            with self._calling() as client:
                client.create_volume(name, driver_opts=options, labels=dict(labels))
        except NbyardError as error:
            if not options or isinstance(error, Unavailable):
                raise
            return self.create_volume(name, labels)
        return bool(options)

    def remove_volume(self, name: str) -> None:
        """Remove a volume. Do nothing if there is no such volume."""
        with suppress(NotFound), self._calling() as client:
            client.remove_volume(name, force=True)

    # Networks. An engine may have several networks of one name, so ids are used.

    def networks_named(self, name: str) -> list[dict[str, Any]]:
        with self._calling() as client:
            networks = client.networks(names=[name])
        return sorted((n for n in networks if n["Name"] == name), key=lambda n: str(n["Id"]))

    def network(
        self,
        name: str,
        labels: Mapping[str, str],
        *,
        internal: bool = False,
        apart: bool = False,
    ) -> str:
        """Return the ID of the bridge network with this name.

        Create the network if it is missing. An `internal` network connects its containers only with
        each other. In a network with `apart`, they do not reach each other, but this machine does.

        Raises:
            Unavailable: A network of the other kind has this name and is in use.
        """
        known = self.networks_named(name)
        # An older run may have left a network of the other kind under this name.
        if any(bool(existing.get("Internal")) != internal for existing in known):
            if not self.remove_network(name):
                raise Unavailable(because("network-of-other-kind", network=name))
            known = []
        if known:
            return str(known[0]["Id"])
        options = NO_GATEWAY if internal and not apart else {}
        if not self.info.is_podman:
            # The administrator's firewall recognizes the networks of nbyard by this name.
            digest = hashlib.sha256(name.encode()).hexdigest()
            options = options | {BRIDGE: f"{BRIDGES}{digest[:10]}"} | (APART if apart else {})
        return self._make_network(name, labels, internal, options)

    def _make_network(
        self,
        name: str,
        labels: Mapping[str, str],
        internal: bool,
        options: dict[str, str],
        attempts: int = 3,
    ) -> str:
        try:
            with self._calling() as client:
                made = client.create_network(
                    name,
                    driver="bridge",
                    labels=dict(labels),
                    check_duplicate=True,
                    internal=internal,
                    options=options or None,
                )
            return str(made["Id"])
        except Conflict:
            return str(self.networks_named(name)[0]["Id"])
        except NbyardError as error:
            if "address pool" in engine_message(error):
                raise Unavailable(
                    because("no-address-range"),
                    hint=because("free-networks"),
                ) from error
            # Another program, such as a second engine, changed the firewall meanwhile.
            if "iptables" in engine_message(error) and attempts > 1:
                return self._make_network(name, labels, internal, options, attempts - 1)
            raise

    def remove_network(self, name: str) -> bool:
        """Remove a network unless containers are attached. Return whether the network is gone."""
        try:
            for known in self.networks_named(name):
                with suppress(NotFound):
                    self._remove_network(str(known["Id"]))
        except (Conflict, NbyardError) as error:
            if isinstance(error, Unavailable):
                raise
            return False
        return True

    def _remove_network(self, network: str) -> None:
        try:
            with self._calling() as client:
                client.remove_network(network)
        except Unavailable:
            raise
        except NbyardError:
            # An engine that was killed may keep the endpoint of a container that has ended since.
            if not self._disconnect_ended(network):
                raise
            with self._calling() as client:
                client.remove_network(network)

    def _disconnect_ended(self, network: str) -> bool:
        """Disconnect containers that have ended. Return whether there were any."""
        with self._calling() as client:
            endpoints = client.inspect_network(network)["Containers"] or {}
        has_removed = False
        for container_id, endpoint in endpoints.items():
            there = self.container(container_id)
            if there is None or there.is_over:
                has_removed = True
                with suppress(NotFound), self._calling() as client:
                    client.disconnect_container_from_network(endpoint["Name"], network, force=True)
        return has_removed

    # By label

    def owned_objects(self, label: str, value: str) -> list[OwnedObject]:
        """List the containers, volumes and networks with this label, in this order."""
        chosen = {"label": [f"{label}={value}"]}
        with self._calling() as client:
            containers = client.containers(all=True, filters=chosen)
            volumes = client.volumes(filters=chosen).get("Volumes") or []
            networks = client.networks(filters=chosen)
        objects = [
            OwnedObject("container", c["Names"][0].lstrip("/"), c.get("Labels") or {}, c["Created"])
            for c in containers
            if c.get("Names")
        ]
        objects += [
            OwnedObject(
                "volume", v["Name"], v.get("Labels") or {}, unix_seconds(v.get("CreatedAt", ""))
            )
            for v in volumes
        ]
        objects += [
            OwnedObject(
                "network", n["Name"], n.get("Labels") or {}, unix_seconds(n.get("Created", ""))
            )
            for n in networks
        ]
        return objects
