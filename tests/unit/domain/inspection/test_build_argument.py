"""From a name, a default and a description to an argument."""

import msgspec

from nbyard.domain.arguments.structs import Argument
from nbyard.domain.inspection.annotations import UNKNOWN, Declared
from nbyard.domain.inspection.build_argument import argument_of, fit_default
from nbyard.domain.inspection.heuristics import Comment

UNSET = msgspec.UNSET


def test_a_default_sets_the_type() -> None:
    assert argument_of("n", 3, UNKNOWN, Comment(), False) == Argument("n", type="int", default=3)
    assert argument_of("x", UNSET, UNKNOWN, Comment(), True).type == "json"


def test_a_comment_wins_over_a_guess() -> None:
    told = Declared("string", is_path=True)
    assert argument_of("out", UNSET, told, Comment(), True).role == "output"
    assert argument_of("out", UNSET, told, Comment(role="input"), True).role == "input"


def test_an_unfit_default_is_reported() -> None:
    found, problem = fit_default(Argument("n", type="int", default="three"), "three")
    assert (found.type, found.default) == ("string", "three")
    assert "default of n" in str(problem)
