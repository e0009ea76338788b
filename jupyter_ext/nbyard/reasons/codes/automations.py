"""When automations start runs, why they did not, and what notices report."""

from nbyard.reasons.codes.code import REASON, REASONS, code

AUTOMATIONS = {
    # refused
    "automation-runs-started": code(
        "No time is due: the automation started {started} of at most {most} runs.", started=int
    ),
    # due
    "due-in-zone": code("{times} ({zone})", times=REASON),
    "due-every-seconds": code("Every {count} seconds"),
    "due-every-minutes": code("Every {count} min"),
    "due-every-hours": code("Every {count} h"),
    "due-every-days": code("Every {count} × 24 h"),
    "due-once": code("Once, at {time}"),
    "due-hourly": code("Every hour at minute {minute}", minute=int),
    "due-daily": code("Every day at {time}"),
    "due-weekdays": code("Monday to Friday at {time}"),
    "due-on-days": code("{days:, } at {time}", days=REASONS),
    "due-monthly": code("On day {day} of each month at {time}", day=int),
    "due-cron": code("{words}"),
    "due-from": code("from {time}"),
    "due-until": code("until {time}"),
    "due-at-most": code("runs: at most {count}"),
    "day-monday": code("Monday"),
    "day-tuesday": code("Tuesday"),
    "day-wednesday": code("Wednesday"),
    "day-thursday": code("Thursday"),
    "day-friday": code("Friday"),
    "day-saturday": code("Saturday"),
    "day-sunday": code("Sunday"),
    "clock-skips": code("The clock skips the planned time, so the run starts at {due}"),
    "clock-repeats": code("The clock repeats {time}; this is the first one"),
    "clock-repeated": code("The clock repeats {time}; this is the second one"),
    "clock-forward": code("Clocks went forward by {hours} h"),
    "clock-back": code("Clocks went back by {hours} h"),
    # backfills
    "backfill-succeeded": code("Run {number} has succeeded"),
    "backfill-active": code("Run {number} is active"),
    # due times
    "due-time-missed": code("No dispatcher ran at this time"),
    "no-template": code("The frozen files of the automation are gone; save it again"),
    "no-file-in-mirror": code(
        "The service has no copy of {path}, which the automation follows. Only your own server has"
        " the file: start it and save the automation, or pin its files."
    ),
    "due-times-full": code("{count:due time already waits|due times already wait}"),
    # refused
    "too-many-watched-files": code(
        "has more than {most} files that match. Choose a smaller folder or a narrower pattern"
    ),
    # fires
    "fires-on-dataset": code("A version of dataset {name} is ready"),
    "fires-after-success": code("A run of {path} succeeded"),
    "fires-after-failure": code("A run of {path} failed"),
    "fires-after-end": code("A run of {path} succeeded or failed"),
    "fires-on-path": code("{path} is {changes: or }"),
    "fires-on-files": code("A file {pattern} in {path} is {changes: or }"),
    "fires-on-webhook": code("A signed webhook arrives, at most {most} per minute"),
    "fires-on-request": code("A notebook or program fires it"),
    "file-created": code("created"),
    "file-modified": code("modified"),
    "file-deleted": code("deleted"),
    # firings
    "firing-overlapped": code("Run {number} had not ended"),
    "firing-queue-full": code("{count:event already waits|events already wait}"),
    "firing-disabled": code("The automation was disabled"),
    "firing-replaced": code("A later due time or event replaced it"),
    "watched-files-change-with-runs": code(
        "The watched files changed during each of {most} runs in a row, so these runs seem to"
        " change them. The changes wait for one at another time. Leave files that the run writes"
        " out of the pattern."
    ),
    "automation-chain-too-long": code(
        "{most} automations started each other in a row; this looks like a loop"
    ),
    "watched-files-unreadable": code("{path} cannot be read: {message}"),
    # causes
    "cause-dataset": code("version {version} of dataset {name}", version=int),
    "cause-run": code("run {number} of {title} {state}", state=REASON),
    "run-has-succeeded": code("succeeded"),
    "run-has-failed": code("failed"),
    "cause-file": code("{path} was {change}", change=REASON),
    "cause-files": code("{changes:, } and {count:more file|more files}"),
    "cause-no-files": code("the watched files"),
    "cause-webhook": code("webhook message {id}"),
    "cause-run-fired": code("fired by a run"),
    "cause-fired": code("fired by a person or program"),
    # webhooks
    "webhook-not-json": code("the body must be JSON, because values are taken from it"),
    # refused channels
    "unknown-channel-url": code("Apprise does not know this kind of URL, or it is incomplete"),
    "channel-kind-missing": code(
        "The package that sends to channels of the kind {kind} is not installed"
    ),
    "channel-package-missing": code("Channels of the kind {kind} need the package {package}"),
    # deliveries
    "channel-answered": code("{service} answered {status}"),
    "channel-answered-text": code("{service} answered {status}: {text}"),
    "channel-too-late": code("{service} did not answer within {seconds} s"),
    "channel-unreachable": code("{service} cannot be reached: {message}"),
    "channel-not-sent": code("{service} did not accept the message: {message}"),
    "channel-address-refused": code("{service}: {reason}"),
    "sender-ended": code("The sender of messages ended unexpectedly: {cause}"),
}
