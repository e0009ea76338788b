"""Bisections: their probes, the search for the cause, and how they judge a run."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from math import ceil, isnan, log2
from typing import Literal, TypeGuard

import msgspec

from nbyard.domain.bisections.mixed_plans import BisectionChange
from nbyard.domain.paging import check_range
from nbyard.domain.state_machines import BisectionState
from nbyard.errors import Invalid
from nbyard.reasons.structs import Reason

Verdict = Literal["good", "bad", "unclear"]
Ending = Literal["found", "narrowed", "good-not-repeated", "bad-not-repeated"]
# A combination: the places of the changes that are applied to the good run.
Combination = frozenset[int]
# The values of metrics by node and name; NaN and infinite numbers are texts.
Metrics = Mapping[str, Mapping[str, float | str]]
USUAL_LIMIT = 20
MAX_LIMIT = 200


class Try(msgspec.Struct, frozen=True):
    """A combination whose verdict is needed next."""

    changes: Combination


class Conclusion(msgspec.Struct, frozen=True):
    """The result of a search. `culprits` are the changes that make a good run bad.

    If the search only `narrowed` them, some of the culprits may be unnecessary.
    """

    ending: Ending
    culprits: Combination = frozenset()


def expected_tries(count: int) -> int:
    """Return how many runs find one culprit among `count` changes."""
    # Two runs repeat the good and the bad run, and one tests the culprit alone. The other runs
    # halve the changes.
    return 2 if count <= 1 else 3 + ceil(log2(count))


def next_step(count: int, verdicts: Mapping[Combination, Verdict], limit: int) -> Try | Conclusion:
    """Return the next combination to try, or the conclusion.

    `count` is the number of changes, `limit` that of combinations to try at most. First both runs
    are repeated. Then binary search finds the shortest bad prefix of the changes. Its last change
    is a culprit. If that one alone is not bad, the search continues with the changes before it, and
    the culprit stays applied.
    """
    nothing, everything = frozenset[int](), frozenset(range(count))
    for whole, wanted in ((nothing, "good"), (everything, "bad")):
        if whole not in verdicts:
            return Try(whole)
        if verdicts[whole] != wanted:
            return Conclusion("good-not-repeated" if wanted == "good" else "bad-not-repeated")
    culprits, before, is_exact = nothing, [*range(count)], True
    while True:
        low, high, attempt = _bisect(culprits, before, verdicts)
        bad, group = culprits.union(before[:high]), before[low:high]
        if attempt is None:
            culprits, before = culprits.union(group), before[:low]
            # A group of several changes remains if every combination between was unclear. This
            # happens if its changes only work together.
            is_exact = is_exact and len(group) == 1
            attempt = culprits if before and culprits not in verdicts else None
        if attempt is not None:
            return Try(attempt) if len(verdicts) < limit else Conclusion("narrowed", bad)
        # Without changes before them, the culprits are all of a combination that was bad.
        if not before or verdicts[culprits] == "bad":
            return Conclusion("found" if is_exact else "narrowed", culprits)


def _bisect(
    applied: Combination, changes: Sequence[int], verdicts: Mapping[Combination, Verdict]
) -> tuple[int, int, Combination | None]:
    """Return the lengths of a good and a longer bad prefix, and what to try between.

    The combination is None if the prefixes differ by one change, or if all between are unclear.
    """
    low, high = 0, len(changes)
    while True:
        middle = (low + high) // 2
        # The middle first; if its verdict is unclear, the nearest one that is not.
        between = sorted(range(low + 1, high), key=lambda place: abs(place - middle))
        for place in between:
            combination = applied.union(changes[:place])
            verdict = verdicts.get(combination)
            if verdict is None:
                return low, high, combination
            if verdict == "good":
                low = place
                break
            if verdict == "bad":
                high = place
                break
        else:
            return low, high, None


def _is_number(value: float | str | None) -> TypeGuard[float]:
    return isinstance(value, float | int) and not isnan(value)


class NewBisection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A search for the change that made a run bad.

    `good` and `bad` are runs of one workflow, by ID, name or number. Without a `metric` (as
    `NODE.NAME`), a run is good if it succeeds. With one, a run is good on the good run's side of
    the `threshold`, by default the middle between both values. At most `limit` runs are started.
    """

    good: str
    bad: str
    metric: str = ""
    threshold: float | None = None
    limit: int = USUAL_LIMIT


class BisectionJudge(msgspec.Struct, frozen=True):
    """Decides whether a run is good or bad, by its state or by a metric of a node.

    With `is_higher_good`, values of the threshold or above are good, else those below it.
    """

    node: str = ""
    metric: str = ""
    threshold: float = 0.0
    is_higher_good: bool = True

    def verdict(self, state: str, value: float | str | None) -> Verdict:
        """Return the verdict on a finished run.

        `state` is that of the run, `value` is its value of the metric.
        """
        if not self.metric:
            # A cancelled run proves nothing about the changes.
            return "good" if state == "succeeded" else "bad" if state == "failed" else "unclear"
        if not _is_number(value):
            return "unclear"
        return "good" if (value >= self.threshold) == self.is_higher_good else "bad"


def hint_of_metrics(good: Metrics, bad: Metrics) -> str:
    """Return a hint with the metrics that differ between two runs.

    Metrics that are not numbers in both runs are left out.
    """
    names = [
        f"{node}.{name}"
        for node, values in good.items()
        for name, value in values.items()
        if _is_number(value) and _is_number(other := bad.get(node, {}).get(name)) and value != other
    ]
    return (
        f"These metrics differ between both runs: {', '.join(names)}."
        if names
        else (
            "Without a metric, one run must have succeeded and the other one failed. No metric"
            " differs between both runs; nbyard.log_metric(NAME, NUMBER) records one."
        )
    )


def judge_of(
    metric: str,
    node: str,
    threshold: float | None,
    good: float | str | None,
    bad: float | str | None,
    hint: str | None = None,
) -> BisectionJudge:
    """Return the judge for a bisection by the `metric` of `node`, or by the state.

    `good` and `bad` are the values of the metric in both runs. Errors about the metric carry
    `hint`.

    Raises:
        Invalid: the metric or the threshold does not separate the runs.
    """
    if not metric:
        if threshold is not None:
            raise Invalid.field("threshold", "a threshold needs a metric")
        return BisectionJudge()
    name = metric.removeprefix(f"{node}.")
    if not _is_number(good) or not _is_number(bad):
        raise Invalid.field(
            "metric", f"both runs need a number for the metric {metric[:160]}", hint=hint
        )
    high, low = max(good, bad), min(good, bad)
    if high == low:
        raise Invalid.field("metric", f"the metric {metric[:160]} is equal in both runs", hint=hint)
    at = (high + low) / 2 if threshold is None else threshold
    judge = BisectionJudge(node, name, at, good == high)
    if (judge.verdict("", good), judge.verdict("", bad)) != ("good", "bad"):
        raise Invalid.field(
            "threshold", f"must be between the values of both runs, {low:.12g} and {high:.12g}"
        )
    return judge


class BisectionProbe(msgspec.Struct, frozen=True):
    """A run of a bisection with some changes applied, named by their index.

    `run_id` is empty if the changes do not fit together. `verdict` is null until the run has
    finished.
    """

    changes: list[int]
    run_id: str = ""
    verdict: Verdict | None = None
    value: float | str | None = None


class BisectionPreview(msgspec.Struct, frozen=True):
    """The changes between both runs, and the cost of a bisection.

    The last changes have a `reason` if no run can try them. `expected` is the number of runs that
    find a single cause. Several causes need more runs, at most `limit`.
    """

    changes: list[BisectionChange]
    judge: BisectionJudge
    expected: int
    limit: int


class Bisection(msgspec.Struct, frozen=True):
    """A search for the change between a good and a bad run that makes the result bad.

    `ending` is null until the search is finished. `culprits` are the indexes of the changes that
    cause the bad result. If `ending` is "narrowed", some of the culprits may be unnecessary.
    `reason` says why the bisection failed.
    """

    id: str
    owner: str
    title: str
    good_run: str
    bad_run: str
    good_number: int
    bad_number: int
    state: BisectionState
    judge: BisectionJudge
    limit: int
    expected: int
    changes: list[BisectionChange]
    created_at: datetime
    finished_at: datetime | None = None
    probes: list[BisectionProbe] = []
    ending: Ending | None = None
    culprits: list[int] = []
    reason: Reason | None = None


def check_limit_of_probes(limit: int) -> None:
    """Refuse a limit of runs that is out of range.

    Raises:
        Invalid: the limit is not between 2 and 200.
    """
    check_range("limit", limit, 2, MAX_LIMIT)
