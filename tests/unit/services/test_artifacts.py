"""R3: artifacts as a service."""

import pytest

from nbyard.domain.callers import Caller
from nbyard.errors import Invalid, NotFound


def test_what_came_out_has_a_page_and_bytes(yard, ann, flow, finished):
    detail = finished(path=flow)
    (made,) = [a for a in detail.tasks[0].artifacts if a.name == "result"]
    artifacts = yard.services.artifacts
    assert [c.name for c in artifacts.preview(ann, made.id).columns] == ["a"]
    assert artifacts.content(ann, made.id).filename == made.filename
    with pytest.raises(Invalid):
        artifacts.preview(ann, made.id, offset=2**63)
    with pytest.raises(Invalid):
        artifacts.preview(ann, made.id, limit=0)
    for caller, key in ((ann, "none"), (Caller("bob"), made.id)):
        with pytest.raises(NotFound):
            artifacts.get(caller, key)
