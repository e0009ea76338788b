"""Cache policy of a node: whether an earlier result is used, and why not."""

import re
from datetime import datetime, timedelta

import msgspec

from nbyard.reasons.structs import Reason, because

UNITS = {"s": 1, "min": 60, "h": 3600, "d": 86400}
AGE = re.compile(r"(\d{1,9}(?:\.\d{1,9})?) ?(s|min|h|d)\Z", re.ASCII)
MOST = timedelta(days=36_500)
BUNDLE = "bundle"
# Names of parameters with the identity of the run; never part of a key.
IDENTITY = ("nbyard_run_id", "nbyard_node_id", "nbyard_workflow", "nbyard_scheduled_at")


class Policy(msgspec.Struct, frozen=True):
    """A parsed cache policy.

    If `is_on` and nothing changed, an earlier result is used unless it is older than `max_age`.
    `written_age` is the age as written. If `by_reads`, only files of the code that were read count,
    else all files.
    """

    is_on: bool = True
    by_reads: bool = True
    max_age: timedelta | None = None
    written_age: str = ""


def read_policy(given: bool | str | None) -> Policy | None:
    """Parse a policy as written in a document; return None for any other text.

    Accepted are true, on or observed; bundle; false or off; an age. A missing policy means on.
    """
    if given in (None, True, "on", "observed"):
        return Policy()
    if given == BUNDLE:
        return Policy(by_reads=False)
    if given in (False, "off"):
        return Policy(is_on=False)
    match = AGE.match(str(given).strip())
    if match is None:
        return None
    age = timedelta(seconds=float(match[1]) * UNITS[match[2]])
    return (
        Policy(max_age=age, written_age=f"{match[1]} {match[2]}") if age and age <= MOST else None
    )


def is_asked(given: bool | str | None) -> bool:
    """Return whether an earlier result may be used at all."""
    policy = read_policy(given)
    return policy is not None and policy.is_on


def is_by_reads(given: bool | str | None) -> bool:
    """Return whether only the code files that the task read count."""
    policy = read_policy(given)
    return policy is not None and policy.by_reads


def too_old(given: bool | str | None, run: int, made_at: datetime, now: datetime) -> Reason | None:
    """Return why the result of a run is too old to use, None if its age does not matter."""
    policy = read_policy(given)
    if policy is None or policy.max_age is None or now - made_at <= policy.max_age:
        return None
    return because("result-expired", run=run, age=policy.written_age)
