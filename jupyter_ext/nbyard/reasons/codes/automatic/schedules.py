"""Why a schedule is refused, when it is due, what its due times led to, and what starts them."""

from nbyard.reasons.codes.code import NUMBER, REASON, REASONS, code

REFUSED = {
    "no-time-zone": code("there is no time zone {name}", name=str),
    "cron-field-count": code(
        "a cron expression has 5 fields (minute, hour, day of month, month, day of week), or 6 with"
        " the seconds first; this has {count}",
        count=int,
    ),
    "cron-year": code(
        "the field {text} at position {position} is a year, which nbyard does not support",
        text=str,
        position=int,
    ),
    "cron-name": code("{name} is not one of {known:, }", name=str, known=list),
    "cron-dialect": code(
        "{character} at position {position} ({field}) belongs to another dialect of cron",
        character=str,
        field=str,
        position=int,
    ),
    "cron-any-day": code(
        "Write * instead of ?. Quartz and Amazon EventBridge count weekdays from Sunday = 1; here,"
        " Sunday is 0 or 7 and Monday is 1."
    ),
    "cron-spread": code(
        "Write a number of your choice. Jenkins derives it from the name of a job, other programs"
        " choose it at random."
    ),
    "cron-near-day": code(
        "nbyard cannot choose the working day nearest to a date. Write a day of the month, or LW"
        " for the last working day."
    ),
    "cron-without-year": code(
        "Remove the year. Set the start and the end of the schedule to limit it to some dates."
    ),
    "cron-instead": code("Write {text}", text=str),
    "timing-dialect": code(
        "'{text}' is a timing of {program}. Write a phrase or cron expression, such as '{example}'",
        text=str,
        program=str,
        example=str,
    ),
    "zone-in-timing": code(
        "the time zone is a field of its own: set it to {zone} and the timing to '{rest}'",
        zone=str,
        rest=str,
    ),
    "cron-field": code(
        "{text} at position {position} is not a valid {field}", text=str, field=str, position=int
    ),
    "cron-never": code("no calendar has such a date"),
    "due-too-often": code("at least {least} seconds must lie between due times", least=int),
    "never-due": code("no time is due from now on"),
    "ends-before-start": code("the end is before the start"),
    "ends-in-past": code("the end has passed"),
    "no-time-of-day": code("{text} is not a time of day", text=str),
    "no-date": code("{text} is not a date", text=str),
    "unknown-phrase": code(
        "'{text}' is not a known phrase. Examples: {examples}", text=str, examples=list
    ),
    "near-phrase": code(
        "'{text}' is not a known phrase. The nearest one is '{phrase}'", text=str, phrase=str
    ),
    "interval-without-time": code(
        "'{text}' is an interval, which has no time of day. Write '{phrase}', and set the start to"
        " the first due time",
        text=str,
        phrase=str,
    ),
    "no-schedule": code("There is no schedule '{name}'.", name=str),
    "schedule-exists": code("A schedule named '{name}' exists.", name=str),
    "schedule-has-ended": code("The schedule has no due time left."),
    "schedule-runs-started": code(
        "No time is due: the schedule started {started} of at most {most} runs.",
        started=int,
        most=int,
    ),
    "schedule-run-name": code("runs of schedules and triggers are numbered, so they have no name"),
}

DUE = {
    "due-in-zone": code("{times} ({zone})", times=REASON, zone=str),
    "due-every-seconds": code("Every {count} seconds", count=int),
    "due-every-minutes": code("Every {count} min", count=int),
    "due-every-hours": code("Every {count} h", count=int),
    "due-every-days": code("Every {count} × 24 h", count=int),
    "due-once": code("Once, at {time}", time=str),
    "due-hourly": code("Every hour at minute {minute}", minute=int),
    "due-daily": code("Every day at {time}", time=str),
    "due-weekdays": code("Monday to Friday at {time}", time=str),
    "due-on-days": code("{days:, } at {time}", days=REASONS, time=str),
    "due-monthly": code("On day {day} of each month at {time}", day=int, time=str),
    "due-cron": code("{words}", words=str),
    "due-from": code("from {time}", time=str),
    "due-until": code("until {time}", time=str),
    "due-at-most": code("runs: at most {count}", count=int),
    "day-monday": code("Monday"),
    "day-tuesday": code("Tuesday"),
    "day-wednesday": code("Wednesday"),
    "day-thursday": code("Thursday"),
    "day-friday": code("Friday"),
    "day-saturday": code("Saturday"),
    "day-sunday": code("Sunday"),
    "clock-skips": code("The clock skips the planned time, so the run starts at {due}", due=str),
    "clock-repeats": code("The clock repeats {time}; this is the first one", time=str),
    "clock-repeated": code("The clock repeats {time}; this is the second one", time=str),
    "clock-forward": code("Clocks went forward by {hours} h", hours=NUMBER),
    "clock-back": code("Clocks went back by {hours} h", hours=NUMBER),
}

BACKFILLS = {
    "backfill-in-future": code("a backfill covers past due times only"),
    "backfill-range-empty": code("the start is after the end"),
    "backfill-too-early": code("the range starts in 1970 at the earliest"),
    "backfill-no-due-time": code("the schedule has no past due time in this range"),
    "backfill-too-long": code("the range has more than {most} due times", most=int),
    "backfill-end-at": code("End at {time}, then start another backfill.", time=str),
    "backfill-nothing-to-run": code("Each due time has a run that succeeded or is active."),
    "backfill-run-again": code("Set `again` to repeat due times with a succeeded run."),
    "no-backfill": code("There is no backfill '{name}'.", name=str),
    "backfill-succeeded": code("Run {number} has succeeded", number=int),
    "backfill-active": code("Run {number} is active", number=int),
}

TICKS = {
    "tick-missed": code("No dispatcher ran at this time"),
    "tick-overlapped": code("Run {number} had not ended", number=int),
    "no-template": code("The frozen files of the schedule are gone; save the schedule again"),
    "tick-disabled": code("The schedule was disabled"),
    "tick-queue-full": code("{count} due times already wait", count=int),
    "replaced-by-schedule": code("Replaced by the next run of the schedule"),
}

# what `nbyard doctor` finds and advises
UNIT_FINDINGS = {
    "no-schedule-enabled": code("no schedule or trigger is enabled"),
    "waits-after-reboot": code(
        "after a reboot, no run starts until a Jupyter server or an nbyard command starts the"
        " dispatcher"
    ),
    "unit-disabled": code("{path} is not enabled: it does not start the dispatcher", path=str),
    "unit-starts-at-boot": code("{path} starts the dispatcher at boot", path=str),
    "unit-starts-at-sign-in": code("{path} starts the dispatcher when you sign in", path=str),
    "install-unit": code("nbyard service install starts the dispatcher after a reboot."),
    "enable-linger": code(
        "The unit starts when you sign in. To start it at boot: loginctl enable-linger {user}",
        user=str,
    ),
}

SCHEDULES = {**REFUSED, **DUE, **BACKFILLS, **TICKS, **UNIT_FINDINGS}
