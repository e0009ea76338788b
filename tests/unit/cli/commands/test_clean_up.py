"""R14 from a shell: rules as options, the preview, and the question before anything is deleted."""

import click
import pytest

from nbyard.cli.commands.runs.clean_up import bytes_of_size, days_of
from nbyard.cli.output.views.clean_up_views import rules_text
from nbyard.domain.runs.clean_up import CleanUpRules


def test_ages_and_sizes():
    assert [days_of(text) for text in ("12h", "30d", "1.5w")] == [0.5, 30, 10.5]
    assert [bytes_of_size(text) for text in ("0", "5 B", "5kB", "1.5MB", "20G")] == [
        0, 5, 5000, 1_500_000, 20_000_000_000
    ]  # fmt: skip
    ages = [(days_of, text) for text in ("30", "-1d", "1y")]
    for read, text in (*ages, *((bytes_of_size, text) for text in ("x", "5", "2.5"))):
        with pytest.raises(click.BadParameter, match="write"):
            read(text)


def test_rules_are_rendered_as_text():
    rules = CleanUpRules(
        older_than_days=30, keep=2, states=["failed", "cancelled"], max_bytes=10**9
    )
    assert rules_text(rules) == (
        "that finished at least 30 days ago, that are not the newest 2 of their workflow, that are"
        " failed or cancelled, until all outputs fit into 1.0 GB, the oldest first"
    )
