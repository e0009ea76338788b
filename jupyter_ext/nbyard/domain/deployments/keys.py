"""Keys with which programs call a deployment at its own port."""

import hashlib
import secrets
from datetime import datetime
from typing import Annotated

import msgspec

from nbyard.domain.deployments.structs import OPEN_VARIABLE, Deployment
from nbyard.domain.naming.names import check_title
from nbyard.domain.paging import check_range
from nbyard.domain.presentation import AGE, shown
from nbyard.errors import Conflict

TOKEN_BYTES = 32
PREFIX = "nbk_"
SHOWN = len(PREFIX) + 6
MAX_NAME = 80
MIN_DAYS, MAX_DAYS = 0.001, 3650


class NewDeploymentKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A key to create. It expires after `days`, null for never. `name` says what it is for."""

    name: Annotated[str, shown("Name", "Purpose of the key.")] = ""
    days: Annotated[
        float | None,
        shown("Expires", "Time until it expires: 12h, 30d, 4w.", option="--expires", format=AGE),
    ] = None


class DeploymentKey(msgspec.Struct, frozen=True):
    """A key of a deployment. `prefix` is the beginning of its text, which identifies it."""

    id: str
    prefix: str
    name: str
    created_at: datetime
    expires_at: datetime | None


class CreatedKey(DeploymentKey, frozen=True):
    """A new key with its text `key`, which is not shown again.

    `address` is where the deployment accepts it.
    """

    key: str
    address: str


def new_key_text() -> str:
    """Return the text of a new key."""
    return PREFIX + secrets.token_urlsafe(TOKEN_BYTES)


def hash_of_key(key: str) -> str:
    """Return the hash under which a key is stored.

    A key has 256 random bits, so a fast hash without salt is enough.
    """
    return hashlib.sha256(key.encode()).hexdigest()


def check_new_key(key: NewDeploymentKey) -> None:
    """Check name and duration of a new key.

    Raises:
        Invalid: one of them is out of range.
    """
    check_title(key.name, "name", MAX_NAME)
    check_range("days", key.days, MIN_DAYS, MAX_DAYS)


def check_accepts_keys(deployment: Deployment) -> None:
    """Check that the containers of a deployment check keys.

    Raises:
        Conflict: its image was not built from a model here, or its port is open.
    """
    if OPEN_VARIABLE in deployment.spec.environment:
        raise Conflict(
            f"{deployment.name} answers without a key, because of the variable {OPEN_VARIABLE}.",
            hint=f"Remove the variable {OPEN_VARIABLE} from the deployment, then create keys.",
        )
    if deployment.spec.service != "api" or deployment.model is None:
        raise Conflict(
            f"{deployment.name} has no keys: only models that nbyard built check them.",
            hint="Call this deployment through its link, with a token of the Jupyter server.",
        )
