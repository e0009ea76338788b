"""Builds a shell command that starts a container as nbyard does.

The command sets the same limits and the same hardening, so that users can reproduce a failure.
"""

import shlex

from nbyard.dockerd.container_options import (
    LOOPBACK,
    OPEN_FILES,
    PIDS_LIMIT,
    SHARED_MEMORY_BYTES,
    ContainerSpec,
    EngineInfo,
    scratch_of,
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
