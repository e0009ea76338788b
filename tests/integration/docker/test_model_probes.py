"""A model that a task in a container wrote is loaded in a container of its image, never on this
machine."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nbyard.dockerd import Engine
from nbyard.domain.models.structs import ModelColumn, NewModel
from nbyard.domain.runs.structs import NewRun, RunDetail
from nbyard.errors import Invalid, Unavailable

from .deploying import ANN, Yards, opened
from .imaging import remove_images

pytestmark = [pytest.mark.timeout(400), pytest.mark.leaves_running]
# what it says of the place where it is loaded comes back in the refusal
EVIL = """
import pickle, sys

TEXT = '''
import os, pathlib
try:
    pathlib.Path({canary!r}).write_text("loaded on the host")
except OSError:
    pass
routes = len(open("/proc/net/route").read().splitlines()) - 1
caps = next(l for l in open("/proc/self/status") if l.startswith("CapEff")).split()[1]
raise RuntimeError(f"uid {{os.getuid()}} caps {{int(caps, 16)}} routes {{routes}}"
    f" writes {{os.access('/etc', os.W_OK)}} python {{os.path.realpath('/usr/bin/python3')}}")
'''

class Evil:
    def __reduce__(self):
        return exec, (TEXT,)

with open(sys.argv[1], "wb") as file:
    pickle.dump(Evil(), file)
"""
TRAIN = """
import sys
import joblib
import pandas as pd
from sklearn.linear_model import LogisticRegression

frame = pd.DataFrame({"length": [1.0, 2.0, 5.0, 6.0], "kind": ["a", "a", "b", "b"]})
joblib.dump(LogisticRegression().fit(frame[["length"]], frame["kind"]), sys.argv[1])
"""
BUILD_SECONDS = 300


@pytest.fixture
def yards(tmp_path: Path, docker_engine: Engine, docker_variables: None) -> Iterator[Yards]:
    with opened(tmp_path, docker_engine, "") as (found, _):
        yield found
    remove_images(docker_engine, found.yard.store.id)


def ran(yards: Yards, running: Any, text: str, requirements: str = "") -> RunDetail:
    """Run a script in a container to its end."""
    root = yards.yard.context.files.root
    (root / "train.py").write_text(text)
    model: dict[str, Any] = {"name": "model", "role": "output", "format": "pickle"}
    model["reach"] = {"kind": "positional", "position": 0}
    told: dict[str, Any] = {"version": 1, "arguments": [model]}
    if requirements:
        (root / "needs.txt").write_text(requirements)
        told["resources"] = {"requirements": "needs.txt"}
    (root / "train.py.nbexec").write_text(json.dumps(told))
    services = yards.yard.services
    run = services.runs.create(ANN, NewRun(path="train.py", runtime="docker"))
    detail = running.until(
        lambda: services.runs.get(ANN, run.id), lambda d: d.run.finished_at, BUILD_SECONDS
    )
    assert detail.run.state == "succeeded", [task.reason for task in detail.tasks]
    return detail


def test_malicious_pickle_of_a_container_is_loaded_only_there(yards: Yards, tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    models = yards.yard.services.models
    with yards.dispatching() as running:
        detail = ran(yards, running, EVIL.format(canary=str(canary)))
        body = NewModel(run=detail.run.id, output="model")
        with pytest.raises(Invalid) as caught:
            models.build(ANN, body)
        said = caught.value.message
        for refused in ("caps 0", "routes 0", "writes False"):
            assert refused in said and "uid 0 " not in said, said
        assert not canary.exists()
        running.until(yards.owned_objects, lambda left: not left)
    assert "write a model file" in caught.value.hint
    yards.settings.docker_host = f"unix://{tmp_path}/none.sock"
    with yards.dispatching(), pytest.raises(Unavailable, match="Docker cannot be reached"):
        models.build(ANN, body)
    yards.settings.docker_host = yards.engine.url
    assert not canary.exists()


@pytest.mark.long
def test_a_model_of_a_container_becomes_a_package(yards: Yards) -> None:
    with yards.dispatching() as running:
        needs = "joblib\npandas\nscikit-learn\n"
        detail = ran(yards, running, TRAIN, needs)
        package = yards.yard.services.models.build(ANN, NewModel(run=detail.run.id, output="model"))
        yards.yard.services.models.delete(ANN, package.id)
        running.until(yards.owned_objects, lambda left: not left)
    assert package.model.inputs == [ModelColumn("length", "float")]
    assert [one.type for one in package.model.outputs] == ["str"]
    names = {line.partition("==")[0] for line in package.model.requirements}
    assert {"joblib", "scikit-learn"} <= names
