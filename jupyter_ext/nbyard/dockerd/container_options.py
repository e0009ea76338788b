"""Defines which options a container of nbyard may have, and the fixed options that all have.

Also builds the `docker run` command with the same options.
"""

import datetime
import re
import shlex
import signal
from collections.abc import Mapping
from typing import Any, Literal

import msgspec

STORE, RUN, ATTEMPT, NODE = "nbyard.store", "nbyard.run", "nbyard.attempt", "nbyard.node"
HOME = "/home/nbyard"
PIDS_LIMIT = 4096
# The limit of open files must fit an engine without CAP_SYS_RESOURCE, which cannot raise its own.
OPEN_FILES = 8192
# Docker's default of 64 MiB is too small for the data loaders of PyTorch.
SHARED_MEMORY_BYTES = 512 * 2**20
LOOPBACK = "127.0.0.1"
DEPLOYMENT, REVISION = "nbyard.deployment", "nbyard.revision"


class Mount(msgspec.Struct, frozen=True):
    """A folder of the engine's machine, or a named volume, that a container sees at `target`."""

    target: str
    source: str
    read_only: bool = False
    kind: Literal["bind", "volume"] = "bind"


class ContainerSpec(msgspec.Struct, frozen=True):
    """All options in which two containers of nbyard may differ.

    Without `argv`, the image's own program starts. `ports` are published only on the engine's
    machine, at numbers that the engine chooses. With `keeps_home`, a mount provides the home
    folder.
    """

    name: str
    image: str
    argv: list[str]
    user: str
    labels: dict[str, str]
    environment: dict[str, str] = {}
    directory: str = "/"
    mounts: list[Mount] = []
    network: str = "none"
    memory_bytes: int | None = None
    cpu: float | None = None
    gpus: list[str] = []
    takes_stdin: bool = False
    log_bytes: int = 128 * 2**20
    ports: list[int] = []
    keeps_home: bool = False


class ContainerUsage(msgspec.Struct, frozen=True):
    """The resources of a running container: CPU time so far, current memory and processes."""

    cpu_seconds: float
    memory_bytes: int
    processes: int


class Container(msgspec.Struct, frozen=True):
    """The state of a container. Its times are of the engine's clock.

    `exit_code` is None if the engine did not see the exit. `published` maps ports of the container
    to ports of the engine's machine.
    """

    id: str
    status: str
    exit_code: int | None
    out_of_memory: bool
    started_at: float
    finished_at: float
    labels: dict[str, str]
    error: str = ""
    published: dict[int, int] = {}
    address: str = ""

    @property
    def is_over(self) -> bool:
        """Return whether the container has exited."""
        return self.status in ("exited", "dead", "removing")

    @property
    def was_killed(self) -> bool:
        """Return whether SIGKILL ended the container's first process."""
        return self.exit_code == 128 + signal.SIGKILL


class OwnedObject(msgspec.Struct, frozen=True):
    """A container, volume or network with a label of nbyard."""

    kind: Literal["container", "volume", "network"]
    name: str
    labels: dict[str, str]
    created_at: float


class EngineInfo(msgspec.Struct, frozen=True):
    """The properties of an engine that nbyard depends on."""

    memory_bytes: int
    cpus: int
    now: float
    log_drivers: frozenset[str]
    is_rootless: bool
    remaps_users: bool
    version: str = ""
    is_podman: bool = False
    runtime: str = ""
    has_seccomp: bool = True


def host_options(spec: ContainerSpec, info: EngineInfo) -> dict[str, Any]:
    """Return the arguments of `create_host_config`, with the same hardening for every container."""
    from docker.types import DeviceRequest, Ulimit
    from docker.types import Mount as EngineMount

    memory = spec.memory_bytes or info.memory_bytes
    mounts = [
        EngineMount(
            mount.target,
            mount.source,
            type=mount.kind,
            read_only=mount.read_only,
            # Otherwise Docker copies the files of the image at this place into an empty volume.
            no_copy=mount.kind == "volume",
        )
        for mount in spec.mounts
    ]
    return {
        "mounts": mounts,
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges:true"],
        "read_only": True,
        "tmpfs": scratch_of(spec, info),
        "pids_limit": PIDS_LIMIT,
        "mem_limit": memory,
        # Equal limits disable swap, so a task fails instead of slowing the machine down.
        "memswap_limit": memory,
        "nano_cpus": int(min(spec.cpu or info.cpus, info.cpus) * 1e9),
        # Programs do not expect to be process 1, which must collect ended processes and gets no
        # default handling of signals.
        "init": True,
        "ulimits": [Ulimit(name="nofile", soft=OPEN_FILES, hard=OPEN_FILES)],
        "shm_size": SHARED_MEMORY_BYTES,
        "ipc_mode": "private",
        "restart_policy": {"Name": "no"},
        "network_mode": spec.network,
        "device_requests": [DeviceRequest(device_ids=spec.gpus, capabilities=[["gpu"]])]
        if spec.gpus
        else None,
        "log_config": log_options(spec.log_bytes, info.log_drivers),
        # An address without a number lets the engine choose a free port.
        "port_bindings": {port: (LOOPBACK,) for port in spec.ports},
    }


def scratch_of(spec: ContainerSpec, info: EngineInfo) -> dict[str, str]:
    """Return the writable folders in memory (tmpfs) of a container, with their mount options."""
    rights = "rw,exec,nosuid,nodev"
    if info.is_podman:  # Podman knows no owner here; the mode of the image's own /tmp applies
        options = dict.fromkeys(("/tmp", HOME), f"{rights},mode=1777")
    else:
        user, _, group = spec.user.partition(":")
        # The mode of the image's own /tmp applies too, so the owner must be set.
        owner = f"uid={user},gid={group or user}"
        options = {"/tmp": f"{rights},mode=1777,{owner}", HOME: f"{rights},mode=0700,{owner}"}
    return {place: options[place] for place in options if place != HOME or not spec.keeps_home}


def log_options(size_bytes: int, drivers: frozenset[str]) -> dict[str, Any]:
    """Return the log driver and its size limit, for an engine with these drivers."""
    # The driver "local" keeps bytes unchanged; json-file replaces bytes that are not UTF-8.
    size = f"{max(1, size_bytes >> 20)}m"
    if "local" in drivers:
        options = {"max-size": size, "max-file": "2", "compress": "false"}
        return {"Type": "local", "Config": options}
    return {"Type": "json-file", "Config": {"max-size": size}}


def repository_and_tag(name: str) -> tuple[str, str | None]:
    """Split an image name into repository and tag ("latest" by default, None with a digest)."""
    if "@" in name:
        return name, None
    head, colon, tag = name.rpartition(":")
    return (head, tag) if colon and "/" not in tag else (name, "latest")


def unix_seconds(stamp: str) -> float:
    """Return the Unix time of an engine's timestamp, 0.0 for an empty one."""
    matched = re.fullmatch(r"(\d+-\d+-\d+T\d+:\d+:\d+)(\.\d+)?(Z|[+-]\d+:\d+)", stamp or "")
    # Engines write year 1 for a time that has not come.
    if not matched or stamp.startswith("0001"):
        return 0.0
    whole, fraction, zone = matched.groups()
    moment = datetime.datetime.fromisoformat(whole + zone.replace("Z", "+00:00"))
    return moment.timestamp() + float(fraction or 0)


def unix_nanoseconds(stamp: str) -> int:
    """Return an engine's timestamp in nanoseconds since 1970, 0 for an empty one."""
    whole = int(unix_seconds(stamp))
    fraction = re.search(r"\.(\d{1,9})", stamp)
    return whole * 10**9 + (int(fraction[1].ljust(9, "0")) if fraction else 0) if whole else 0


def published_ports(inspected: Mapping[str, Any]) -> dict[int, int]:
    """Return the engine's ports by the container's ports, from the inspect data of a container."""
    ports = (inspected.get("NetworkSettings") or {}).get("Ports") or {}
    return {
        int(name.partition("/")[0]): int(bound[0]["HostPort"])
        for name, bound in ports.items()
        if bound
    }


def network_address(inspected: Mapping[str, Any]) -> str:
    """Return the address of a container in its first network, "" without one."""
    networks = (inspected.get("NetworkSettings") or {}).get("Networks") or {}
    return next((known["IPAddress"] for known in networks.values() if known.get("IPAddress")), "")


def read_usage(statistics: Mapping[str, Any]) -> ContainerUsage | None:
    """Return the usage from an engine's statistics, None if the container has exited."""
    memory = statistics.get("memory_stats") or {}
    nanoseconds = ((statistics.get("cpu_stats") or {}).get("cpu_usage") or {}).get("total_usage")
    if not nanoseconds or not memory.get("usage"):
        return None
    details = memory.get("stats") or {}
    # File cache that the kernel drops when memory is needed does not count.
    spare = details.get("inactive_file", details.get("total_inactive_file", 0))
    return ContainerUsage(
        nanoseconds / 1e9,
        max(0, memory["usage"] - spare),
        int((statistics.get("pids_stats") or {}).get("current") or 1),
    )


def docker_run(spec: ContainerSpec, info: EngineInfo, engine: str = "") -> str:
    """Return the `docker run` command for a container.

    `engine` is the URL of an engine, "" for the default. The command's container has another name,
    other labels and another log size. It also does not join the network of a run.
    """
    argv = ["docker", *(["--host", engine] if engine else []), "run", "--rm"]
    argv += ["--user", spec.user, "--cap-drop", "ALL", "--security-opt", "no-new-privileges:true"]
    argv += ["--read-only", "--init", "--ipc", "private", "--no-healthcheck"]
    for place, options in scratch_of(spec, info).items():
        argv += ["--tmpfs", f"{place}:{options}"]
    memory = str(spec.memory_bytes or info.memory_bytes)
    argv += ["--memory", memory, "--memory-swap", memory]
    argv += ["--cpus", f"{min(spec.cpu or info.cpus, info.cpus):g}"]
    argv += ["--pids-limit", str(PIDS_LIMIT), "--ulimit", f"nofile={OPEN_FILES}:{OPEN_FILES}"]
    argv += ["--shm-size", str(SHARED_MEMORY_BYTES)]
    for mount in spec.mounts:
        parts = [f"type={mount.kind}", f"source={mount.source}", f"target={mount.target}"]
        parts += ["volume-nocopy"] if mount.kind == "volume" else []
        parts += ["readonly"] if mount.read_only else []
        argv += ["--mount", ",".join(parts)]
    for port in spec.ports:
        argv += ["--publish", f"{LOOPBACK}::{port}"]
    for name, value in spec.environment.items():
        argv += ["--env", f"{name}={value}"]
    if spec.gpus:
        # Docker reads the value as CSV, so that a list needs quotes of its own.
        argv += ["--gpus", f'"device={",".join(spec.gpus)}"']
    if spec.directory:
        argv += ["--workdir", spec.directory]
    if spec.network == "none":
        argv += ["--network", "none"]
    if spec.argv:
        argv += ["--entrypoint", spec.argv[0]]
    return shlex.join([*argv, spec.image, *spec.argv[1:]])
