"""Bad cron expressions, time zones, limits and intervals of automations."""

from datetime import UTC, datetime, timedelta
from typing import Any

from nbyard.domain.automations.times.due_times import TimingPlan
from nbyard.domain.automations.times.structs import Cron

from .ground import Ground, Seen, seen

FIELDS = ("on.expression", "on.seconds", "zone", "ends_at")


def create(ground: Ground, what: dict[str, Any], entry: dict[str, Any]) -> Seen:
    """Create an automation that is refused at its field, or whose time is due exactly once."""
    if entry["expect"] == "FIRES_ONCE":
        return _due_once(what)
    if "every_s" in what:
        timing = {"kind": "interval", "seconds": what["every_s"]}
    else:
        timing = {"kind": "cron", "expression": what.get("cron", "@daily")}
    body = {
        "run": {"path": ground.file("due.py", b"print()")},
        "on": timing,
        "zone": what.get("tz", "UTC"),
        **{f"{name}s_at": f"{what[name]}T00:00:00" for name in ("start", "end") if name in what},
    }
    answer = ground.send("POST", "/automations", body)
    if answer.status == 422:
        assert answer.json["details"][0]["path"] in FIELDS, answer.json
    return seen(answer)


def _due_once(what: dict[str, Any]) -> Seen:
    """Compute the due times between two days, whose local time exists twice."""
    first, last = (
        datetime.fromisoformat(what[name]).replace(tzinfo=UTC) for name in ("from", "to")
    )
    plan = TimingPlan(Cron(what["cron"]), what["tz"], first)
    dues = [due for due in _until(plan, first, last) if due.day == first.day + 1]
    expected = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    return Seen(200 if dues == [expected] else 500, str(dues))


def _until(plan: TimingPlan, first: datetime, last: datetime) -> list[datetime]:
    found = []
    for due in plan.after(first - timedelta(seconds=1)):
        if due >= last:
            break
        found.append(due)
    return found
