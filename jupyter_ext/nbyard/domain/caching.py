"""Whether a node takes an earlier result: its cache policy, and why it is not taken."""

import re
from datetime import datetime, timedelta

import msgspec

UNITS = {"s": 1, "min": 60, "h": 3600, "d": 86400}
AGE = re.compile(r"(\d{1,9}(?:\.\d{1,9})?) ?(s|min|h|d)\Z", re.ASCII)
MOST = timedelta(days=36_500)
UNREADABLE = "cache must be on, off or an age such as 24 h (units: s, min, h, d)"


class Policy(msgspec.Struct, frozen=True):
    """`is_on` when nothing is changed an earlier result is taken, unless it is older than
    `max_age`, which `words` tell as they were written."""

    is_on: bool = True
    max_age: timedelta | None = None
    words: str = ""


def read_policy(given: bool | str | None) -> Policy | None:
    """The policy as written in a document: true or on, false or off, an age; null is on. None for
    anything else."""
    if given in (None, True, "on"):
        return Policy()
    if given in (False, "off"):
        return Policy(is_on=False)
    found = AGE.match(str(given).strip())
    if found is None:
        return None
    age = timedelta(seconds=float(found[1]) * UNITS[found[2]])
    return Policy(max_age=age, words=f"{found[1]} {found[2]}") if age and age <= MOST else None


def is_asked(given: bool | str | None) -> bool:
    """Whether an earlier result may be taken at all."""
    policy = read_policy(given)
    return policy is not None and policy.is_on


def too_old(given: bool | str | None, run: int, made_at: datetime, now: datetime) -> str:
    """Why the result that a run made then is not taken; empty when its age does not matter."""
    policy = read_policy(given)
    if policy is None or policy.max_age is None or now - made_at <= policy.max_age:
        return ""
    return f"its result of run {run} is older than {policy.words}"
