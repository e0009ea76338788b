"""The Docker engine as nbyard needs it: the only package that imports Docker's SDK.

`specs` fixes what a container may be. A `ContainerSpec` has no field for privileges, devices or
host namespaces, so no caller can ask for them.
"""

from nbyard.dockerd.by_hand import by_hand
from nbyard.dockerd.connection import LOCAL_SOCKET
from nbyard.dockerd.contexts import packed
from nbyard.dockerd.engine import Engine
from nbyard.dockerd.images import EngineImage, Stopped, mind
from nbyard.dockerd.logins import FindLogin, logged_in
from nbyard.dockerd.specs import (
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
    Owned,
)
from nbyard.dockerd.words import Say

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
    "Owned",
    "Say",
    "Stopped",
    "by_hand",
    "logged_in",
    "mind",
    "packed",
]
