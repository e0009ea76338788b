"""The name of a user or group that gets a role."""

import pytest

from nbyard.domain.projects.members import MAX_NAME, NewMember
from nbyard.errors import Invalid


@pytest.mark.parametrize("name", ["", "a\nb", "x" * (MAX_NAME + 1)])
def test_a_name_is_short_and_printable(name):
    NewMember("x" * MAX_NAME).check()
    with pytest.raises(Invalid) as refused:
        NewMember(name).check()
    assert [detail.path for detail in refused.value.details] == ["name"]
