"""No collected test is lost: of a test with `sample(n)`, a check runs n cases and --full all."""

from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from ..conftest import _mark_long_cases as mark_long_cases
from ..conftest import _refuse_shared_names as refuse_shared_names

CASES = 20


@dataclass
class Case:
    """One collected case of a test."""

    nodeid: str
    marks: list[pytest.Mark] = field(default_factory=list)

    def get_closest_marker(self, name: str) -> pytest.Mark | None:
        return next((mark for mark in self.marks if mark.name == name), None)

    def add_marker(self, marker: pytest.MarkDecorator) -> None:
        self.marks.append(marker.mark)


def long_ones(count: int | None, profile: str) -> list[bool]:
    """Return which cases of a test are long."""
    marks = [pytest.mark.sample(count).mark] if count is not None else []
    cases = [Case(f"test_x.py::test_a[{number}]", [*marks]) for number in range(CASES)]
    mark_long_cases(cast(list[Any], cases), profile)
    return [case.get_closest_marker("long") is not None for case in cases]


@pytest.mark.parametrize("count", [1, 7, CASES, CASES + 1])
def test_a_check_leaves_out_all_but_n_cases_and_full_runs_all(count: int):
    assert long_ones(count, "quick").count(False) == min(count, CASES)
    assert all(long_ones(count, "long"))


def test_a_check_always_runs_the_same_cases():
    assert long_ones(3, "quick") == long_ones(3, "quick")


@pytest.mark.parametrize("profile", ["quick", "long"])
def test_a_test_without_the_marker_is_unchanged(profile: str):
    assert not any(long_ones(None, profile))


def test_tests_with_the_same_name_are_refused():
    once: Any = Case("test_x.py::test_a")
    twice: Any = Case("test_x.py::test_b")
    refuse_shared_names([once, twice])
    with pytest.raises(pytest.UsageError, match=r"have the name test_x\.py::test_b$"):
        refuse_shared_names([once, twice, twice])
