"""A chain from data to a deployment."""

import pytest

from nbyard.domain.models.structs import RunOutput
from nbyard.domain.runs.structs import BytesOf, ResultOf
from nbyard.store import Store

from .records import Records

GIT = {"commit": "1" * 40, "branch": "main"}


@pytest.fixture
def chain(store: Store) -> dict[str, str]:
    """A dataset, two tasks, a model, its image, its deployment, and a run of the named result."""
    with store.write() as c:
        rows = Records(store, c)
        used = rows.environment("science")
        code = rows.executable("train.ipynb")
        version = rows.ready("irises")
        run = rows.run(title="flow", workflow_id="w", git=GIT)
        data = BytesOf("d", "a.csv", "irises v1", source=f"dataset:{version}")
        clean = rows.work(run, "clean", {"data": data, "more": data})
        table = rows.artifact(clean, "table")
        plan = {"environment": used, "version": code.current.id}
        fit = rows.work(run, "fit", {"x": ResultOf("clean", "table")}, **plan)
        rows.artifact(fit, "executed.ipynb")
        fitted = rows.artifact(fit, "model")
        image = rows.image("nbyard/model-irises:1")
        told = (run.id, run.number, "flow", fit.id, "fit", "model", "m.pkl", "sha256:1")
        model = rows.model(image, RunOutput(*told))
        served = rows.deployment("irises", "nbyard/model-irises:1")
        again = rows.run("named", title="score")
        source = BytesOf("sha256:1", "m.pkl", "x", source=f"artifact:{fitted.id}")
        score = rows.work(again, "score", {"model": source})
        rows.artifact(score, "scores")
    return {
        **{"version": version, "clean": clean.id, "table": table.id, "fit": fit.id},
        **{"model": model, "fitted": fitted.id, "image": image, "served": served},
        **{"run": run.id, "score": score.id},
    }
