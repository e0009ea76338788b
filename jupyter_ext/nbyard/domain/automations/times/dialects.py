"""Timings in the syntax of other programs: they are refused with an example to write instead."""

import re

# Patterns with the program that reads such a timing, and a phrase of nbyard.
DIALECTS = (
    (r"cron ?\(.*\)?", "Amazon EventBridge", "0 8 * * 1-5"),
    (r"rate ?\(.*\)?", "Amazon EventBridge", "every 15 minutes"),
    (r"at ?\(.*\)?", "Amazon EventBridge", "2027-01-31 18:00"),
    (r"@every\b.*", "Go's cron", "every 2 hours"),
    (r"(dtstart|rrule|freq=).*", "iCalendar", "every monday and thursday 9:30"),
    (r"(r\d*/.*|p(t?\d+[a-z])+.*)", "ISO 8601", "every 15 minutes"),
    # A calendar event has a date with a star, a range with dots, or a repetition.
    (r"(oncalendar|onbootsec|onunitactivesec)=.*", "systemd", "weekdays 8:00"),
    (r"\*:.*|.*(\*-|\.\.|:\*|:\d+/\d).*", "systemd", "weekdays 8:00"),
)
PATTERNS = [
    (re.compile(pattern, re.IGNORECASE | re.DOTALL), program, instead)
    for pattern, program, instead in DIALECTS
]
ZONE = re.compile(r"(?:CRON_)?TZ=(?P<zone>\S+)\s+(?P<rest>.+)", re.DOTALL)
# A zone after the five or six fields, as Grafana and others write it.
ZONE_AFTER = re.compile(
    r"(?P<rest>(?:\S+\s+){5,6}?)(?P<zone>[A-Z][A-Za-z_]+/[A-Za-z][A-Za-z0-9_/+-]*|UTC)"
)


def foreign_dialect(text: str) -> str | None:
    """Return the reason to refuse a timing in another program's syntax; None for other texts."""
    stripped = text.strip()
    if match := ZONE.fullmatch(stripped) or ZONE_AFTER.fullmatch(stripped):
        rest = match["rest"].strip()
        return (
            f"the time zone is a field of its own: set it to {match['zone'][:80]} and the timing"
            f" to '{rest[:80]}'"
        )
    for pattern, program, instead in PATTERNS:
        if pattern.fullmatch(stripped):
            return (
                f"'{stripped[:80]}' is a timing of {program}. Write a phrase or cron expression,"
                f" such as '{instead}'"
            )
    return None
