"""What an automation on files may ask for."""

import pytest

from nbyard.domain.automations.file_events import check_file_event
from nbyard.domain.automations.structs import OnFile
from nbyard.errors import Invalid


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"pattern": "a/"}, "on.pattern"),
        ({"changes": ()}, "on.changes"),
        ({"settle_seconds": 0}, "on.settle_seconds"),
        ({"settle_seconds": 3601}, "on.settle_seconds"),
        ({"settle_seconds": float("nan")}, "on.settle_seconds"),
    ],
)
def test_a_refusal_names_its_field(more, field):
    check_file_event(OnFile("inbox"))
    with pytest.raises(Invalid) as refused:
        check_file_event(OnFile("inbox", **more))
    assert refused.value.details[0].path == field
