"""The record of a run that exports read."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from nbyard.domain.arguments.structs import Argument
from nbyard.domain.attempts.structs import Failure
from nbyard.domain.environments.references import UsedEnvironment
from nbyard.domain.environments.structs import EnvironmentVersion, LockedPackage
from nbyard.domain.executables.structs import ExecutableVersion, Resources
from nbyard.domain.ids import new_id
from nbyard.domain.lineage.run_record import RunRecord
from nbyard.domain.runs.origins import GitState
from nbyard.domain.runs.structs import Artifact, ArtifactType, BytesOf, Run, Task
from nbyard.domain.workflows.structs import Edge
from nbyard.reasons.structs import because

START = datetime(2026, 11, 26, 8, tzinfo=UTC)
RUN, CLEAN, TRAIN = new_id(), new_id(), new_id()


DOCUMENT = {
    "version": 1,
    "meta": {"id": "w", "title": "Penguins", "parameters": {"rate": {"type": "float"}}},
    "nodes": {"clean": {"type": "executable", "path": "clean.ipynb"}},
    "edges": {},
}


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def digest(number: int) -> str:
    return f"sha256:{number:064x}"


def artifact(node: str, name: str, filename: str, number: int, **more: Any) -> Artifact:
    file_format = filename.rpartition(".")[2]
    told = (new_id(), RUN, node, name, filename, file_format, digest(number), 10 * number, at(9))
    return Artifact(*told, **more)


def code(key: str, file: str, arguments: list[Argument], language: str) -> ExecutableVersion:
    return ExecutableVersion(
        id=key,
        executable_id=f"of {key}",
        number=2,
        kind="notebook" if file.endswith("ipynb") else "command",
        language=language,
        kernel="python3",
        file=file,
        content_digest=digest(90),
        code_digest=digest(91),
        bundle_digest=f"tree:{1:064x}",
        arguments=arguments,
        command=[],
        resources=Resources(),
        created_at=START,
    )


def record(state: str = "succeeded", **run: Any) -> RunRecord:
    """A workflow of two nodes; `state` is that of the second node, and of the run."""
    ended = None if state == "running" else at(60)
    failure = (
        Failure("error", because("text", text="ValueError: bad")) if state == "failed" else None
    )
    kind = ArtifactType("text/csv", "polars", 3, [("x", "Int64"), ("y", "String")])
    table = artifact("clean", "table", "table.csv", 1, type=kind)
    executed = artifact("clean", "executed.ipynb", "executed.ipynb", 2)
    model = artifact("train", "model", "model.joblib", 3)
    used = UsedEnvironment("e", "science", "ev", 2, digest(80))
    told: dict[str, Any] = {"runtime": "process", "created_at": START, "run_id": RUN}
    clean = Task(
        id=CLEAN,
        node="clean",
        label="clean.ipynb",
        state="succeeded",
        cached=False,
        reason=None,
        started_at=at(1),
        finished_at=at(9),
        artifacts=[table, executed],
        arguments={"rate": 0.5, "words": ["a", "b"]},
        inputs={
            "data": BytesOf(digest(5), "penguins.csv", "penguins v3", source="dataset:d"),
            "notes": BytesOf(digest(6), "notes.txt", "data/notes.txt"),
        },
        executable_version_id="v1",
        environment=used,
        **told,
    )
    train = Task(
        id=TRAIN,
        node="train",
        label="train.py",
        state=state,  # type: ignore[arg-type]
        cached=False,
        reason=None,
        started_at=at(10),
        finished_at=ended,
        artifacts=[model] if state == "succeeded" else [],
        failure=failure,
        needs=["clean"],
        executable_version_id="v2",
        **told,
    )
    fields: dict[str, Any] = {
        "id": RUN,
        "number": 12,
        "name": "",
        "title": "Penguins",
        "owner": "ada",
        "state": state,
        "path": "penguins.nbflow",
        "workflow_id": "w",
        "workflow_version_id": "wv",
        "parameters": {"rate": 0.5},
        "runtime": "process",
        "created_at": START,
        "started_at": at(1),
        "finished_at": ended,
        "git": GitState("1" * 40, "main", is_dirty=True),
        "reason": failure.reason if failure else None,
        **run,
    }
    data = Argument("data", role="input", format="csv", required=True)
    notes = Argument("notes", role="input")
    rate = Argument("rate", type="float", default=1.0)
    words = Argument("words", type="list", default=[])
    outputs = [Argument("table", role="output", format="csv")]
    inputs = [Argument("x", role="input"), Argument("model", role="output", format="joblib")]
    lock = [LockedPackage("polars", "1.36.0", ("sha256:1",))]
    version = EnvironmentVersion(
        *("ev", 2, "ready", ["polars"], lock, digest(80), "3.12.1", "", None, START)
    )
    return RunRecord(
        Run(**fields),
        [clean, train],
        [Edge("clean", "table", "train", "x")],
        {
            "v1": code("v1", "clean.ipynb", [data, notes, rate, words, *outputs], "python"),
            "v2": code("v2", "src/train.py", inputs, "python"),
        },
        {"ev": version},
        DOCUMENT,
    )


def single(**task: Any) -> RunRecord:
    """The run of one executable, which has a name."""
    whole = record()
    run = msgspec.structs.replace(
        whole.run, name="cleaned", title="clean", path="clean.ipynb", workflow_id=""
    )
    return RunRecord(
        run, [msgspec.structs.replace(whole.tasks[0], **task)], [], whole.code, whole.environments
    )
