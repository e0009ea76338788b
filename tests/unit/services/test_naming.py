"""Names that look alike are one name."""

import pytest

from nbyard.errors import NameTaken
from nbyard.services.naming import check_free, free_name


@pytest.mark.parametrize("name", ["a b", "a\u00a0b", "a\u200d b", "a b\ufe0f"])
def test_what_looks_alike_is_taken(name):
    check_free({"1": "a b"}, "a thing", name, own="1")
    with pytest.raises(NameTaken) as refused:
        check_free({"1": "a b"}, "a thing", name)
    assert "'a b'" in refused.value.message
    assert [detail.path for detail in refused.value.details] == ["name"]


def test_what_people_can_tell_apart_is_free():
    check_free({"1": "a b", "2": "ä"}, "a thing", "A b")
    check_free({}, "a thing", "x")


@pytest.mark.parametrize("wanted", ["a", "a 2"])
def test_a_refusal_proposes_a_name_that_is_free(wanted):
    names = {"1": "a", "2": "a 2"}
    with pytest.raises(NameTaken) as refused:
        check_free(names, "a thing", wanted)
    assert "'a 3'" in refused.value.hint
    assert free_name(names.values(), "a") == "a 3"
    assert free_name(names.values(), "b") == "b"
