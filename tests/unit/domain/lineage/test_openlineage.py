"""OpenLineage events, checked by the classes of its schemas."""

from copy import deepcopy
from functools import reduce
from operator import getitem

import msgspec
import pytest
from jsonschema import ValidationError

from nbyard.domain.ids import new_id
from nbyard.domain.lineage.openlineage import FACETS, facet_of, run_events, sample_event
from nbyard.domain.lineage.run_record import RunRecord
from nbyard.domain.state_machines import RUN as RUN_STATES
from nbyard.domain.state_machines import TASK as TASK_STATES
from nbyard.reasons.structs import because

from .openlineage_files import FOLDER, VARIABLE, check_files
from .openlineage_schema import CLASSES, check_event
from .records import CLEAN, RUN, START, TRAIN, digest, record, single

ENDS = {"succeeded": "COMPLETE", "failed": "FAIL", "cancelled": "ABORT"}


@pytest.mark.parametrize("state", [*ENDS, "running"])
def test_each_run_and_task_starts_and_ends(state: str) -> None:
    events = run_events(record(state), "1.2")
    for event in events:
        check_event(event)
    told = [(event["run"]["runId"], event["eventType"]) for event in events]
    expected = [(RUN, "START"), (CLEAN, "START"), (CLEAN, "COMPLETE"), (TRAIN, "START")]
    if state in ENDS:
        expected += [(RUN, ENDS[state]), (TRAIN, ENDS[state])]
    assert told == expected
    assert [event["eventTime"] for event in events] == sorted(e["eventTime"] for e in events)
    assert events[0]["eventTime"] == "2026-11-26T08:00:01.000000Z"


def test_each_last_state_has_an_end() -> None:
    """A skipped task did not run. A lost attempt ends its task as failed, or is tried again."""
    assert RUN_STATES.terminal == {*ENDS}
    assert TASK_STATES.terminal == {*ENDS, "skipped"}
    lost = record("failed")
    reason = because("attempt-lost", number=1, cause=because("no-message"))
    tasks = [msgspec.structs.replace(one, reason=reason) for one in lost.tasks]
    events = run_events(msgspec.structs.replace(lost, tasks=tasks), "1.2")
    (end,) = (e for e in events if (e["run"]["runId"], e["eventType"]) == (TRAIN, "FAIL"))
    check_event(end)


def test_data_keep_their_names_over_runs() -> None:
    events = run_events(record(), "1.2", "lab")
    ends = {event["job"]["name"]: event for event in events if event["eventType"] == "COMPLETE"}
    assert ends.keys() == {"penguins.nbflow", "penguins.nbflow.clean", "penguins.nbflow.train"}

    def names(job: str, side: str) -> list[tuple[str, str]]:
        return [(one["namespace"], one["name"]) for one in ends[job][side]]

    table = ("lab", "penguins.nbflow.clean.table")
    data = [("lab", "penguins"), ("file", "data/notes.txt")]
    assert names("penguins.nbflow.clean", "inputs") == data
    assert names("penguins.nbflow.clean", "outputs") == [table]
    assert names("penguins.nbflow.train", "inputs") == [table]
    assert names("penguins.nbflow", "inputs") == data
    assert names("penguins.nbflow", "outputs") == [("lab", "penguins.nbflow.train.model")]
    first = ends["penguins.nbflow.clean"]["inputs"][0]["facets"]["version"]
    assert first["datasetVersion"] == digest(5)
    made = ends["penguins.nbflow.clean"]["outputs"][0]
    assert made["outputFacets"]["outputStatistics"]["rowCount"] == 3
    assert made["facets"]["schema"]["fields"] == [
        *({"name": "x", "type": "Int64"}, {"name": "y", "type": "String"}),
    ]


def test_facets_have_code_environment_commit_and_values() -> None:
    events = run_events(record("failed"), "1.2")
    last = {event["run"]["runId"]: event for event in events}
    facets = last[CLEAN]["run"]["facets"]
    tags = {one["key"]: one["value"] for one in facets["tags"]["tags"]}
    assert (tags["code"], tags["code.version"], tags["language"]) == ("clean.ipynb", "2", "python")
    assert (tags["environment"], tags["environment.lock"]) == ("science version 2", digest(80))
    values = {one["key"]: one["value"] for one in facets["executionParameters"]["parameters"]}
    assert values == {"rate": "0.5", "words": '["a","b"]'}
    assert facets["parent"]["run"] == {"runId": RUN}
    tags = {one["key"]: one["value"] for one in last[RUN]["run"]["facets"]["tags"]["tags"]}
    assert (tags["git.commit"], tags["git.branch"], tags["git.dirty"]) == ("1" * 40, "main", "true")
    assert last[TRAIN]["run"]["facets"]["errorMessage"]["message"] == "ValueError: bad"


def test_a_run_of_one_executable_is_one_job() -> None:
    events = run_events(single(), "1.2")
    for event in events:
        check_event(event)
    assert [(e["run"]["runId"], e["eventType"], e["job"]["name"]) for e in events] == [
        *((RUN, "START", "clean.ipynb"), (RUN, "COMPLETE", "clean.ipynb")),
    ]
    assert [one["name"] for one in events[-1]["outputs"]] == ["cleaned.table"]


def test_tasks_that_did_not_run_have_no_events() -> None:
    whole = record("running", started_at=None)
    waiting = [msgspec.structs.replace(one, started_at=None) for one in whole.tasks]
    assert run_events(RunRecord(whole.run, waiting), "1.2") == []
    early = record("cancelled", started_at=None)
    told = [(e["eventType"], e["run"]["runId"]) for e in run_events(early, "1.2")]
    assert ("START", RUN) in told and ("ABORT", RUN) in told


def test_code_that_was_deleted_is_left_out() -> None:
    whole = record()
    for event in run_events(RunRecord(whole.run, whole.tasks, whole.edges), "1.2"):
        check_event(event)


def test_every_facet_is_one_of_the_specification() -> None:
    assert all(facet_of(name)["_schemaURL"] in CLASSES for name in FACETS)


@pytest.mark.skipif(not FOLDER, reason=f"needs {VARIABLE}")
def test_the_published_schemas_refuse_wrong_values() -> None:
    """The checks of the other tests are no formality."""
    (event, *_) = run_events(record(), "1.2")
    for path, value in {
        ("eventType",): "STARTED",
        ("eventTime",): "yesterday",
        ("producer",): "no address",
        ("run", "runId"): "r1",
        ("run", "facets", "tags", "tags"): [{"key": "a", "value": 1}],
        ("run", "facets", "nominalTime", "nominalStartTime"): "now",
        ("job", "facets", "jobType", "integration"): None,
    }.items():
        wrong = deepcopy(event)
        *outer, last = path
        reduce(getitem, outer, wrong)[last] = value
        with pytest.raises(ValidationError):
            check_files(wrong)


def test_a_sample_tries_a_receiver() -> None:
    event = sample_event(new_id(), START, "1.2", "lab")
    check_event(event)
    assert event["eventType"] == "OTHER"


def test_a_data_file_beside_the_code_is_an_input() -> None:
    files = {"clean": {"s.csv": digest(7)}}
    events = run_events(msgspec.structs.replace(record(), files=files), "1.2")
    for event in events:
        check_event(event)
    ends = {event["job"]["name"]: event for event in events if event["eventType"] == "COMPLETE"}
    for job in ("penguins.nbflow", "penguins.nbflow.clean"):
        (found,) = (one for one in ends[job]["inputs"] if one["name"] == "s.csv")
        version = found["facets"]["version"]["datasetVersion"]
        assert (found["namespace"], version) == ("file", digest(7))
    assert all(one["name"] != "s.csv" for one in ends["penguins.nbflow.train"]["inputs"])
