"""The crate of a run, as the package of the RO-Crate project reads it."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from rocrate.rocrate import ROCrate

from nbyard.domain.arguments.structs import Argument
from nbyard.domain.crates.graph import METADATA
from nbyard.domain.crates.run_crate import write_crate
from nbyard.domain.lineage.run_record import RunRecord
from nbyard.domain.runs.origins import Origin

from ..lineage.records import START, record, single
from .test_entities import Everything


def unpack(folder: Path, of: RunRecord) -> Any:
    """Write a crate as a folder, and return the metadata."""
    for file in write_crate(of, Everything(), "1.2", START):
        place = folder / file.place
        place.parent.mkdir(parents=True, exist_ok=True)
        if file.is_folder:
            for name in ("clean.ipynb", "src/train.py"):
                (place / name).parent.mkdir(parents=True, exist_ok=True)
                (place / name).write_text("x")
        else:
            place.write_bytes(file.content or b"x")
    return json.loads((folder / METADATA).read_text())


def entities(metadata: Any) -> dict[str, Any]:
    found = {one["@id"]: one for one in metadata["@graph"]}
    assert len(found) == len(metadata["@graph"])
    return found


def refs(value: Any) -> list[str]:
    if isinstance(value, dict):
        return (
            [value["@id"]]
            if value.keys() == {"@id"}
            else [r for v in value.values() for r in refs(v)]
        )
    return [r for one in value for r in refs(one)] if isinstance(value, list) else []


@pytest.mark.parametrize(("submitter", "agent"), [("", "ada"), ("bob", "bob")])
def test_the_agent_is_who_submitted_the_run(tmp_path: Path, submitter: str, agent: str) -> None:
    of = record()
    run = msgspec.structs.replace(of.run, origin=Origin(person=submitter))
    found = entities(unpack(tmp_path, msgspec.structs.replace(of, run=run)))
    (person,) = [one for one in found.values() if one["@type"] == "Person"]
    assert person["name"] == agent


@pytest.mark.parametrize("of", [record(), record("failed"), record("cancelled"), single()])
def test_the_package_of_the_project_reads_it(tmp_path: Path, of: RunRecord) -> None:
    found = entities(unpack(tmp_path, of))
    for one in found.values():
        for key in refs([value for name, value in one.items() if name != "@id"]):
            assert key in found or key.startswith("https://w3id.org/ro/crate"), (
                "no dangling reference"
            )
    crate = ROCrate(tmp_path)
    assert crate.name == (of.run.name or of.run.title)
    for entity in crate.data_entities:
        assert (tmp_path / entity.id).exists(), entity.id
    paths = {str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*") if p.is_file()}
    described = {entity.id for entity in crate.data_entities} | {METADATA}
    assert {p for p in paths if not p.startswith("code/")} <= described


def test_a_workflow_has_its_run_its_tasks_and_their_data(tmp_path: Path) -> None:
    found = entities(unpack(tmp_path, record()))
    assert found["./"]["mainEntity"] == {"@id": "workflow/penguins.nbflow"}
    run, clean, train = (found[key] for key in ("#run", "#task/clean", "#task/train"))
    assert refs(run["object"]) == ["inputs/penguins.csv", "inputs/notes.txt", "#value/rate"]
    assert refs(run["result"]) == ["outputs/clean/executed.ipynb", "outputs/train/model.joblib"]
    assert refs(clean["object"]) == [
        *("inputs/penguins.csv", "inputs/notes.txt"),
        *("#value/clean/rate", "#value/clean/words"),
    ]
    assert refs(train["object"]) == ["outputs/clean/table.csv"]
    assert train["instrument"] == {"@id": "code/shared/src/train.py"}
    assert (run["startTime"], run["endTime"]) == (
        *("2026-11-26T08:00:01+00:00", "2026-11-26T08:01:00+00:00"),
    )
    assert found["#value/clean/words"]["value"] == '["a","b"]'
    assert found["#git%20commit"]["value"] == "1" * 40
    organize = found["#organize"]
    assert refs(organize["object"]) == ["#control/clean", "#control/train"]
    assert organize["instrument"] == {"@id": "https://github.com/nbyard/nbyard"}
    assert found["#step/train"]["workExample"] == train["instrument"]
    connection = "#connection/parameter%2Fv1%2Ftable/parameter%2Fv2%2Fx"
    assert found[connection]["targetParameter"] == {"@id": "#parameter/v2/x"}
    assert {"@id": connection} in found["workflow/penguins.nbflow"]["connection"]


def test_a_failure_has_its_reason_and_skipped_tasks_no_action(tmp_path: Path) -> None:
    whole = record("failed")
    skipped = msgspec.structs.replace(whole.tasks[1], state="skipped", node="after", failure=None)
    of = msgspec.structs.replace(whole, tasks=[*whole.tasks, skipped])
    found = entities(unpack(tmp_path, of))
    assert found["#task/train"]["actionStatus"] == "http://schema.org/FailedActionStatus"
    assert found["#task/train"]["error"] == found["#run"]["error"] == "ValueError: bad"
    assert "#task/after" not in found and "#step/after" not in found


def test_a_single_executable_is_a_process(tmp_path: Path) -> None:
    found = entities(unpack(tmp_path, single()))
    assert found["./"]["conformsTo"] == {"@id": "https://w3id.org/ro/wfrun/process/0.5"}
    assert "mainEntity" not in found["./"] and "#run" not in found
    assert refs(found["./"]["mentions"]) == ["#task/clean"]


def test_secrets_have_no_value(tmp_path: Path) -> None:
    whole = single(arguments={"key": "my-credential"})
    code = msgspec.structs.replace(whole.code["v1"], arguments=[Argument("key", type="secret")])
    of = msgspec.structs.replace(whole, code={"v1": code})
    assert "my-credential" not in json.dumps(unpack(tmp_path, of))
