"""The reasons that need no history: what the plan says, and what the found result lacks."""

from datetime import UTC, datetime, timedelta
from functools import partial

import msgspec
import pytest
from tests.support.fake_runtime_bench import Bench

from nbyard.dispatch.cache.keys import Identities, key_parts
from nbyard.dispatch.cache.result_lookup import Query, ResultLookup
from nbyard.reasons.structs import because
from nbyard.store.runs.artifacts_and_cache import Hit
from nbyard.store.runs.past_results import Last

OUTSIDE = because("file-changed", name="/data/a.csv")


def query_of(bench: Bench, identities: Identities, **plan: object) -> Query:
    case = bench.snapshot(bench.start())
    changed = msgspec.structs.replace(case.task.plan, **plan)
    code, environment = identities.look_up(changed)
    parts = key_parts(changed, code, case.inputs, environment)
    return Query(case.task.owner, changed, code, parts, parts.key(), environment)


@pytest.mark.parametrize(
    ("plan", "code"),
    [
        ({"reuse": "a task"}, "result-gone"),
        ({"force": True}, "forced"),
        ({"cache": "off"}, "cache-off"),
    ],
)
def test_plans_that_use_no_earlier_result(bench, plan, code):
    identities = Identities(bench.context)
    query = query_of(bench, identities, **plan)
    with bench.context.store.read() as c:
        why = ResultLookup(bench.context.store, identities).why(c, query, pytest.fail)
    assert why.code == code


def test_a_result_without_its_bytes_is_not_used(bench):
    """Its age, else what changed outside, else the change since the last success."""
    identities = Identities(bench.context)
    lookup = ResultLookup(bench.context.store, identities)
    query = query_of(bench, identities, cache="1 h")
    now = datetime.now(UTC)
    hit = Hit("a task", 7, now - timedelta(minutes=59), "")
    assert not query.is_expired(hit, now) and query.is_expired(hit, now + timedelta(minutes=2))
    query.outside = [OUTSIDE]
    with bench.context.store.read() as c:
        assert lookup.why(c, query, pytest.fail) == because("result-expired", run=7, age="1 h")
        query.too_old = None
        assert lookup.why(c, query, pytest.fail).code == "changed"
        query.outside = ()
        assert lookup.why(c, query, lambda: None).code == "no-earlier-result"


def test_changed_requirements_are_named(bench):
    """Without an environment, whose version says more."""
    identities = Identities(bench.context)
    lookup = ResultLookup(bench.context.store, identities)
    query = query_of(bench, identities, cache="1 h", requirements_digest="sha256:new")
    parts = msgspec.structs.replace(query.parts, environment="before")
    for old, code in (("sha256:old", "requirements-changed"), ("", "environment-changed")):
        find_last = partial(Last, parts, None, None, old)
        with bench.context.store.read() as c:
            why = lookup.why(c, query, find_last)
        assert [change["code"] for change in why.params["changes"]] == [code]
