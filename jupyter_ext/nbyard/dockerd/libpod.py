"""Describe containers for Podman's own API: Docker's API cannot request CDI devices there."""

from typing import Any

from nbyard.dockerd.specs import (
    LOOPBACK,
    OPEN_FILES,
    PIDS_LIMIT,
    SHARED_MEMORY_BYTES,
    ContainerSpec,
    EngineInfo,
    Mount,
    log_options,
    scratch_of,
)

CREATE = "/v4.0.0/libpod/containers/create"
CPU_PERIOD = 100_000
GPU = "nvidia.com/gpu"


def specification(spec: ContainerSpec, info: EngineInfo) -> dict[str, Any]:
    """Return the container that `host_options` describes, with its GPUs as CDI devices."""
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
        "mounts": [_bind(m) for m in spec.mounts if m.kind == "bind"] + _tmpfs(spec, info),
        "volumes": [_volume(m) for m in spec.mounts if m.kind == "volume"],
        "cap_drop": ["all"],
        "no_new_privileges": True,
        "read_only_filesystem": True,
        "init": True,
        "resource_limits": _limits(spec, info),
        "r_limits": [{"type": "RLIMIT_NOFILE", "soft": OPEN_FILES, "hard": OPEN_FILES}],
        "shm_size": SHARED_MEMORY_BYTES,
        "ipcns": {"nsmode": "private"},
        "restart_policy": "no",
        **_network(spec),
        "log_configuration": {
            "driver": log_options(spec.log_bytes, info.log_drivers)["Type"],
            "size": spec.log_bytes,
        },
        "devices": [{"path": f"{GPU}={gpu}"} for gpu in spec.gpus],
    }


def _limits(spec: ContainerSpec, info: EngineInfo) -> dict[str, Any]:
    memory = spec.memory_bytes or info.memory_bytes
    quota = int(min(spec.cpu or info.cpus, info.cpus) * CPU_PERIOD)
    return {
        "memory": {"limit": memory, "swap": memory},
        "cpu": {"quota": quota, "period": CPU_PERIOD},
        "pids": {"limit": PIDS_LIMIT},
    }


def _network(spec: ContainerSpec) -> dict[str, Any]:
    network = spec.network if spec.network != "none" else ""
    return {
        "netns": {"nsmode": "bridge" if network else "none"},
        "Networks": {network: {}} if network else {},
        "portmappings": [{"container_port": port, "host_ip": LOOPBACK} for port in spec.ports],
    }


def _bind(mount: Mount) -> dict[str, Any]:
    options = ["rbind", "ro" if mount.read_only else "rw"]
    told = {"destination": mount.target, "source": mount.source}
    return {"type": "bind", "options": options, **told}


def _volume(mount: Mount) -> dict[str, Any]:
    told = {"Name": mount.source, "Dest": mount.target}
    return {"Options": ["ro" if mount.read_only else "rw", "nocopy"], **told}


def _tmpfs(spec: ContainerSpec, info: EngineInfo) -> list[dict[str, Any]]:
    return [
        {"type": "tmpfs", "source": "tmpfs", "destination": target, "options": words.split(",")}
        for target, words in scratch_of(spec, info).items()
    ]
