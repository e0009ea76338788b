"""Rules proposed from profiles, which good runs keep."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from nbyard.domain.contracts.proposals import PastResult, new_rules, propose
from nbyard.domain.contracts.structs import Contract, Rule
from nbyard.domain.datasets.previews import ShownMetric
from nbyard.domain.datasets.table_descriptions import ColumnProfile, Profile, TopValue
from nbyard.errors import Conflict

START = datetime(2030, 1, 1, tzinfo=UTC)


def past(run: int, *columns: ColumnProfile, rows: int = 100) -> PastResult:
    return PastResult(run, START + timedelta(days=run), Profile(rows, False, [*columns]))


def numbers(
    low: float, high: float, mean: float, *, name: str = "n", nulls: int = 0
) -> ColumnProfile:
    return ColumnProfile(name, "float", 100 - nulls, nulls, 90, low, high, mean, 2.0)


def words(*values: str, name: str = "w", distinct: int | None = None) -> ColumnProfile:
    top = [TopValue(value, 30) for value in values]
    return ColumnProfile(
        name, "string", 100, 0, distinct or len(values), values[0], values[-1], top=top
    )


def rules(*results: PastResult) -> dict[str, Any]:
    proposal = propose(results)
    assert proposal.runs == [result.run for result in results]
    assert all(each.reason.params["count"] == len(results) for each in proposal.rules)
    return {
        each["rule"]: each for each in msgspec.to_builtins([each.rule for each in proposal.rules])
    }


def test_three_results_are_needed() -> None:
    with pytest.raises(Conflict) as refused:
        propose([past(1), past(2)])
    assert refused.value.reason.params == {"count": 2, "needed": 3}


def test_what_never_varied_stops_and_figures_warn() -> None:
    proposed = rules(*(past(run, numbers(0.5, 9 + run, 5, nulls=run)) for run in range(3)))
    assert {rule: each.get("level", "stop") for rule, each in proposed.items()} == {
        **{"columns": "stop", "type": "stop"},
        **{"rows": "warn", "nulls": "warn", "range": "warn", "close": "warn"},
    }
    assert proposed["columns"]["closed"]
    # Numbers keep their sign, and bounds have a margin for their variation.
    assert proposed["range"]["min"] == 0 and proposed["range"]["max"] > 15
    assert 0.05 < proposed["nulls"]["most"] < 0.1


@pytest.mark.parametrize(
    ("low", "high"), [(2007, 2009), (-1e9, 1e9), (1e-6, 2e-6), (100, 100), (0, 0), (-7, -3)]
)
def test_bounds_include_what_was_seen(low: float, high: float) -> None:
    bounds = rules(*(past(run, numbers(low, high, low)) for run in range(3)))["range"]
    assert bounds["min"] <= low and high <= bounds["max"]
    assert bounds["max"] - bounds["min"] <= 2.2 * ((high - low) or abs(low))
    assert bounds["min"] >= 0 or low < 0
    assert bounds["max"] <= 0 or high > 0


def test_a_set_of_values_is_stable() -> None:
    stable = [past(run, words("a", "b")) for run in range(3)]
    assert rules(*stable)["values"]["values"] == ("a", "b")
    assert "values" not in rules(*stable[:2], past(2, words("a", "b", "c")))
    assert "values" not in rules(*(past(run, words("a", "b", distinct=50)) for run in range(3)))


@pytest.mark.parametrize(
    ("name", "low", "high", "is_key"),
    [("order_id", 1, 99_999, True), ("n", 1, 120, True), ("amount", 1, 99_999, False)],
)
def test_keys_are_named_so_or_dense(name: str, low: int, high: int, is_key: bool) -> None:
    column = ColumnProfile(name, "int", 100, 0, 100, low, high, 50.0, 9.0)
    proposed = rules(*(past(run, column) for run in range(3)))
    assert ("unique" in proposed, "range" in proposed) == (is_key, not is_key)


@pytest.mark.parametrize(
    ("moves", "old", "is_fresh"), [(1, 0, True), (0, 0, False), (1, 400, False)]
)
def test_freshness_of_tables_that_move_with_their_runs(
    moves: int, old: int, is_fresh: bool
) -> None:
    days = [START + timedelta(days=moves * run - old) for run in range(3)]
    columns = [ColumnProfile("day", "date", 100, 0, 9, "2029-01-01", f"{d:%F}") for d in days]
    proposed = rules(*(past(run, column) for run, column in enumerate(columns)))
    assert ("fresh" in proposed) == is_fresh


def test_figures_that_vary_much_have_no_rule() -> None:
    means = (1.0, 50.0, 3.0)
    assert "close" not in rules(*(past(n, numbers(0, 99, mean)) for n, mean in enumerate(means)))


def test_numbers_of_a_json_object() -> None:
    results = [PastResult(n, START, None, [ShownMetric("f1", 0.9 + n / 100)]) for n in range(3)]
    metric = rules(*results)["metric"]
    assert metric["min"] < 0.9 and metric["max"] > 0.92


def test_accepting_keeps_the_rules_on_the_same_subject() -> None:
    proposal = propose([past(run, numbers(0, 9, 5)) for run in range(3)])
    known = msgspec.convert(
        [{"rule": "range", "column": "n", "max": 5}, {"rule": "columns", "columns": ["x"]}],
        Contract,
    )
    new = new_rules(known, proposal)
    assert {kind(rule) for rule in new} == {"type", "rows", "nulls", "close"}
    assert new_rules((*known, *new), proposal) == ()


def kind(rule: Rule) -> str:
    return str(msgspec.to_builtins(rule)["rule"])
