"""Why a trigger is refused, when it fires, and what events led to."""

from nbyard.reasons.codes.code import REASON, REASONS, code

REFUSED = {
    "no-trigger": code("There is no trigger '{name}'.", name=str),
    "trigger-exists": code("A trigger named '{name}' exists.", name=str),
    "other-trigger-kind": code("is {kind}, which cannot change. Create another trigger", kind=str),
    "trigger-loop": code("would close a loop: {places: → }", places=list),
    "not-a-pattern": code(
        "'{text}' is not a pattern of files, such as *.csv or **/*.csv", text=str
    ),
    "too-many-watched-files": code(
        "has more than {most} files that match. Choose a smaller folder or a narrower pattern",
        most=int,
    ),
    "nothing-to-watch": code(
        "{path} does not exist. A trigger may wait for a file in an existing folder", path=str
    ),
    "pattern-of-file": code("is for folders, and {path} is a file", path=str),
    "too-many-values": code("may have at most {most} entries", most=int),
    "event-has-no-fields": code("the event has no fields; pass values when you fire the trigger"),
    "no-event-field": code("'{text}' is not one of {known:, }", text=str, known=list),
    "not-a-field-path": code(
        "'{text}' is not a path of names and numbers with dots, such as body.city.0", text=str
    ),
    "no-such-parameter": code("is not a parameter of the run; it has {known:, }", known=list),
    "parameter-takes-no-event": code("an output or a secret cannot receive a value of an event"),
    "input-of-pinned": code("an input needs the mode follows, because pinned inputs are frozen"),
    "event-field-type": code(
        "the field of the event is {given}, the parameter is {wanted}", given=str, wanted=str
    ),
    "trigger-is-disabled": code("The trigger is disabled."),
    "not-a-webhook": code("Only webhooks have a secret; this trigger is {kind}", kind=str),
}

FIRES = {
    "fires-on-dataset": code("A version of dataset {name} is ready", name=str),
    "fires-after-success": code("A run of {path} succeeded", path=str),
    "fires-after-failure": code("A run of {path} failed", path=str),
    "fires-after-end": code("A run of {path} succeeded or failed", path=str),
    "fires-on-path": code("{path} is {changes: or }", path=str, changes=REASONS),
    "fires-on-files": code(
        "A file {pattern} in {path} is {changes: or }", pattern=str, path=str, changes=REASONS
    ),
    "fires-on-webhook": code("A signed webhook arrives, at most {most} per minute", most=int),
    "fires-on-request": code("A notebook or program fires it"),
    "file-created": code("created"),
    "file-modified": code("modified"),
    "file-deleted": code("deleted"),
}

FIRINGS = {
    "firing-overlapped": code("Run {number} had not ended", number=int),
    "firing-queue-full": code("{count} events already wait", count=int),
    "firing-disabled": code("The trigger was disabled"),
    "firing-replaced": code("A later event replaced it"),
    "watched-files-change-with-runs": code(
        "The watched files changed during each of {most} runs in a row, so these runs seem to"
        " change them. The changes wait for one at another time. Leave files that the run writes"
        " out of the pattern.",
        most=int,
    ),
    "trigger-chain-too-long": code(
        "{most} triggers fired each other in a row; this looks like a loop", most=int
    ),
    "event-lacks-field": code("the event has no field '{text}'", text=str),
    "no-trigger-template": code("The frozen files of the trigger are gone; save the trigger again"),
    "watched-files-unreadable": code("{path} cannot be read: {message}", path=str, message=str),
}

CAUSES = {
    "cause-dataset": code("version {version} of dataset {name}", name=str, version=int),
    "cause-run": code("run {number} of {title} {state}", number=int, title=str, state=REASON),
    "run-has-succeeded": code("succeeded"),
    "run-has-failed": code("failed"),
    "cause-file": code("{path} was {change}", path=str, change=REASON),
    "cause-files": code("{changes:, } and {count} more files", changes=REASONS, count=int),
    "cause-no-files": code("the watched files"),
    "cause-webhook": code("webhook message {id}", id=str),
    "cause-run-fired": code("fired by a run"),
    "cause-fired": code("fired by a person or program"),
}

WEBHOOKS = {
    "no-file-or-executable": code("There is no file or executable {path}.", path=str),
    "webhook-refused": code("The webhook does not exist, or the signature is not valid."),
    "webhook-repeated": code("A message with this ID was received before."),
    "webhook-too-often": code("More than {most} messages arrived within a minute.", most=int),
    "webhook-refused-too-often": code(
        "{most} messages of this sender were refused within a minute.", most=int
    ),
    "webhook-not-json": code("the body must be JSON, because values are taken from it"),
}

TRIGGERS = {**REFUSED, **FIRES, **FIRINGS, **CAUSES, **WEBHOOKS}
