"""Events: state changes in the order in which they happened."""

from datetime import datetime
from typing import Any

import msgspec


class Event(msgspec.Struct, frozen=True):
    """One change.

    `topic` is the kind of the changed object, such as run, task, attempt, dataset-version or
    deployment. `data` contains at least the new state, if there is one.
    """

    id: int
    at: datetime
    topic: str
    subject_id: str
    run_id: str
    data: dict[str, Any]


class Events(msgspec.Struct, frozen=True):
    """Events after a cursor, oldest first.

    `refetch` means that older events are no longer kept, or that the cursor is newer than all
    events. The client must then read everything again and continue from `last`. From the
    beginning (0), the response includes the events that are kept.
    """

    items: list[Event]
    last: int
    refetch: bool = False
