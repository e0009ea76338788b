"""The Docker engine as nbyard uses it. Only this package imports Docker's SDK.

`container_options` defines which options a container may have. A `ContainerSpec` has no field for
privileges, devices or host namespaces, so no caller can request them.
"""

from nbyard.dockerd.connection import LOCAL_SOCKET
from nbyard.dockerd.container_options import (
    ATTEMPT,
    DEPLOYMENT,
    HOME,
    LOOPBACK,
    NODE,
    REVISION,
    RUN,
    STORE,
    Container,
    ContainerSpec,
    EngineInfo,
    Mount,
    OwnedObject,
    docker_run,
)
from nbyard.dockerd.engine import Engine
from nbyard.dockerd.engine_images import (
    EngineImage,
    FindLogin,
    NoLongerWanted,
    check_wanted,
    logged_in,
    pack_context,
)
from nbyard.dockerd.engine_messages import Say, engine_message

__all__ = [
    "ATTEMPT",
    "DEPLOYMENT",
    "HOME",
    "LOCAL_SOCKET",
    "LOOPBACK",
    "NODE",
    "REVISION",
    "RUN",
    "STORE",
    "Container",
    "ContainerSpec",
    "Engine",
    "EngineImage",
    "EngineInfo",
    "FindLogin",
    "Mount",
    "NoLongerWanted",
    "OwnedObject",
    "Say",
    "check_wanted",
    "docker_run",
    "engine_message",
    "logged_in",
    "pack_context",
]
