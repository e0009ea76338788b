"""What a request about a project may contain."""

import msgspec
import pytest

from nbyard.domain.projects.structs import LINK_KINDS, NewLink, NewProject, ProjectPatch


def test_a_project_needs_only_a_name():
    made = msgspec.convert({"name": "wine"}, NewProject)
    assert (made.repository, made.metadata, made.task.goal) == ("", {}, "")


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({}, NewProject),
        ({"name": "wine", "owner": "eve"}, NewProject),
        ({"name": "wine", "metadata": {"a": 1}}, NewProject),
        ({"name": "wine", "task": {"deadline": ""}}, NewProject),
        ({"name": "wine"}, ProjectPatch),
        ({"kind": "channel", "resource": "team"}, NewLink),
        ({"kind": "run"}, NewLink),
    ],
)
def test_other_fields_and_types_are_refused(body, kind):
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(body, kind)


@pytest.mark.parametrize("kind", LINK_KINDS)
def test_each_kind_can_be_linked(kind):
    assert msgspec.convert({"kind": kind, "resource": "a"}, NewLink).kind == kind
