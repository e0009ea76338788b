"""Which quota counts for a user, what runs and deployments hold of it, and whose turn it is."""

from collections import Counter
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbyard.domain.limits import Limits
from nbyard.domain.users.quotas import (
    NewQuota,
    Quota,
    QuotaLedger,
    QuotaLimits,
    Quotas,
    Use,
    UsedShare,
    amount,
    complete_quota,
    cores_counted,
    fair_order,
    largest,
    over_quota,
    quota_full,
    quota_reason,
    read_quota_id,
)
from nbyard.errors import Invalid
from nbyard.reasons.structs import because, nested_reasons

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def quota(key: str, **limits) -> Quota:
    kind, name = read_quota_id(key)
    return Quota(id=key, kind=kind, name=name, updated_at=NOW, **limits)


def quotas(*known: Quota, groups=None, projects=None) -> Quotas:
    return Quotas({each.id: each for each in known}, groups or {}, projects or {})


def run(name: str = "1", owner: str = "ann", **amounts) -> Use:
    return Use(kind="run", id=f"id-{name}", name=name, owner=owner, **amounts)


def test_the_own_quota_comes_before_groups_and_groups_before_everyone():
    own, everyone = quota("user:ann", gpus=0), quota("everyone", gpus=1)
    of_groups = quota("group:a", gpus=2, runs=3), quota("group:b", gpus=1, runs=5)
    known = quotas(own, everyone, *of_groups, groups={"ann": ["a"], "bob": ["a", "b", "c"]})
    assert known.of_user("ann") == ("user:ann", own)
    assert known.of_user("bob") == ("groups", QuotaLimits(gpus=2, runs=5))
    assert known.of_user("eve") == ("everyone", everyone)
    assert quotas(*of_groups).of_user("eve") == ("", QuotaLimits())
    assert (bool(known), bool(Quotas())) == (True, False)


def test_no_limit_is_larger_than_any_limit():
    assert largest([QuotaLimits(gpus=2, cpu=1.0), QuotaLimits(gpus=1)]) == QuotaLimits(gpus=2)


@pytest.mark.parametrize("key", ["", "ann", "user:", "team:a", "everyone:x"])
def test_other_ids_are_refused(key):
    with pytest.raises(Invalid) as refused:
        read_quota_id(key)
    assert refused.value.details[0].path == "quota"


def test_a_quota_gives_one_gpu_unless_set_and_a_preset_fills_what_is_not_set():
    def complete(body: NewQuota, kind="user"):
        return QuotaLimits(**complete_quota(kind, body, 2))

    assert complete(NewQuota()) == QuotaLimits(gpus=1)
    assert complete(NewQuota(), "project") == QuotaLimits()
    tutorial = complete(NewQuota(preset="tutorial", runs=3))
    assert (tutorial.gpus, tutorial.runs) == (0, 3)
    standard = QuotaLimits(gpus=1)
    assert all(
        getattr(standard, name) is None or getattr(tutorial, name) < getattr(standard, name)
        for name in QuotaLimits.__struct_fields__
    )
    assert None not in msgspec.structs.astuple(tutorial)


@pytest.mark.parametrize(
    ("kind", "limits", "where"),
    [
        ("user", {"gpus": 3}, "gpus"),
        ("group", {"cpu": -1.0}, "cpu"),
        ("everyone", {"cpu": float("inf")}, "cpu"),
        ("project", {"gpus": 65}, "gpus"),
    ],
)
def test_limits_out_of_range_are_refused(kind, limits, where):
    with pytest.raises(Invalid) as refused:
        complete_quota(kind, NewQuota(**limits), 2)
    assert refused.value.details[0].path == where


def test_a_wait_names_what_of_ones_own_holds_the_quota():
    ledger = QuotaLedger(quotas(quota("everyone", gpus=2)), [run("1", gpus=1), run("2")])
    deployment = Use(kind="deployment", id="d", name="app", owner="ann", gpus=1)
    assert ledger.lacks(run("3", gpus=1)) is None
    ledger.take(deployment)
    assert ledger.lacks(run("3", gpus=1)) == because(
        "quota-full",
        quota=quota_reason("ann"),
        limit=amount("gpus", 2),
        holders=[
            because("held-by-run", name="1", id="id-1"),
            because("held-by-deployment", name="app", id="d"),
        ],
    )
    assert ledger.lacks(run("3", cpu=9.0)) is None, "nothing but GPUs is limited"
    assert ledger.lacks(run("3", owner="bob", gpus=2)) is None, "of another user"


USES = st.builds(
    run,
    st.sampled_from("123"),
    st.sampled_from(["ann", "bob"]),
    gpus=st.integers(0, 2),
    cpu=st.floats(0.5, 4),
)


@given(st.lists(USES, max_size=4), USES)
def test_what_fits_lacks_nothing(held, use):
    known = quota("everyone", gpus=2, cpu=6.0, runs=2), quota("project:p", cpu=8.0)
    limits = quotas(*known, projects={"p": "wine"})
    ledger = QuotaLedger(limits, held, {"id-1": ["p"], "id-2": ["p"]})
    assert (ledger.full_scope(use) is None) == (ledger.lacks(use) is None)


def test_more_than_the_quota_never_fits():
    ledger = QuotaLedger(quotas(quota("everyone", gpus=1)))
    over = over_quota(quota_reason("ann"), "gpus", 2, 1)
    assert ledger.lacks(run(gpus=2)) == over
    assert QuotaLedger(quotas(quota("everyone", runs=0))).lacks(run()) is not None


def test_a_run_counts_once_until_it_ends():
    ledger = QuotaLedger(quotas(quota("everyone", runs=1)), [run("1")])
    assert ledger.lacks(run("1", cpu=1.0)) is None, "its next task"
    wait = ledger.lacks(run("2"))
    assert wait is not None
    assert wait.params["holders"] == [
        {"code": "held-by-run", "params": {"name": "1", "id": "id-1"}}
    ]
    deployment = Use(kind="deployment", id="d", name="app", owner="ann")
    assert ledger.lacks(deployment) is None, "limited separately"


def test_the_quota_of_a_project_is_a_limit_on_top():
    known = quotas(quota("project:p", cpu=3.0), projects={"p": "wine"})
    linked = {"id-1": ["p"], "id-2": ["p"]}
    ledger = QuotaLedger(known, [run("1", owner="bob", cpu=2.0)], linked)
    wait = ledger.lacks(run("2", cpu=2.0))
    assert wait is not None
    assert {reason.code for reason in nested_reasons(wait)} >= {"quota-of-project"}
    assert wait.params["holders"] == [{"code": "held-by-others", "params": {}}], "not named"
    assert ledger.lacks(run("3", cpu=2.0)) is None, "not linked"
    ledger.release(run("1", owner="bob", cpu=2.0))
    assert ledger.lacks(run("2", cpu=2.0)) is None


def test_the_place_of_a_run_is_free_after_its_last_task():
    ledger = QuotaLedger(quotas(quota("everyone", runs=1)), [run("1", cpu=1.0), run("1", cpu=1.0)])
    ledger.release(run("1", cpu=1.0))
    assert ledger.lacks(run("2", cpu=1.0)) is not None
    ledger.release(run("1", cpu=1.0))
    assert ledger.lacks(run("2", cpu=1.0)) is None


def test_what_holds_a_resource_is_what_the_task_waits_for():
    gpu, cores, idle = run("1", gpus=1, cpu=1.0), run("2", cpu=1.0), run("3")
    free = QuotaLedger(quotas(), [gpu, cores, idle])
    assert free.holders(run("4", gpus=1, cpu=1.0)) == [gpu]
    assert free.holders(run("4", cpu=1.0)) == [gpu, cores]
    full = QuotaLedger(quotas(quota("everyone", runs=1)), [idle, run("5", owner="bob", cpu=1.0)])
    assert full.holders(run("4", cpu=1.0)) == [idle]


def test_others_hold_the_quota_of_a_project():
    known = quotas(quota("project:p", cpu=2.0))
    linked = {"id-1": ["p"], "id-2": ["p"]}
    theirs = run("1", owner="bob", cpu=2.0)
    ledger = QuotaLedger(known, [theirs, run("3", owner="eve", cpu=2.0)], linked)
    assert ledger.holders(run("2", cpu=1.0)) == [theirs]


def test_holders_of_others_are_one_holder():
    uses = [run("1"), run("2", owner="bob"), run("3", owner="eve")]
    seen = quota_full(quota_reason("ann"), "runs", 2, uses, "ann")
    assert [reason["code"] for reason in seen.params["holders"]] == [
        "held-by-run",
        "held-by-others",
    ]


AMOUNTS = st.fixed_dictionaries(
    {
        "gpus": st.integers(0, 3),
        "cpu": st.sampled_from([0.5, 1.0, 2.5]),
        "memory_bytes": st.integers(0, 5),
        "name": st.sampled_from(["1", "2", "3", "4"]),
        "owner": st.sampled_from(["ann", "bob"]),
    }
)
LIMITS = st.fixed_dictionaries(
    {},
    optional={
        "gpus": st.integers(0, 3),
        "cpu": st.integers(0, 5).map(float),
        "memory_bytes": st.integers(0, 9),
        "runs": st.integers(0, 3),
    },
)


@given(LIMITS, LIMITS, st.lists(AMOUNTS, max_size=12))
def test_what_is_granted_never_exceeds_a_quota(everyone, project, wishes):
    """And each grant of less leaves no wait behind that nothing holds."""
    known = quotas(
        quota("everyone", **everyone), quota("project:p", **project), projects={"p": "wine"}
    )
    linked = {f"id-ann-{name}": ["p"] for name in "12"} | {f"id-bob-{name}": ["p"] for name in "1"}
    ledger, granted = QuotaLedger(known, (), linked), []
    for wish in wishes:
        name = f"{wish.pop('owner')}-{wish.pop('name')}"
        use = run(name, owner=name[:3], **wish)
        wait = ledger.lacks(use)
        if wait is None:
            ledger.take(use)
            granted.append(use)
        else:
            assert wait.code == "over-quota" or wait.params["holders"]
    scopes = [
        *((everyone, [use for use in granted if use.owner == who]) for who in ("ann", "bob")),
        (project, [use for use in granted if use.id in linked]),
    ]
    for limits, uses in scopes:
        for amount_name in ("gpus", "cpu", "memory_bytes"):
            most = limits.get(amount_name, float("inf"))
            assert sum(getattr(use, amount_name) for use in uses) <= most
        assert len({use.id for use in uses}) <= limits.get("runs", float("inf"))


# Fair share


def test_the_only_task_of_a_user_comes_before_the_second_of_another():
    many = [(at, "ann") for at in range(500)]
    order = [*fair_order({"ann": many, "bob": [(500, "bob")]}, Counter(ann=1), {"bob": 9e9})]
    assert order[0] == (500, "bob"), "whatever bob has used"
    assert order[1:] == many


def test_of_users_with_as_many_tasks_the_one_that_used_less_comes_first():
    queues = {"ann": [1, 3, 5], "bob": [2, 4]}
    assert [*fair_order(queues, Counter(), {"ann": 2.0, "bob": 1.0})] == [2, 1, 4, 3, 5]
    assert [*fair_order(queues, Counter(), {})] == [1, 2, 3, 4, 5], "then the earlier task"


def test_a_task_that_does_not_count_keeps_its_user_first():
    levels, order = Counter(bob=1), []
    for task in fair_order({"ann": [1, 2], "bob": [0]}, levels, {}):
        order.append(task)
        if task == 1:
            levels["ann"] -= 1
    assert order == [1, 2, 0]


OWNED = st.lists(st.sampled_from(["ann", "bob", "eve"]), max_size=30)


@given(OWNED, st.dictionaries(st.sampled_from(["ann", "bob", "eve"]), st.floats(0, 9)))
def test_users_take_turns_and_keep_their_own_order(owners, used):
    queues = {who: [at for at, of in enumerate(owners) if of == who] for who in set(owners)}
    order = [*fair_order(queues, Counter(), used)]
    assert sorted(order) == [*range(len(owners))]
    seen: Counter[str] = Counter()
    for at in order:
        assert seen[owners[at]] == queues[owners[at]].index(at), "own order"
        waiting = [who for who, own in queues.items() if seen[who] < len(own)]
        assert seen[owners[at]] == min(seen[who] for who in waiting)
        seen[owners[at]] += 1


def test_use_counts_half_after_a_half_life():
    share = UsedShare(100.0, 0.0).plus(50.0, 10.0, 10.0)
    assert share == UsedShare(100.0, 10.0)
    assert share.decayed(30.0, 10.0) == 25.0
    assert share.decayed(0.0, 10.0) == 100.0, "a clock that was set back"
    assert cores_counted(Limits(gpu=1)) == 11.0
