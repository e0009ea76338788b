"""Methods that suggest the elements of a search: random and Halton samples, and Optuna.

Each is an entry point of the group `nbyard.searches`; other packages can add more.
"""

import math
import random
from collections.abc import Collection, Mapping, Sequence
from itertools import count as numbers_from
from typing import Any, Literal, Protocol, runtime_checkable

import msgspec

from nbyard.domain.maps.structs import Range, Search

GROUP = "nbyard.searches"
Values = dict[str, Any]
TrialState = Literal["running", "succeeded", "failed", "pruned"]


class Trial(msgspec.Struct, frozen=True):
    """An element of a search. Its metric is `goal` after success, and `steps` while it runs."""

    values: Values
    state: TrialState
    goal: float | None = None
    steps: dict[int, float] = {}


class SearchMethod(Protocol):
    """Suggests elements from the trials so far only, so that another process can go on.

    An optimiser `learns` from the metric of trials. `requires` are the packages that it imports.
    """

    learns: bool
    requires: tuple[str, ...]

    def suggest(self, search: Search, trials: Sequence[Trial], count: int) -> list[Values]:
        """Return the values of the next `count` elements.

        Equal trials lead to equal values. Bounds of integers are integers.
        """


@runtime_checkable
class Pruner(Protocol):
    """An optimiser that also stops running trials, by the values that they have logged."""

    def hopeless(self, search: Search, trials: Sequence[Trial]) -> Collection[int]:
        """Return the places of the running trials to stop."""


def value_at(own: Range | list[Any], share: float) -> Any:
    """Return the value at a share from 0 to below 1."""
    if isinstance(own, list):
        return own[int(share * len(own))]
    is_whole = isinstance(own.low, int)
    low, high = own.low, own.high + is_whole  # each integer has an equal part
    if own.log:
        low, high = math.log(low), math.log(high)
    value = low * (1 - share) + high * share
    return _within(own, math.exp(value) if own.log else value)


def _within(own: Range, value: float) -> int | float:
    """Return a number of a range that is short enough for labels."""
    number = math.floor(value) if isinstance(own.low, int) else float(f"{value:.9g}")
    return min(max(number, own.low), own.high)


class RandomSample:
    """Draws independent values. More elements leave those before them unchanged."""

    learns = False
    requires: tuple[str, ...] = ()

    def suggest(self, search: Search, trials: Sequence[Trial], count: int) -> list[Values]:
        """Return random elements, by the seed and the place of each."""

        def draw(place: int) -> Values:
            share = random.Random(f"{search.seed} {place}").random
            return {name: value_at(own, share()) for name, own in search.space.items()}

        return [draw(len(trials) + place) for place in range(count)]


class HaltonSample:
    """Fills the space more evenly than random values, with up to about ten parameters.

    Halton (1960), On the efficiency of certain quasi-random sequences of points, Numerische
    Mathematik 2. The seed shifts all points: Cranley and Patterson (1976), Randomization of
    number theoretic methods for multiple integration, SIAM Journal on Numerical Analysis 13.
    """

    learns = False
    requires: tuple[str, ...] = ()

    def suggest(self, search: Search, trials: Sequence[Trial], count: int) -> list[Values]:
        """Return elements at the next points of the shifted sequence."""
        draw = random.Random(search.seed).random
        primes = (n for n in numbers_from(2) if all(n % d for d in range(2, math.isqrt(n) + 1)))
        axes = [(*each, next(primes), draw()) for each in search.space.items()]
        return [
            {
                name: value_at(own, (_radical_inverse(place, base) + shift) % 1)
                for name, own, base, shift in axes
            }
            for place in range(len(trials) + 1, len(trials) + 1 + count)
        ]


def _radical_inverse(number: int, base: int) -> float:
    """Return the mirrored digits: 0b110 becomes 0b0.011."""
    share, digits = 0.0, 1.0
    while number:
        number, digit = divmod(number, base)
        digits /= base
        share += digit * digits
    return share


class OptunaSearch:
    """Optuna's estimator of good and bad regions (TPE), and its pruner by the median.

    It gets all trials anew, so that a study of its own is stored nowhere.
    """

    learns = True
    requires: tuple[str, ...] = ("optuna",)

    def suggest(self, search: Search, trials: Sequence[Trial], count: int) -> list[Values]:
        """Return what a study with these trials asks for."""
        study, axes = _study(search, trials)
        asked = [study.ask(axes).params for _ in range(count)]
        return [
            {
                name: own[of[name]] if isinstance(own, list) else _within(own, of[name])
                for name, own in search.space.items()
            }
            for of in asked
        ]

    def hopeless(self, search: Search, trials: Sequence[Trial]) -> Collection[int]:
        """Return running trials below the median of the others."""
        study, _ = _study(search, trials)
        running = (place for place, trial in enumerate(trials) if trial.state == "running")
        return [each for each in running if study.pruner.prune(study, study.trials[each])]


def _study(search: Search, trials: Sequence[Trial]) -> tuple[Any, Mapping[str, Any]]:
    """Return a study of the trials, and its distributions."""
    import optuna  # it takes a second

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    kinds, state = optuna.distributions, optuna.trial.TrialState
    axes: dict[str, Any] = {}
    for name, own in search.space.items():
        if isinstance(own, list):
            axes[name] = kinds.CategoricalDistribution(range(len(own)))  # any JSON: by place
        else:
            is_whole = isinstance(own.low, int)
            of: Any = kinds.IntDistribution if is_whole else kinds.FloatDistribution
            axes[name] = of(own.low, own.high, log=own.log)
    # Other draws at each question, although the study forgets those before.
    sampler = optuna.samplers.TPESampler(seed=search.seed + len(trials), constant_liar=True)
    study = optuna.create_study(
        sampler=sampler, pruner=optuna.pruners.MedianPruner(), direction=search.direction
    )
    states = {"running": state.RUNNING, "pruned": state.PRUNED, "failed": state.FAIL}
    for trial in trials:
        params = {
            name: own.index(trial.values[name]) if isinstance(own, list) else trial.values[name]
            for name, own in search.space.items()
        }
        known = state.FAIL if trial.goal is None else state.COMPLETE
        study.add_trial(
            optuna.trial.create_trial(
                state=states.get(trial.state, known),
                value=trial.goal if trial.state == "succeeded" else None,
                params=params,
                distributions=axes,
                intermediate_values=trial.steps,
            )
        )
    return study, axes
