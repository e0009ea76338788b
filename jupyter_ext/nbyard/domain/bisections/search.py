"""The search of a bisection: which combination of changes to try next, from the verdicts so far.

The search keeps no state, so a restarted dispatcher continues where the last one stopped.
"""

from collections.abc import Mapping, Sequence
from math import ceil, log2
from typing import Literal

import msgspec

Verdict = Literal["good", "bad", "unclear"]
Ending = Literal["found", "narrowed", "good-not-repeated", "bad-not-repeated"]
# A combination: the places of the changes that are applied to the good run.
Combination = frozenset[int]


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
