"""Rules: which events they match, and what they refuse."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbyard.domain.notices.rules import (
    MOST_RULES,
    Occurrence,
    StoredRule,
    check_digest,
    check_rules,
    long_after,
    projects_in,
    rule_matches,
    wanted_channels,
)
from nbyard.domain.notices.structs import EVENTS, DigestLimit, NoticeRule
from nbyard.errors import Invalid

ONE = Occurrence("failed", "r:failed", "ann", "report", "/a.ipynb", "s1", "r", ["wine"])


def stored(channel: str = "c", automation: str = "", owner: str = "ann", **rule) -> StoredRule:
    return StoredRule(channel, owner, NoticeRule(**{"events": ["failed"], **rule}), automation)


@pytest.mark.parametrize(
    ("rule", "is_match"),
    [
        (stored(), True),
        (stored(events=["succeeded"]), False),
        (stored(path="/a.ipynb"), True),
        (stored(path="/b.ipynb"), False),
        (stored(project="wine"), True),
        (stored(project="beer"), False),
        (stored(project="wine", path="/b.ipynb"), False),
        (stored(automation="s1"), True),
        (stored(automation="s2"), False),
        (stored(owner="bob"), False),
    ],
)
def test_a_rule_matches_by_event_file_project_schedule_and_owner(rule, is_match):
    assert rule_matches(rule, ONE) is is_match


@given(st.sets(st.text(max_size=3)), st.text(max_size=3))
def test_a_rule_of_a_project_matches_the_events_of_the_project_only(projects, project):
    one = msgspec.structs.replace(ONE, projects=projects)
    assert rule_matches(stored(project=project), one) is (project in projects or not project)
    assert projects_in([stored(project=project), stored()]) == {project} - {""}


def test_an_event_is_reported_once_despite_several_rules():
    rules = [stored("a"), stored("b"), stored("a", "s1"), stored("c", "s2")]
    assert wanted_channels(rules, ONE) == ["a", "b"]


@given(st.sampled_from(EVENTS), st.text(max_size=3), st.text(max_size=3))
def test_a_rule_without_limits_matches_all_events_of_its_owner(event, path, automation):
    one = Occurrence(event, "id", "ann", "", path, automation)
    assert rule_matches(stored(events=[*EVENTS]), one)


@pytest.mark.parametrize(
    ("rule", "field"),
    [
        ({"events": []}, "rules.0.events"),
        ({"events": ["failed"], "long_factor": 1.0}, "rules.0.long_factor"),
        ({"events": ["failed"], "long_factor": float("nan")}, "rules.0.long_factor"),
        ({"events": ["failed"], "long_seconds": 0.0}, "rules.0.long_seconds"),
        ({"events": ["running-long"], "long_factor": None}, "rules.0.long_factor"),
    ],
)
def test_a_refused_rule_names_its_field(rule, field):
    with pytest.raises(Invalid) as caught:
        check_rules([NoticeRule(**rule)])
    assert caught.value.details[0].path == field


def test_the_number_of_rules_is_limited():
    with pytest.raises(Invalid):
        check_rules([NoticeRule(["failed"])] * (MOST_RULES + 1))
    check_rules([NoticeRule(["running-long"], long_factor=None, long_seconds=5)] * MOST_RULES)


@pytest.mark.parametrize(
    ("digest", "field"),
    [(DigestLimit(0), "digest.most"), (DigestLimit(1, 1), "digest.window_seconds")],
)
def test_a_refused_digest_names_its_field(digest, field):
    with pytest.raises(Invalid) as caught:
        check_digest(digest)
    assert caught.value.details[0].path == field
    check_digest(DigestLimit())


def test_a_run_is_long_after_the_first_of_both_times():
    rule = NoticeRule(["running-long"], long_factor=3, long_seconds=100)
    assert long_after(rule, 10) == 30
    assert long_after(rule, 1000) == 100
    assert long_after(rule, None) == 100
    assert long_after(NoticeRule(["running-long"]), None) is None
