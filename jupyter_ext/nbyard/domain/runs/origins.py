"""Origins of runs: who or what started them."""

from datetime import datetime
from typing import Literal, get_args

import msgspec

from nbyard.domain.runs.causes import Cause

# A client may name these. The others follow from what started the run.
AskedOrigin = Literal["manual", "shell", "client", "magic", "notebook"]
# Runs that are kept out of history, and deleted automatically.
Scratch = Literal["check", "bisect"]
OriginKind = Literal[AskedOrigin, "retry", "schedule", "trigger", "webhook", "backfill", Scratch]
# Runs of schedules and triggers.
SOURCED: frozenset[OriginKind] = frozenset({"schedule", "backfill", "trigger", "webhook"})
KINDS: tuple[OriginKind, ...] = get_args(OriginKind)
SCRATCH: frozenset[str] = frozenset(get_args(Scratch))


class Origin(msgspec.Struct, frozen=True):
    """What started a run. `id` is that of its schedule, trigger, bisection or retried run.

    `due_at` is the time for which a schedule started it; `backfill_id` is set if its backfill did.
    `cause` is the event that fired a trigger. `chain` are the IDs of the triggers that
    led here, each fired by the one before. A retry has due time, backfill and chain of the run
    that it repeats. `source_id` is the ID of the schedule or trigger; a retry has that of the run
    that it repeats. `person` is who submitted the run; empty if no person did.
    """

    kind: OriginKind = "manual"
    id: str = ""
    due_at: datetime | None = None
    cause: Cause | None = None
    chain: list[str] = []
    backfill_id: str = ""
    source_id: str = ""
    person: str = ""
