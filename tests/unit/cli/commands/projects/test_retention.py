"""`nbyard projects retention` sets and shows policies."""

import pytest


@pytest.fixture
def wine(shell):
    assert shell("projects", "create", "wine").code == 0


def test_policies_are_set_shown_replaced_and_deleted(shell, wine):
    assert "No retention policies" in shell("projects", "retention", "wine").out
    words = ("projects", "retention", "wine")
    made = shell(*words, "failed", "--state", "failed", "--older-than", "7d")
    assert made.code == 0, made.err
    assert "7 days ago" in made.out and "are failed." in made.out
    shell(*words, "recent", "--keep", "20", "--max-size", "20GB")
    shell(*words, "recent", "--keep", "5")
    found = shell(*words, "--json").json["policies"]
    assert [(one["name"], one["rules"]) for one in found] == [
        ("failed", {"older_than_days": 7.0, "states": ["failed"]}),
        ("recent", {"keep": 5}),
    ]
    shown = shell("runs", "preview-retention").out
    assert "wine, recent: " in shown and "the newest 5" in shown
    assert "0 runs to delete" in shown
    changed = shell(*words, "failed", "--state", "failed").out
    assert "are failed." in changed and "days" not in changed
    assert shell("projects", "delete-policy", "wine", "recent").code == 0
    refused = shell("projects", "delete-policy", "wine", "recent")
    assert refused.code != 0 and "no retention policy 'recent'" in refused.err


def test_refusals_name_what_is_missing(shell, wine):
    words = ("projects", "retention", "wine")
    assert "Name the policy" in shell(*words, "--keep", "5").err
    assert "Set a rule" in shell(*words, "recent").err
    refused = shell("runs", "clean-up", "--keep", "1", "--project", "gone", "--dry-run")
    assert refused.code != 0 and "gone" in refused.err
    assert "No daily clean-up" in shell("runs", "preview-retention").out
