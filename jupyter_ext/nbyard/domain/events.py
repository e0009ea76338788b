"""Events: what changed, in the order in which it became true."""

from datetime import datetime
from typing import Any

import msgspec


class Event(msgspec.Struct, frozen=True):
    """One change. `topic` is run, task, attempt, dataset-version, dataset, executable,
    credential, workflow or deployment; `data` holds at least the new state where there is one."""

    id: int
    at: datetime
    topic: str
    subject_id: str
    run_id: str
    data: dict[str, Any]


class Events(msgspec.Struct, frozen=True):
    """Events after a cursor, oldest first. `refetch` tells that older ones are no longer kept, or
    that the cursor is newer than anything here: read everything anew and go on from `last`. From
    the beginning (0) those that are kept come with it."""

    items: list[Event]
    last: int
    refetch: bool = False
