"""What administrators of a store with several users see, announce and look up.

Runs and deployments of others appear with metadata only: no parameters, outputs or logs.
"""

from datetime import datetime

import msgspec

from nbyard.domain.deployments.structs import Deployment
from nbyard.reasons.structs import Reason, because

MAX_TEXT = 500
BY_ADMINISTRATOR = because("cancelled-by-administrator")  # of a run, and of its tasks


class AuditEntry(msgspec.Struct, frozen=True):
    """A change that a user made, or was refused by rights (status 403).

    `subject` is the key in the address, or the ID of what was created. `owner` is set if the
    changed object belongs to another user. `token` is the ID of the token at the hub, and
    `attempt_id` that of the attempt whose code sent the request.
    """

    id: str
    at: datetime
    user: str
    operation: str
    subject: str
    owner: str
    status: int
    request_id: str
    person: str = ""
    token: str = ""
    attempt_id: str = ""


class RunOverview(msgspec.Struct, frozen=True):
    """A run of any owner."""

    id: str
    number: int
    name: str | None
    title: str
    owner: str
    person: str
    state: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


class DeploymentOverview(msgspec.Struct, frozen=True):
    """A deployment of any owner, with the number of its GPUs, and why it waits if queued."""

    id: str
    name: str
    owner: str
    state: str
    created_at: datetime
    gpus: int
    waits: Reason | None


class QueuedTask(msgspec.Struct, frozen=True):
    """A task in the queue, with what it requests and why it waits."""

    id: str
    run_id: str
    run: int
    node: str
    owner: str
    queued_at: datetime
    runtime: str
    cpu: float | None
    gpu: int | None
    memory_bytes: int | None
    waits: Reason | None


class UsageDay(msgspec.Struct, frozen=True):
    """What a user or a project used on a day (UTC).

    `stored_bytes` are those of the outputs and datasets of that day that still exist. `of` is the
    user, or the project after its owner.
    """

    day: str
    of: str
    gpu_hours: float
    core_hours: float
    stored_bytes: int


class Drain(msgspec.Struct, frozen=True):
    """Since when, and why, no new attempts start."""

    text: str
    since: datetime


class Broadcast(msgspec.Struct, frozen=True):
    """A message to all users until a time."""

    text: str
    until: datetime


class Announcements(msgspec.Struct, frozen=True):
    """What administrators announce to all users, and whether the caller is one of them.

    `expiring` are deployments of the caller that soon stop by the quota.
    """

    broadcast: Broadcast | None
    drain: Drain | None
    is_admin: bool
    expiring: list[Deployment] = []
