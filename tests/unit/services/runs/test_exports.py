"""Runs in formats of other programs."""

import zipfile

import pytest
from rocrate.rocrate import ROCrate
from tests.support.refusals import refused_at

from nbyard.blobs import open_download
from nbyard.domain.callers import Caller
from nbyard.domain.runs.structs import NewRun
from nbyard.errors import Conflict, NotFound

from ...domain.lineage.openlineage_schema import check_event


def test_a_run_has_openlineage_events(runs, ann, flow, finished):
    detail = finished(path=flow)
    found = runs.openlineage(ann, str(detail.run.number), namespace="lab").events
    for event in found:
        check_event(event)
    assert [event["eventType"] for event in found if event["run"]["runId"] == detail.run.id] == [
        *("START", "COMPLETE")
    ]
    jobs = {event["job"]["name"] for event in found}
    assert jobs == {"flow.nbflow", "flow.nbflow.one", "flow.nbflow.two"}
    assert {event["job"]["namespace"] for event in found} == {"lab"}


def test_cached_tasks_ran_in_the_earlier_run(runs, ann, flow, finished):
    finished(path=flow)
    again = finished(path=flow)
    found = runs.openlineage(ann, again.run.id).events
    assert {event["job"]["name"] for event in found} == {"flow.nbflow"}


def test_invalid_exports_are_refused(runs, ann, flow):
    made = runs.create(ann, NewRun(path=flow))
    with pytest.raises(NotFound):
        runs.openlineage(Caller("eve"), made.id)
    for namespace in (" ", "x" * 300):
        with refused_at("namespace"):
            runs.openlineage(ann, made.id, namespace=namespace)


def test_a_run_is_a_crate_with_its_code_data_and_results(yard, ann, runs, flow, finished, tmp_path):
    detail = finished(path=flow)
    source, name = open_download(yard.context.blobs, runs.crate(ann, detail.run.id))
    assert name == f"Twice-run-{detail.run.number}.crate.zip"
    with source, zipfile.ZipFile(source) as archive:
        archive.extractall(tmp_path)
    crate = ROCrate(tmp_path)
    assert (tmp_path / "inputs/data.csv").read_text() == "a\n1\n"
    assert (tmp_path / "workflow/flow.nbflow").exists()
    assert (tmp_path / "outputs/two/result.csv").exists()
    tools = [one for one in crate.data_entities if one.id.endswith("tool.py")]
    assert [one.type for one in tools] == [["File", "SoftwareSourceCode"]]
    for one in crate.data_entities:
        assert (tmp_path / one.id).exists()


def test_data_from_outside_can_be_left_out(runs, ann, flow, finished):
    found = runs.crate(ann, finished(path=flow).run.id, inputs=False)
    places = [one.filename for one in found.members]
    assert not any(place.startswith("inputs/") for place in places)
    assert any(place.startswith("outputs/") for place in places)


def test_data_beside_the_code_can_be_left_out(yard, ann, runs, flow, finished, tmp_path):
    root = yard.context.files.root
    (root / "other.CSV.gz").write_text("private")
    (root / "config.json").write_text("{}")
    (root / "copy.txt").write_bytes((root / "data.csv").read_bytes())
    detail = finished(path=flow)
    crate = runs.crate
    whole, _ = open_download(yard.context.blobs, crate(ann, detail.run.id))
    with whole, zipfile.ZipFile(whole) as archive:
        code = [name for name in archive.namelist() if name.startswith("code/")]
    assert len([name for name in code if name.endswith("/other.CSV.gz")]) == 1, "packed once"
    source, _ = open_download(yard.context.blobs, crate(ann, detail.run.id, inputs=False))
    with source, zipfile.ZipFile(source) as archive:
        archive.extractall(tmp_path)
        left = {name for name in archive.namelist() if name.startswith("code/")}
    assert {name.rpartition("/")[2] for name in {*code} - left} == {
        *("data.csv", "other.CSV.gz", "copy.txt")
    }
    assert any(name.endswith("/config.json") for name in left)
    beside = {one.get("alternateName"): one for one in ROCrate(tmp_path).data_entities}
    assert beside["other.CSV.gz"].id.startswith("ni:///sha-256;")
    assert beside["other.CSV.gz"]["contentSize"] == "7"


def test_bytes_that_are_gone_are_described(yard, ann, runs, flow, finished):
    detail = finished(path=flow)
    for file in [one for task in detail.tasks for one in task.artifacts]:
        yard.context.blobs.path(file.digest).unlink(missing_ok=True)
    found = runs.crate(ann, detail.run.id)
    assert not any(one.filename.startswith("outputs/") for one in found.members)
    (metadata,) = [one for one in found.members if one.filename == "ro-crate-metadata.json"]
    assert metadata.content is not None and b"ni:///sha-256;" in metadata.content


def test_a_crate_of_a_live_run_or_of_others_is_refused(runs, ann, flow):
    made = runs.create(ann, NewRun(path=flow))
    with pytest.raises(Conflict):
        runs.crate(ann, made.id)
    with pytest.raises(NotFound):
        runs.crate(Caller("eve"), made.id)
