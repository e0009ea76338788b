"""A failed import names the packages for all nodes of the run at once."""

import json

import pytest

from nbyard.domain.runs.previews.forecasts import ForecastRequest

pytestmark = pytest.mark.slow


@pytest.fixture
def farm(root):
    """Two scripts whose packages are missing, and one whose packages are there."""
    code = {"a": "import no_such_cow", "b": "import no_such_calf, pytest", "c": "import json"}
    for name, text in code.items():
        (root / f"{name}.py").write_text(text)
    nodes = {name: {"type": "executable", "path": f"{name}.py"} for name in code}
    document = {"version": 1, "meta": {"id": "farm"}, "nodes": nodes}
    (root / "farm.nbflow").write_text(json.dumps(document))
    return "farm.nbflow"


def test_all_packages_are_named_at_once(yard, ann, farm, finished):
    """The last one is that of the failed import. A new environment also gets what is there."""
    detail = finished(path=farm)
    missing = {task.node: task.missing for task in detail.tasks if task.missing}
    assert missing["a"].packages == ["no_such_calf", "pytest", "no_such_cow"]
    assert missing["b"].packages == ["no_such_cow", "pytest", "no_such_calf"]
    assert {*missing} == {"a", "b"}
    page = yard.services.runs.tasks(ann, detail.run.id)
    assert {task.node: task.missing for task in page.items if task.missing} == missing


def test_a_forecast_names_them_before(yard, ann, farm):
    forecast = yard.services.runs.forecast(ann, ForecastRequest(path=farm))
    codes = {node.node: [hint.code for hint in node.hints] for node in forecast.nodes}
    assert codes == {"a": ["imports-missing"], "b": ["imports-missing"], "c": []}
    in_containers = ForecastRequest(path=farm, runtime="docker", image="own:1")
    forecast = yard.services.runs.forecast(ann, in_containers)
    assert not any(node.hints for node in forecast.nodes)
