"""Sentences, as reasons, that explain the event of an automation, and the cause that fired it."""

from nbyard.domain.automations.structs import On, OnDataset, OnFile, OnNotebook, OnRun, OnWebhook
from nbyard.domain.runs.origins import Cause, DatasetCause, FileCause, RunCause, WebhookCause
from nbyard.reasons.structs import Reason, all_of, because

MOST_TOLD = 3  # files
CHANGES = {"created": "file-created", "modified": "file-modified", "deleted": "file-deleted"}
ENDS = {"succeeded": "run-has-succeeded", "failed": "run-has-failed"}
OUTCOMES = {
    "succeeded": "fires-after-success",
    "failed": "fires-after-failure",
    "either": "fires-after-end",
}


def event_sentence(on: On) -> Reason:
    """Return a sentence that explains when an automation fires."""
    if isinstance(on, OnDataset):
        return because("fires-on-dataset", name=on.dataset)
    if isinstance(on, OnRun):
        return because(OUTCOMES[on.outcome], path=on.path)
    if isinstance(on, OnFile):
        changes = [because(CHANGES[change]) for change in on.changes]
        if on.pattern == "*":
            return because("fires-on-path", changes=changes, path=on.path)
        return because("fires-on-files", changes=changes, pattern=on.pattern, path=on.path)
    if isinstance(on, OnWebhook):
        return because("fires-on-webhook", most=on.most_per_minute)
    assert isinstance(on, OnNotebook)
    return because("fires-on-request")


def cause_reason(cause: Cause) -> Reason:
    """Return a sentence that explains what fired an automation."""
    if isinstance(cause, DatasetCause):
        return because("cause-dataset", name=cause.dataset, version=cause.version)
    if isinstance(cause, RunCause):
        state = because(ENDS[cause.state])
        return because("cause-run", number=cause.number, title=cause.title, state=state)
    if isinstance(cause, FileCause):
        changes = [
            because("cause-file", path=file.path, change=because(CHANGES[file.change]))
            for file in cause.files[:MOST_TOLD]
        ]
        if not changes:
            return because("cause-no-files")
        left = cause.count - len(changes)
        return because("cause-files", changes=changes, count=left) if left else all_of(changes)
    if isinstance(cause, WebhookCause):
        return because("cause-webhook", id=cause.webhook_id)
    return because("cause-run-fired" if cause.run_id else "cause-fired")
