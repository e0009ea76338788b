"""From a shell: rules as options, the preview, and the question before anything is deleted."""

from nbyard.cli.output.views.clean_up_views import rules_text
from nbyard.domain.runs.clean_up import CleanUpRules


def test_rules_as_words():
    rules = CleanUpRules(
        older_than_days=30, keep=2, states=["failed", "cancelled"], max_bytes=10**9
    )
    assert rules_text(rules) == (
        "that finished at least 30 days ago, that are not the newest 2 of their workflow, that are"
        " failed or cancelled, until all outputs fit into 1.0 GB, the oldest first"
    )
