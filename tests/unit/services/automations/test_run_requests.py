"""The runs of schedules when they are saved."""

import pytest

from nbyard.domain.automations.structs import AutomaticRun
from nbyard.errors import Invalid
from nbyard.services.automations.run_requests import freeze_request, stored_request


def test_the_path_is_stored_whole(yard, root):
    run, path = stored_request(yard.parts, AutomaticRun(path="report.py"))
    assert run.path == path == str(root / "report.py")
    assert stored_request(yard.parts, AutomaticRun(executable="e")) == (
        AutomaticRun(executable="e"),
        "",
    )


@pytest.mark.parametrize("more", [{"name": "mine"}, {"replace": True}])
def test_runs_of_schedules_have_no_name(yard, more):
    with pytest.raises(Invalid) as refused:
        stored_request(yard.parts, AutomaticRun(path="report.py", **more))
    assert refused.value.details[0].path == "run.name"


def test_a_path_outside_the_root_is_refused_at_its_field(yard):
    with pytest.raises(Invalid) as refused:
        stored_request(yard.parts, AutomaticRun(path="../../etc/passwd"))
    assert refused.value.details[0].path == "run.path"


def test_refused_fields_are_below_the_run(yard):
    with pytest.raises(Invalid) as refused:
        freeze_request(yard.parts, "ann", AutomaticRun(path="report.py", priority=500))
    assert refused.value.details[0].path == "run.priority"
