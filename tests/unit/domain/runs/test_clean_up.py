"""Which finished runs a clean-up deletes, and which stay."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbyard.domain.runs.clean_up import (
    CleanUpRules,
    FinishedRun,
    check_rules,
    choose_runs,
    shown_choice,
)
from nbyard.errors import Invalid
from nbyard.reasons.structs import because

NOW = datetime(2026, 3, 1, tzinfo=UTC)
DIGESTS = st.sampled_from([("a", 10), ("b", 20), ("c", 30), ("d", 0)])


def finished(number, days=0.0, **fields):
    told = {"state": "succeeded", "group": "w", "path": "/w.nbflow", **fields}
    return FinishedRun(
        id=f"r{number}",
        number=number,
        title="t",
        name="",
        finished_at=NOW - timedelta(days=days),
        **told,
    )


@st.composite
def histories(draw):
    return [
        finished(
            number,
            draw(st.integers(0, 20)),
            state=draw(st.sampled_from(["succeeded", "failed", "cancelled"])),
            group=draw(st.sampled_from("vw")),
            outputs=tuple(draw(st.lists(DIGESTS, max_size=3))),
            protection=draw(st.none() | st.just(because("kept-by-user"))),
        )
        for number in range(draw(st.integers(0, 15)))
    ]


RULES = st.builds(
    CleanUpRules,
    older_than_days=st.none() | st.integers(0, 20),
    keep=st.none() | st.integers(0, 5),
    states=st.lists(st.sampled_from(["succeeded", "failed"]), unique=True),
    max_bytes=st.none() | st.integers(0, 80),
    workflow=st.sampled_from(["", "v", "w"]),
)


@given(histories(), RULES)
def test_each_deleted_run_is_chosen_by_all_rules(runs, rules):
    doomed, protected = choose_runs(runs, rules, NOW)
    assert not {run.id for run in doomed} & {run.id for run in protected}
    assert all(run.protection is None for run in doomed)
    assert all(run.protection is not None for run in protected)
    for run in doomed:
        assert (
            rules.older_than_days is None or (NOW - run.finished_at).days >= rules.older_than_days
        )
        assert not rules.states or run.state in rules.states
        assert not rules.workflow or run.group == rules.workflow
    left = Counter(run.group for run in runs if run not in doomed)
    had = Counter(run.group for run in runs)
    assert all(left[group] >= min(count, rules.keep or 0) for group, count in had.items())
    newest = {
        group: sorted(
            (r for r in runs if r.group == group), key=lambda r: (r.finished_at, r.number)
        )
        for group in had
    }
    for ordered in newest.values():
        assert not set(map(id, ordered[len(ordered) - (rules.keep or 0) :])) & set(map(id, doomed))


@given(histories(), st.integers(0, 80))
def test_the_oldest_are_deleted_until_the_rest_fits(runs, most):
    doomed, protected = choose_runs(runs, CleanUpRules(max_bytes=most), NOW)
    gone = {run.id for run in doomed}

    def size(without):
        return sum(dict(o for run in runs if run.id not in without for o in run.outputs).values())

    newest = {run.group: run.id for run in successes(runs)}
    spared = {run.id for run in successes(runs)[-1:] if most}
    free = [run for run in runs if run.protection is None and run.id not in spared]
    if size(gone) > most:
        assert gone == {run.id for run in free}, "the protected ones alone are too large"
    elif doomed:
        assert size(gone - {doomed[-1].id}) > most, "no more than needed"

    def turn(run):
        return run.id in newest.values(), run.finished_at, run.number

    assert doomed == sorted(free, key=turn)[: len(doomed)]
    if size(gone) > most:
        assert spared <= {run.id for run in protected}, "the rule says what it does not reach"
    else:
        assert all(turn(run) < turn(doomed[-1]) for run in protected)


def successes(runs):
    """Return the successful runs, oldest first."""
    ordered = sorted(runs, key=lambda run: (run.finished_at, run.number))
    return [run for run in ordered if run.state == "succeeded"]


@given(histories(), RULES)
def test_a_number_keeps_the_newest_successful_run_of_each_workflow(runs, rules):
    doomed, protected = choose_runs(runs, rules, NOW)
    newest = {run.group: run.id for run in successes(runs)}
    if rules.keep:
        assert not {*newest.values()} & {run.id for run in (*doomed, *protected)}


@given(histories(), RULES)
def test_a_size_keeps_the_newest_successful_run(runs, rules):
    doomed, _ = choose_runs(runs, rules, NOW)
    inside = [run for run in successes(runs) if rules.workflow in ("", run.group)]
    if rules.max_bytes and inside:
        assert inside[-1].id not in {run.id for run in doomed}


def test_a_size_frees_space_if_each_run_has_a_workflow_of_its_own():
    runs = [
        finished(number, 140 - number, group=f"w{number}", outputs=((f"d{number}", 10),))
        for number in range(100)
    ]
    for rules, count in (
        (CleanUpRules(max_bytes=300), 70),
        (CleanUpRules(max_bytes=1), 99),
        (CleanUpRules(max_bytes=1, older_than_days=30), 99),
        (CleanUpRules(max_bytes=0), 100),
        (CleanUpRules(max_bytes=1, older_than_days=100), 41),
    ):
        assert choose_runs(runs, rules, NOW)[0] == runs[:count], rules


def test_a_size_deletes_the_newest_successful_run_of_a_workflow_last():
    rare = finished(1, 9, group="rare", outputs=(("a", 10),))
    often = [finished(n, 9 - n, outputs=((f"b{n}", 10),)) for n in (2, 3, 4)]
    runs = [rare, *often]
    assert choose_runs(runs, CleanUpRules(max_bytes=20), NOW) == (often[:2], [])
    assert choose_runs(runs, CleanUpRules(max_bytes=10), NOW) == ([*often[:2], rare], [])
    assert choose_runs(runs, CleanUpRules(max_bytes=10, keep=1), NOW) == (often[:2], [])
    doomed, _ = choose_runs(runs, CleanUpRules(max_bytes=10), NOW)
    assert [run.number for run in shown_choice(doomed, []).runs] == [1, 2, 3]


def test_only_a_size_of_0_deletes_the_only_run_and_only_a_number_of_0():
    only = finished(1, outputs=(("a", 10),))
    for rules in (CleanUpRules(max_bytes=1), CleanUpRules(max_bytes=1, keep=0)):
        doomed, [protected] = choose_runs([only], rules, NOW)
        assert not doomed and protected.id == only.id
        assert str(protected.protection).startswith("it is the newest")
    assert choose_runs([only], CleanUpRules(max_bytes=0), NOW) == ([only], [])
    failed = finished(2, -1, state="failed")
    assert choose_runs([only, failed], CleanUpRules(keep=1), NOW) == ([], [])
    assert choose_runs([only, failed], CleanUpRules(keep=0), NOW) == ([only, failed], [])


def test_age_and_number_together():
    runs = [finished(number, days) for number, days in ((1, 40), (2, 35), (3, 2))]
    doomed, _ = choose_runs(runs, CleanUpRules(older_than_days=30, keep=2), NOW)
    assert [run.number for run in doomed] == [1]
    doomed, _ = choose_runs(runs, CleanUpRules(older_than_days=35), NOW)
    assert [run.number for run in doomed] == [1, 2]


@pytest.mark.parametrize(
    ("rules", "field"),
    [
        (CleanUpRules(older_than_days=-1), "older_than_days"),
        (CleanUpRules(older_than_days=float("nan")), "older_than_days"),
        (CleanUpRules(keep=-1), "keep"),
        (CleanUpRules(max_bytes=-1), "max_bytes"),
        (CleanUpRules(keep=1, states=["running"]), "states"),
    ],
)
def test_a_wrong_rule_is_refused_by_name(rules, field):
    with pytest.raises(Invalid) as refused:
        check_rules(rules)
    assert refused.value.details[0].path == field


def test_a_clean_up_of_everything_needs_a_rule():
    for rules in (CleanUpRules(), CleanUpRules(workflow="a.nbflow")):
        with pytest.raises(Invalid, match="Set an age, a number of runs to keep, a state or a"):
            check_rules(rules)
    check_rules(CleanUpRules(keep=0))


def test_states_are_a_rule_of_their_own():
    rules = CleanUpRules(states=["failed"])
    check_rules(rules)
    runs = [finished(1, state="failed"), finished(2), finished(3, state="failed")]
    doomed, _ = choose_runs(runs, rules, NOW)
    assert [run.number for run in doomed] == [1, 3]


def test_a_workflow_is_given_by_its_id_or_path():
    runs = [finished(1, group="workflow:v"), finished(2, group="workflow:w", path="/v.nbflow")]
    for workflow in ("w", "workflow:w", "/v.nbflow"):
        doomed, _ = choose_runs(runs, CleanUpRules(keep=0, workflow=workflow), NOW)
        assert [run.number for run in doomed] == [2]
