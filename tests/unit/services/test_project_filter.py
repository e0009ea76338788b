"""?project= of lists."""

import msgspec
import pytest

from nbyard.domain.automations.structs import Fire, NewAutomation
from nbyard.domain.callers import Caller
from nbyard.domain.projects.structs import NewLink, NewProject
from nbyard.errors import NotFound

LISTS = (
    *("datasets", "executables", "workflows", "runs", "models", "deployments"),
    *("environments", "artifacts", "automations"),
)


@pytest.mark.parametrize("noun", LISTS)
def test_each_list_can_be_limited_to_a_project(yard, ann, noun):
    made = yard.services.projects.create(ann, NewProject("wine"))
    listed = getattr(yard.services, noun).list
    assert listed(ann, project=made.id).items == listed(ann, project="wine").items == []
    with pytest.raises(NotFound, match="beer"):
        listed(ann, project="beer")
    with pytest.raises(NotFound):
        listed(Caller("eve"), project=made.id)


def test_a_list_has_the_resources_of_the_project_only(yard, ann, root):
    services = yard.services
    for name in ("report", "other"):
        (root / f"{name}.py").write_text("print()\n")
        body = {"run": {"path": f"{name}.py"}, "on": {"kind": "phrase", "text": "daily at 6"}}
        services.automations.create(ann, msgspec.convert(body, NewAutomation))
    services.projects.create(ann, NewProject("wine"))
    services.projects.link(ann, "wine", NewLink("automation", "report"))
    assert [one.name for one in services.automations.list(ann, project="wine").items] == ["report"]
    fired, _ = (services.automations.fire(ann, name, Fire()) for name in ("report", "other"))
    assert [one.id for one in services.runs.list(ann, project="wine").items] == [fired.run_id]
