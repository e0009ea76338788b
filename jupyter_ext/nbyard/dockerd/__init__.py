"""The Docker engine as far as nbyard needs it: the only importer of Docker's SDK.

What a container may be is fixed in `specs`: a `ContainerSpec` has no field for privileges,
devices or host namespaces, so no caller can ask for them.
"""

from nbyard.dockerd.connection import LOCAL_SOCKET
from nbyard.dockerd.engine import Engine
from nbyard.dockerd.specs import (
    ATTEMPT,
    HOME,
    NODE,
    RUN,
    STORE,
    Container,
    ContainerSpec,
    EngineInfo,
    Mount,
    Owned,
)
from nbyard.dockerd.words import Say

__all__ = [
    "ATTEMPT",
    "HOME",
    "LOCAL_SOCKET",
    "NODE",
    "RUN",
    "STORE",
    "Container",
    "ContainerSpec",
    "Engine",
    "EngineInfo",
    "Mount",
    "Owned",
    "Say",
]
