"""Names that look alike are one name."""

import pytest

from nbyard.errors import NameTaken
from nbyard.services.naming import check_free


@pytest.mark.parametrize("name", ["a b", "a\u00a0b", "a\u200d b", "a b\ufe0f"])
def test_what_looks_alike_is_taken(name):
    check_free({"1": "a b"}, "a thing", name, own="1")
    with pytest.raises(NameTaken) as refused:
        check_free({"1": "a b"}, "a thing", name)
    assert "'a b'" in refused.value.message


def test_what_people_can_tell_apart_is_free():
    check_free({"1": "a b", "2": "ä"}, "a thing", "A b")
    check_free({}, "a thing", "x")
