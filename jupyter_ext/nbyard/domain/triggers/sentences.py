"""The event of a trigger in words."""

from nbyard.domain.triggers.structs import (
    OnDataset,
    OnFile,
    OnNotebook,
    OnWebhook,
    OnWorkflow,
    TriggerEvent,
)
from nbyard.reasons.structs import Reason, because

OUTCOMES = {
    "succeeded": "fires-after-success",
    "failed": "fires-after-failure",
    "either": "fires-after-end",
}


def sentence_of(on: TriggerEvent) -> Reason:
    """Return a sentence that explains when a trigger fires."""
    if isinstance(on, OnDataset):
        return because("fires-on-dataset", name=on.dataset)
    if isinstance(on, OnWorkflow):
        return because(OUTCOMES[on.outcome], path=on.path)
    if isinstance(on, OnFile):
        changes = [because(f"file-{change}") for change in on.changes]
        if on.pattern == "*":
            return because("fires-on-path", changes=changes, path=on.path)
        return because("fires-on-files", changes=changes, pattern=on.pattern, path=on.path)
    if isinstance(on, OnWebhook):
        return because("fires-on-webhook", most=on.most_per_minute)
    assert isinstance(on, OnNotebook)
    return because("fires-on-request")
