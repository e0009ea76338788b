"""Names that look alike are one name."""

import pytest

from nbyard.domain.naming.unique_names import (
    MAX_COMPARED,
    check_free,
    check_run_name,
    free_name,
    nearest_names,
    no_such,
)
from nbyard.errors import Invalid, NameTaken

AN_ID = "01a1fe2d-28c6-704c-89d2-a0e1445fcce4"


@pytest.mark.parametrize("name", ["a b", "a\u00a0b", "a\u200d b", "a b\ufe0f"])
def test_similar_names_count_as_used(name):
    check_free({"1": "a b"}, "dataset", name, own="1")
    with pytest.raises(NameTaken) as refused:
        check_free({"1": "a b"}, "dataset", name)
    assert "'a b'" in refused.value.message
    assert [detail.path for detail in refused.value.details] == ["name"]


def test_distinguishable_names_are_free():
    check_free({"1": "a b", "2": "ä"}, "dataset", "A b")
    check_free({}, "dataset", "x")


@pytest.mark.parametrize("wanted", ["a", "a 2"])
def test_a_refusal_proposes_a_name_that_is_free(wanted):
    names = {"1": "a", "2": "a 2"}
    with pytest.raises(NameTaken) as refused:
        check_free(names, "dataset", wanted)
    assert "'a 3'" in refused.value.hint
    assert free_name(names.values(), "a") == "a 3"
    assert free_name(names.values(), "b") == "b"


@pytest.mark.parametrize("name", ["", "12", "a/b", "-f", AN_ID])
def test_names_of_runs_are_unique(name):
    assert check_run_name("e\u0301") == "é"
    with pytest.raises(Invalid) as refused:
        check_run_name(name)
    assert [detail.path for detail in refused.value.details] == ["name"]


def test_known_names_are_listed_most_similar_first():
    assert str(nearest_names(["ants", "cows", "bees"], "cow")).endswith(": cows, bees, ants")
    assert str(nearest_names([], "cow")) == "none exist yet"
    nearest = str(nearest_names([f"n{n}" for n in range(20)], "n1"))
    assert nearest.count(",") == 4 and nearest.endswith(" and 15 more")


@pytest.mark.parametrize(
    ("wanted", "names", "hint"),
    [
        ("big", ["big.csv", "small.csv"], "Did you mean 'big.csv'?"),
        ("irsi", ["iris", "iris2", "x"], "Did you mean 'iris' or 'iris2'?"),
        ("cp", ["a.csv", "cp.csv"], "Did you mean 'cp.csv'?"),
        ("churn", ["chorn", "Churn of customers"], "Did you mean 'Churn of customers' or 'chorn'?"),
        ("r", ["r4", "r3", "r2", "r1"], "Did you mean 'r1' or 'r2' or 'r3'?"),
        ("", ["iris"], ""),
        ("other", ["iris"], ""),
        ("x" * 5000, ["x" * 200], f"Did you mean {'x' * 200!r}?"),
        (AN_ID, [AN_ID.replace("a", "b")], ""),
    ],
)
def test_an_unknown_name_gets_similar_suggestions(wanted, names, hint):
    error = no_such("dataset", wanted, names)
    assert (error.message, error.hint) == (f"There is no dataset {wanted[:80]!r}.", hint)


def test_a_limited_number_of_names_is_compared():
    """Each costs time, and everybody waits for it."""
    names = iter([f"iris-{number}" for number in range(MAX_COMPARED + 1)])
    assert no_such("run", "iris-x", names).hint
    assert next(names) == f"iris-{MAX_COMPARED}"
