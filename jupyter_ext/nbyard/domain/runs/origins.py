"""Origins of runs: who or what started them."""

from datetime import datetime
from typing import Literal, get_args

import msgspec

from nbyard.domain.runs.causes import Cause

# The origins that a client may name in its request. nbyard sets the others itself.
AskedOrigin = Literal["manual", "shell", "client", "magic", "notebook"]
# Runs that are kept out of history, and deleted automatically.
Scratch = Literal["check", "bisect"]
OriginKind = Literal[AskedOrigin, "retry", "automation", "backfill", Scratch]
# Runs of automations.
SOURCED: frozenset[OriginKind] = frozenset({"automation", "backfill"})
KINDS: tuple[OriginKind, ...] = get_args(OriginKind)
SCRATCH: frozenset[str] = frozenset(get_args(Scratch))


class Origin(msgspec.Struct, frozen=True):
    """The origin of a run. `id` is the ID of its automation, bisection or retried run.

    `due_at` is the due time of an automation; `backfill_id` is set if a backfill started the run.
    `cause` is the event that fired the automation. `chain` are the IDs of the automations that led
    to the run; the run of each one fired the next. `source_id` is the ID of the automation. A
    retry has due time, backfill, chain and source of the run that it repeats. `person`
    is the user who submitted the run; empty if no person did.
    """

    kind: OriginKind = "manual"
    id: str = ""
    due_at: datetime | None = None
    cause: Cause | None = None
    chain: list[str] = []
    backfill_id: str = ""
    source_id: str = ""
    person: str = ""
