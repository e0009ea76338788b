"""Propose the rules of a contract from the profiles of earlier good runs, each with a reason.

Rules on what never varied stop the branch. Rules on figures, whose bounds have a margin for their
variation between the runs, only warn.
"""

import math
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec

from nbyard.domain.contracts import structs as rules
from nbyard.domain.contracts.structs import Contract, Rule
from nbyard.domain.datasets.previews import ShownMetric
from nbyard.domain.datasets.table_descriptions import ColumnProfile, Profile
from nbyard.domain.presentation import shown
from nbyard.errors import Conflict
from nbyard.reasons.structs import Reason, because

LEAST_RUNS, MOST_RUNS = 3, 20
# A key is named so, or its values are close together, or it never repeats in so many runs.
KEY = re.compile(r"(?:^|[ _.-])(?:id|key|uuid|guid|code|no|nr|number)$|[a-z](?:Id|ID)$", re.I)
RUNS_OF_KEY, LEAST_ROWS = 8, 20
# In so many runs, a value belongs to the set.
VALUES_SEEN, MOST_VALUES = 2, 20
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
    """A rule and the reason why it is proposed. The form of a rule has the labels, too."""

    rule: Annotated[Rule, shown("Check", order=1, labels=rules.LABELS)]
    reason: Reason


class ContractProposal(msgspec.Struct, frozen=True):
    """Proposed rules for an output, and the numbers of the runs that they follow from."""

    runs: list[int]
    rules: list[ProposedRule]


def propose(results: Sequence[PastResult]) -> ContractProposal:
    """Propose rules that all results keep, the oldest result first.

    Raises:
        Conflict: There are fewer than three results.
    """
    if len(results) < LEAST_RUNS:
        raise Conflict(because("too-few-good-runs", count=len(results), needed=LEAST_RUNS))
    tables = [result for result in results if result.profile]
    proposed = _of_tables(tables) if len(tables) == len(results) else _of_metrics(results)
    return ContractProposal([result.run for result in results], [*proposed])


def new_rules(known: Contract, proposal: ContractProposal) -> Contract:
    """Return the proposed rules on subjects that a contract has no rule of that kind for."""
    subjects = {_subject(rule) for rule in known}
    proposed = (each.rule for each in proposal.rules)
    return tuple(rule for rule in proposed if _subject(rule) not in subjects)


def _subject(rule: Rule) -> tuple[type, str]:
    of_column = "" if isinstance(rule, rules.ColumnsRule) else ",".join(rule.columns_used())
    return type(rule), of_column or getattr(rule, "name", "")


def _of_metrics(results: Sequence[PastResult]) -> Iterator[ProposedRule]:
    values = [{m.name: m.value for m in result.metrics} for result in results]
    for name in values[0]:
        numbers = _floats([value.get(name) for value in values])
        if numbers:
            low, high = _range(numbers, numbers)
            rule = rules.MetricRule(name=name, min=low, max=high, level="warn")
            yield ProposedRule(rule, _range_reason(numbers, numbers))


def _of_tables(results: Sequence[PastResult]) -> Iterator[ProposedRule]:
    tables = [{c.name: c for c in r.profile.columns} for r in results if r.profile]
    same = because("proposed-same", count=len(tables))
    always = [name for name in tables[-1] if all(name in table for table in tables)]
    if always:
        closed = all(len(table) == len(always) for table in tables)
        yield ProposedRule(rules.ColumnsRule(columns=tuple(always), closed=closed), same)
    rows = [result.profile.rows for result in results if result.profile]
    least = min(rows) - max(ROWS_BELOW * min(rows), VARIATION * _spread(rows))
    most = max(rows) + max(ROWS_ABOVE * max(rows), VARIATION * _spread(rows))
    bounds = rules.RowsRule(min=max(1, math.floor(least)), max=math.ceil(most), level="warn")
    if min(rows):
        yield ProposedRule(bounds, _range_reason(rows, rows))
    for name in always:
        columns = [table[name] for table in tables]
        kinds = {column.type for column in columns}
        if len(kinds) == 1 and not kinds & {"null", "other"}:
            yield ProposedRule(rules.TypeRule(column=name, type=columns[0].type), same)
            yield from ColumnHistory(columns, [result.at for result in results]).proposals()


class ColumnHistory:
    """A column of one type in all results, which were made at these times."""

    def __init__(self, columns: Sequence[ColumnProfile], made_at: Sequence[datetime]):
        self._columns, self._made_at = columns, made_at
        self._name, self._type = columns[0].name, columns[0].type

    def proposals(self) -> Iterator[ProposedRule]:
        """Yield the rules that the column kept in all results."""
        yield from self._nulls()
        is_key = self._is_key()
        if is_key:
            yield self._proposed(rules.UniqueRule(columns=(self._name,)), "proposed-unique")
        if self._type in ("string", "bool"):
            yield from self._values()
        elif self._type in NUMBERS and not is_key:
            yield from self._bounds()
            yield from self._mean()
        elif self._type in ("date", "datetime"):
            yield from self._age()

    def _proposed(self, rule: Rule, code: str, **seen: Any) -> ProposedRule:
        return ProposedRule(rule, because(code, count=len(self._columns), **seen))

    def _nulls(self) -> Iterator[ProposedRule]:
        shares = [c.nulls / max(1, c.count + c.nulls) for c in self._columns]
        seen = {"share": round(100 * max(shares), 2)}
        bound = round(max(shares) + max(SHARE_MARGIN, VARIATION * _spread(shares)), 3)
        if not max(shares):
            yield self._proposed(rules.NullsRule(column=self._name), "proposed-share", **seen)
        elif bound < 1:
            rule = rules.NullsRule(column=self._name, most=bound, level="warn")
            yield self._proposed(rule, "proposed-share", **seen)

    def _is_key(self) -> bool:
        if any(c.nulls or c.distinct != c.count or c.count < LEAST_ROWS for c in self._columns):
            return False
        is_dense = self._type == "int" and all(c.max - c.min < 3 * c.count for c in self._columns)
        is_named = KEY.search(self._name) or len(self._columns) >= RUNS_OF_KEY
        return is_dense or (self._type in ("int", "string") and bool(is_named))

    def _values(self) -> Iterator[ProposedRule]:
        sets = [{top.value for top in column.top} for column in self._columns]
        is_complete = all(len(s) == c.distinct for s, c in zip(sets, self._columns, strict=True))
        known = set[Any]().union(*sets)
        # A value of one run only shows that more may come.
        is_stable = all(sum(value in each for each in sets) >= VALUES_SEEN for value in known)
        repeats = all(column.count >= 2 * (column.distinct or 0) for column in self._columns)
        if is_complete and is_stable and repeats and 0 < len(known) <= MOST_VALUES:
            rule = rules.ValuesRule(column=self._name, values=tuple(sorted(known, key=str)))
            yield self._proposed(rule, "proposed-values")

    def _bounds(self) -> Iterator[ProposedRule]:
        lows, highs = (
            _floats([c.min for c in self._columns]),
            _floats([c.max for c in self._columns]),
        )
        if lows and highs:
            low, high = _range(lows, highs)
            if self._type == "int":
                low, high = math.floor(low), math.ceil(high)
            rule = rules.RangeRule(column=self._name, min=low, max=high, level="warn")
            yield ProposedRule(rule, _range_reason(lows, highs))

    def _mean(self) -> Iterator[ProposedRule]:
        means = _floats([c.mean for c in self._columns])
        steps = zip(means, means[1:], (c.std or 0.0 for c in self._columns), strict=False)
        changes = [abs(new - old) / (max(abs(old), std) or 1.0) for old, new, std in steps]
        within = round(max(LEAST_CHANGE, VARIATION * max(changes, default=1.0)), 2)
        if within <= MOST_CHANGE:
            rule = rules.CloseRule(figure="mean", name=self._name, within=within, level="warn")
            yield self._proposed(rule, "proposed-change", share=round(100 * max(changes), 1))

    def _age(self) -> Iterator[ProposedRule]:
        newest = [_moment(column.max) for column in self._columns]
        pairs = zip(self._made_at, newest, strict=True)
        ages = [(made - moment).total_seconds() / 3600 for made, moment in pairs if moment]
        # Old tables, whose newest value does not move with their runs, are never fresh.
        moves = len(ages) == len(newest) and newest[0] != newest[-1]
        oldest = max(0.0, *ages, 0.0)
        if moves and oldest <= OLDEST_HOURS:
            hours = math.ceil(oldest + max(HOURS_MARGIN, VARIATION * _spread(ages)))
            rule = rules.FreshRule(column=self._name, hours=hours, level="warn")
            yield self._proposed(rule, "proposed-age", hours=round(oldest))


def _spread(numbers: Sequence[float]) -> float:
    return max(numbers) - min(numbers)


def _range(lows: Sequence[float], highs: Sequence[float]) -> tuple[float, float]:
    """Return the range that was seen, wider by its margins. Numbers keep their sign."""
    low, high = min(lows), max(highs)
    wide = RANGE_BEYOND * ((high - low) or abs(low))
    below = low - max(wide, VARIATION * _spread(lows))
    above = high + max(wide, VARIATION * _spread(highs))
    below = max(below, 0.0) if low >= 0 else below
    above = min(above, 0.0) if high <= 0 else above
    # Two digits of the margin are enough.
    digits = 1 - math.floor(math.log10(wide)) if wide else 0
    return round(below, digits), round(above, digits)


def _range_reason(lows: Sequence[float], highs: Sequence[float]) -> Reason:
    low, high = f"{min(lows):g}", f"{max(highs):g}"
    return because("proposed-range", low=low, high=high, count=len(lows))


def _floats(values: Sequence[Any]) -> list[float]:
    """Return the values as finite numbers; empty if one is missing."""
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
