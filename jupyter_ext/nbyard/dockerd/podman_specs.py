"""Describes containers for Podman's own API, as its Docker API cannot request CDI devices."""

from typing import Any

from nbyard.dockerd.container_options import (
    LOOPBACK,
    OPEN_FILES,
    PIDS_LIMIT,
    SHARED_MEMORY_BYTES,
    ContainerSpec,
    EngineInfo,
    log_options,
    scratch_of,
)

CREATE = "/v4.0.0/libpod/containers/create"
CPU_PERIOD = 100_000
GPU = "nvidia.com/gpu"


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
