"""Propose the rules of a contract from the profiles of earlier good runs, each with a reason.

Rules on what never varied stop the branch. Rules on figures, whose bounds have a margin for their
variation between the runs, only warn.
"""

import math
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from nbyard.domain.contracts.structs import (
    CloseRule,
    ColumnsRule,
    Contract,
    FreshRule,
    MetricRule,
    NullsRule,
    RangeRule,
    RowsRule,
    Rule,
    TypeRule,
    UniqueRule,
    ValuesRule,
)
from nbyard.domain.datasets.previews import ShownMetric
from nbyard.domain.datasets.table_descriptions import ColumnProfile, Profile
from nbyard.errors import Conflict
from nbyard.reasons.structs import Reason, because

LEAST_RUNS = 3
MOST_RUNS = 20
# A key is named so, or its values are close together, or it never repeats in so many runs.
KEY = re.compile(r"(?:^|[ _.-])(?:id|key|uuid|guid|code|no|nr|number)$|[a-z](?:Id|ID)$", re.I)
RUNS_OF_KEY = 8
LEAST_ROWS = 20
MOST_VALUES = 20
VALUES_SEEN = 2  # in so many runs, a value belongs to the set
# Margins beyond what was seen, as shares of it, and as multiples of its variation between runs.
ROWS_BELOW, ROWS_ABOVE, RANGE_BEYOND, VARIATION = 0.25, 0.5, 0.5, 3.0
LEAST_CHANGE, MOST_CHANGE = 0.25, 0.8
SHARE_MARGIN = 0.05
OLDEST_HOURS, HOURS_MARGIN = 30 * 24.0, 48.0
NUMBERS = ("int", "float", "decimal")


class PastResult(msgspec.Struct, frozen=True):
    """An output of a good run: the profile of its table, or the numbers of a JSON object."""

    run: int
    at: datetime
    profile: Profile | None = None
    metrics: Sequence[ShownMetric] = ()


class ProposedRule(msgspec.Struct, frozen=True):
    """A rule and the reason why it is proposed."""

    rule: Rule
    reason: Reason


class ContractProposal(msgspec.Struct, frozen=True):
    """Proposed rules for an output, and the numbers of the runs that they follow from."""

    runs: list[int]
    rules: list[ProposedRule]

    @property
    def contract(self) -> Contract:
        """Return the rules without their reasons."""
        return tuple(proposed.rule for proposed in self.rules)


def propose(results: Sequence[PastResult]) -> ContractProposal:
    """Propose rules that all results keep, the oldest result first.

    Raises:
        Conflict: There are fewer than three results.
    """
    if len(results) < LEAST_RUNS:
        raise Conflict(because("too-few-good-runs", count=len(results), needed=LEAST_RUNS))
    tables = [result for result in results if result.profile]
    rules = [*_of_tables(tables)] if len(tables) == len(results) else [*_of_metrics(results)]
    return ContractProposal([result.run for result in results], rules)


def new_rules(known: Contract, proposal: ContractProposal) -> Contract:
    """Return the proposed rules on subjects that a contract has no rule of that kind for."""
    subjects = {_subject(rule) for rule in known}
    return tuple(rule for rule in proposal.contract if _subject(rule) not in subjects)


def _subject(rule: Rule) -> tuple[type, str]:
    of_column = "" if isinstance(rule, ColumnsRule) else ",".join(rule.columns_used())
    return type(rule), of_column or getattr(rule, "name", "")


def _of_metrics(results: Sequence[PastResult]) -> Iterator[ProposedRule]:
    values = [{m.name: m.value for m in result.metrics} for result in results]
    for name in values[0]:
        known = [v[name] for v in values if name in v]
        numbers = [float(v) for v in known if isinstance(v, int | float)]
        if len(numbers) == len(results):
            low, high = _range(numbers, numbers, RANGE_BEYOND)
            rule = MetricRule(name=name, min=low, max=high, level="warn")
            yield ProposedRule(rule, _range_reason(numbers, numbers, len(results)))


def _of_tables(results: Sequence[PastResult]) -> Iterator[ProposedRule]:
    profiles = [result.profile for result in results if result.profile]
    count = len(profiles)
    names = [[column.name for column in profile.columns] for profile in profiles]
    always = [name for name in names[-1] if all(name in each for each in names)]
    same = because("proposed-same", count=count)
    if always:
        closed = all(set(each) == set(always) for each in names)
        yield ProposedRule(ColumnsRule(columns=tuple(always), closed=closed), same)
    rows = [profile.rows for profile in profiles]
    least = min(rows) - max(ROWS_BELOW * min(rows), VARIATION * _spread(rows))
    most = max(rows) + max(ROWS_ABOVE * max(rows), VARIATION * _spread(rows))
    bounds = RowsRule(min=max(1, math.floor(least)), max=math.ceil(most), level="warn")
    if min(rows):
        yield ProposedRule(bounds, _range_reason(rows, rows, count))
    for name in always:
        columns = [next(c for c in profile.columns if c.name == name) for profile in profiles]
        kinds = {column.type for column in columns}
        if len(kinds) == 1 and not kinds & {"null", "other"}:
            yield ProposedRule(TypeRule(column=name, type=columns[0].type), same)
            for propose_rule in OF_COLUMNS:
                if proposed := propose_rule(columns, results):
                    yield proposed


Columns = Sequence[ColumnProfile]
Results = Sequence[PastResult]


def _nulls(columns: Columns, results: Results) -> ProposedRule | None:
    rows = [column.count + column.nulls for column in columns]
    shares = [
        column.nulls / all_rows for column, all_rows in zip(columns, rows, strict=True) if all_rows
    ]
    most = max(shares, default=0.0)
    reason = because("proposed-share", share=round(100 * most, 2), count=len(results))
    if not most:
        return ProposedRule(NullsRule(column=columns[0].name), reason)
    bound = round(min(1.0, most + max(SHARE_MARGIN, VARIATION * _spread(shares))), 3)
    rule = NullsRule(column=columns[0].name, most=bound, level="warn")
    return ProposedRule(rule, reason) if bound < 1 else None


def _unique(columns: Columns, results: Results) -> ProposedRule | None:
    if columns[0].type not in ("int", "string"):
        return None
    repeats = any(c.nulls or c.distinct != c.count or c.count < LEAST_ROWS for c in columns)
    is_key = KEY.search(columns[0].name) or len(columns) >= RUNS_OF_KEY
    if repeats or not (is_key or _is_dense(columns)):
        return None
    rule = UniqueRule(columns=(columns[0].name,))
    return ProposedRule(rule, because("proposed-unique", count=len(results)))


def _is_dense(columns: Columns) -> bool:
    return columns[0].type == "int" and all(
        isinstance(c.min, int) and isinstance(c.max, int) and c.max - c.min < 3 * c.count
        for c in columns
    )


def _values(columns: Columns, results: Results) -> ProposedRule | None:
    sets = [{top.value for top in column.top} for column in columns]
    complete = all(len(s) == c.distinct for s, c in zip(sets, columns, strict=True))
    known = set[Any]().union(*sets)
    if columns[0].type not in ("string", "bool") or not complete or not known:
        return None
    # A value of one run only shows that more may come.
    is_stable = all(sum(value in each for each in sets) >= VALUES_SEEN for value in known)
    repeats = all(column.count >= 2 * (column.distinct or 0) for column in columns)
    if not (is_stable and repeats and len(known) <= MOST_VALUES):
        return None
    rule = ValuesRule(column=columns[0].name, values=tuple(sorted(known, key=str)))
    return ProposedRule(rule, because("proposed-values", count=len(results)))


def _bounds(columns: Columns, results: Results) -> ProposedRule | None:
    lows, highs = _floats([c.min for c in columns]), _floats([c.max for c in columns])
    if columns[0].type not in NUMBERS or not (lows and highs) or _unique(columns, results):
        return None
    low, high = _range(lows, highs, RANGE_BEYOND)
    if columns[0].type == "int":
        low, high = math.floor(low), math.ceil(high)
    rule = RangeRule(column=columns[0].name, min=low, max=high, level="warn")
    return ProposedRule(rule, _range_reason(lows, highs, len(results)))


def _mean(columns: Columns, results: Results) -> ProposedRule | None:
    means, deviations = _floats([c.mean for c in columns]), [c.std or 0.0 for c in columns]
    if columns[0].type not in NUMBERS or not means or _unique(columns, results):
        return None
    scales = [max(abs(m), d) for m, d in zip(means, deviations, strict=True)]
    steps = zip(means, means[1:], scales, strict=False)
    changes = [abs(new - old) / scale for old, new, scale in steps if scale]
    within = round(max(LEAST_CHANGE, VARIATION * max(changes, default=0.0)), 2)
    if within > MOST_CHANGE:
        return None
    rule = CloseRule(figure="mean", name=columns[0].name, within=within, level="warn")
    share = round(100 * max(changes, default=0.0), 1)
    return ProposedRule(rule, because("proposed-change", share=share, count=len(results)))


def _age(columns: Columns, results: Results) -> ProposedRule | None:
    if columns[0].type not in ("date", "datetime"):
        return None
    newest = [_moment(column.max) for column in columns]
    known = [
        (r.at - at).total_seconds() / 3600 for r, at in zip(results, newest, strict=True) if at
    ]
    # Old tables, whose newest value does not move with their runs, are never fresh.
    if len(known) < len(results) or newest[0] == newest[-1] or max(known) > OLDEST_HOURS:
        return None
    oldest = max(0.0, *known)
    hours = math.ceil(oldest + max(HOURS_MARGIN, VARIATION * _spread(known)))
    rule = FreshRule(column=columns[0].name, hours=hours, level="warn")
    return ProposedRule(rule, because("proposed-age", hours=round(oldest), count=len(results)))


OF_COLUMNS: Sequence[Callable[[Columns, Results], ProposedRule | None]] = (
    *(_nulls, _unique, _values, _bounds, _mean, _age),
)


def _spread(numbers: Sequence[float]) -> float:
    return max(numbers, default=0.0) - min(numbers, default=0.0)


def _range(lows: Sequence[float], highs: Sequence[float], beyond: float) -> tuple[float, float]:
    """Return the range that was seen, wider by its margins. Numbers keep their sign."""
    low, high = min(lows), max(highs)
    wide = max(beyond * (high - low), beyond * max(abs(low), abs(high)) * (low == high))
    below = low - max(wide, VARIATION * _spread(lows))
    above = high + max(wide, VARIATION * _spread(highs))
    below = max(below, 0.0) if low >= 0 else below
    above = min(above, 0.0) if high <= 0 else above
    return _rounded(below, math.floor), _rounded(above, math.ceil)


def _rounded(number: float, towards: Callable[[float], int]) -> float:
    """Return a number with about three digits, rounded outwards."""
    if not number or not math.isfinite(number):
        return number
    unit = 10.0 ** (math.floor(math.log10(abs(number))) - 2)
    return float(f"{towards(number / unit) * unit:.12g}")


def _range_reason(lows: Sequence[float], highs: Sequence[float], count: int) -> Reason:
    return because("proposed-range", low=f"{min(lows):g}", high=f"{max(highs):g}", count=count)


def _floats(values: Sequence[Any]) -> list[float]:
    """Return the values as numbers, empty if any is none."""
    try:
        numbers = [float(value) for value in values]
    except (TypeError, ValueError):
        return []
    return numbers if all(map(math.isfinite, numbers)) else []


def _moment(value: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
