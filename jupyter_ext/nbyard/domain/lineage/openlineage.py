"""OpenLineage events of a run: one job for the run, and one for each of its tasks.

The events follow version 2-0-2 of the specification and use its own facets only. Names of jobs
and of data are the same in each run of a file, so that a receiver can follow them over time.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Literal

from nbyard.domain.attempts.structs import EXECUTED
from nbyard.domain.digest import canonical_text
from nbyard.domain.lineage.run_record import RunRecord
from nbyard.domain.runs.structs import Artifact, BytesOf, Run, Task

SPEC = "https://openlineage.io/spec"
EVENT = f"{SPEC}/2-0-2/OpenLineage.json#/$defs/RunEvent"
PRODUCER = "https://github.com/nbyard/nbyard"
# Each facet of the specification with its version.
FACETS: Mapping[str, tuple[str, str]] = {
    "errorMessage": ("1-0-1", "ErrorMessageRunFacet"),
    "jobType": ("2-0-4", "JobTypeJobFacet"),
    "nominalTime": ("1-0-1", "NominalTimeRunFacet"),
    "outputStatistics": ("1-0-2", "OutputStatisticsOutputDatasetFacet"),
    "parent": ("1-2-0", "ParentRunFacet"),
    "processing_engine": ("1-1-1", "ProcessingEngineRunFacet"),
    "schema": ("1-2-0", "SchemaDatasetFacet"),
    "executionParameters": ("1-0-0", "ExecutionParametersRunFacet"),
    "tags": ("1-0-0", "TagsRunFacet"),
    "version": ("1-0-1", "DatasetVersionDatasetFacet"),
}
ENDS: Mapping[str, str] = {"succeeded": "COMPLETE", "failed": "FAIL", "cancelled": "ABORT"}
EventType = Literal["START", "COMPLETE", "FAIL", "ABORT"]
NAMESPACE = "nbyard"
LONGEST_VALUE = 1_000
Event = dict[str, Any]


def run_events(record: RunRecord, version: str, namespace: str = NAMESPACE) -> list[Event]:
    """Return the OpenLineage events of a run in the order of their times.

    `version` is nbyard's version. A run that has not started has no events. An unfinished run
    has the events about its start and about its tasks so far.
    """
    return sorted(_Events(record, version, namespace).all(), key=lambda event: event["eventTime"])


class _Events:
    def __init__(self, record: RunRecord, version: str, namespace: str):
        self._record, self._version, self._namespace = record, version, namespace
        # Folders may differ between servers and reveal details of the machine.
        self._name = record.run.path.rpartition("/")[2] or record.run.title

    def all(self) -> Iterator[Event]:
        run = self._record.run
        if not self._record.is_workflow:
            for task in self._record.tasks[:1]:
                facets = self._run_facets(run) | self._task_facets(task)
                yield from self._pair(run.id, self._name, "TASK", facets, run, self._files(task))
            return
        facets = self._run_facets(run)
        inputs = [self._input(content) for content in self._record.data_used().values()]
        files = {item for own in self._record.files.values() for item in own.items()}
        inputs += [_file_input(path, digest) for path, digest in sorted(files)]
        data = {
            "inputs": inputs,
            "outputs": [
                self._output(artifact)
                for artifact in self._record.results()
                if artifact.name != EXECUTED
            ],
        }
        yield from self._pair(run.id, self._name, "WORKFLOW", facets, run, data)
        for task in self._record.tasks:
            # A skipped task did nothing, and a cached one only took over earlier results.
            if task.started_at is not None:
                yield from self._of_task(task)

    def _of_task(self, task: Task) -> Iterator[Event]:
        parent = {
            "run": {"runId": self._record.run.id},
            "job": {"namespace": self._namespace, "name": self._name},
        }
        facets = {"parent": facet_of("parent", **parent), **self._task_facets(task)}
        name = f"{self._name}.{task.node}"
        yield from self._pair(task.id, name, "TASK", facets, task, self._files(task))

    def _pair(
        self,
        key: str,
        name: str,
        job_type: str,
        facets: Mapping[str, Any],
        of: Run | Task,
        data: Mapping[str, Any],
    ) -> Iterator[Event]:
        """Yield the start event of a run or task, and its end event if it has ended.

        `key` is the ID of the run or task `of`, and `name` is its job's name. `data` has its
        inputs and outputs.
        """
        kind = facet_of("jobType", processingType="BATCH", integration="NBYARD", jobType=job_type)
        engine = facet_of("processing_engine", version=self._version, name="nbyard")
        facets = {"processing_engine": engine, **facets}

        def event(event_type: EventType, at: datetime, **more: Any) -> Event:
            return {
                "eventType": event_type,
                "eventTime": utc_time(at),
                "run": {"runId": key, "facets": {**facets, **more}},
                "job": {"namespace": self._namespace, "name": name, "facets": {"jobType": kind}},
                "producer": PRODUCER,
                "schemaURL": EVENT,
            }

        # The specification requires a start and an end for each run. A run that was cancelled
        # early, or failed to prepare, never started: its end time is used for both.
        started = of.started_at or of.finished_at
        if started is None:
            return
        yield {**event("START", started), "inputs": data["inputs"], "outputs": []}
        if of.finished_at is None or of.state not in ENDS:
            return
        end: Any = ENDS[of.state]
        more = {}
        if end == "FAIL":
            more["errorMessage"] = self._error(of)
        yield {**event(end, max(of.finished_at, started), **more), **data}

    def _run_facets(self, run: Run) -> Event:
        due = facet_of("nominalTime", nominalStartTime=run.scheduled_at)
        tags = {"run": str(run.number), "owner": run.owner, "origin": run.origin.kind}
        if run.git is not None:
            tags |= {"git.commit": run.git.commit, "git.branch": run.git.branch}
            tags["git.dirty"] = str(run.git.is_dirty).lower()
        return {"nominalTime": due, "tags": _tags(tags), **_parameters(run.parameters)}

    def _task_facets(self, task: Task) -> Event:
        code = self._record.code.get(task.executable_version_id)
        tags = {"run": str(self._record.run.number), "node": task.node, "runtime": task.runtime}
        if code is not None:
            tags |= {"code": code.file, "code.version": str(code.number)}
            tags |= {"code.digest": code.code_digest, "language": code.language}
        if task.environment is not None:
            tags["environment"] = task.environment.shown
            tags["environment.lock"] = task.environment.digest
        return {"tags": _tags(tags), **_parameters(task.arguments)}

    def _error(self, of: Run | Task) -> Event:
        failure = of.failure if isinstance(of, Task) else None
        code = self._record.code.get(of.executable_version_id) if isinstance(of, Task) else None
        message = str((failure.reason if failure else of.reason) or "failed")
        language = (code.language if code else "") or "python"
        return facet_of("errorMessage", message=message, programmingLanguage=language)

    def _files(self, task: Task) -> Event:
        used = {
            artifact.id: self._result(artifact) for _, artifact in self._record.results_used(task)
        }
        known = {
            content.digest + content.origin: self._input(content)
            for content in task.inputs.values()
        }
        outputs = [
            self._output(artifact) for artifact in task.artifacts if artifact.name != EXECUTED
        ]
        read = self._record.files.get(task.node, {}).items()
        files = [_file_input(path, digest) for path, digest in read]
        return {"inputs": [*known.values(), *files, *used.values()], "outputs": outputs}

    def _input(self, content: BytesOf) -> Event:
        """Return an input from outside the run: a dataset, another run's artifact, or a file."""
        kind = content.source.partition(":")[0]
        name = content.origin or content.filename
        if kind == "dataset":
            # The origin is `sales v3`, for example. All versions must have the same name.
            name = name.rpartition(" v")[0] or name
        # A file of the project has no source.
        event = _file_input(name, content.digest)
        return {**event, "namespace": self._namespace} if kind else event

    def _result(self, artifact: Artifact) -> Event:
        run = self._record.run
        # The name of a named artifact, else one that is the same in each run of the file.
        # Receivers follow data by their names, so a name must not contain the ID of a run.
        named = run.name and not self._record.is_workflow
        name = (
            f"{run.name}.{artifact.name}"
            if named
            else f"{self._name}.{artifact.node}.{artifact.name}"
        )
        facets = {"version": facet_of("version", datasetVersion=artifact.digest)}
        if artifact.type is not None and artifact.type.columns:
            columns = [{"name": name, "type": kind} for name, kind in artifact.type.columns]
            facets["schema"] = facet_of("schema", fields=columns)
        return {"namespace": self._namespace, "name": name, "facets": facets}

    def _output(self, artifact: Artifact) -> Event:
        counted: Event = {"size": artifact.size_bytes}
        if artifact.type is not None and artifact.type.rows is not None:
            counted["rowCount"] = artifact.type.rows
        statistics = facet_of("outputStatistics", **counted)
        return {**self._result(artifact), "outputFacets": {"outputStatistics": statistics}}


def _file_input(path: str, digest: str) -> Event:
    """Return a file as an input; OpenLineage's namespace of local files is `file`."""
    facets = {"version": facet_of("version", datasetVersion=digest)}
    return {"namespace": "file", "name": path, "facets": facets}


def facet_of(name: str, /, **fields: Any) -> Event:
    """Return a facet of the specification, with its version and these fields."""
    version, schema = FACETS[name]
    url = f"{SPEC}/facets/{version}/{schema}.json#/$defs/{schema}"
    return {"_producer": PRODUCER, "_schemaURL": url, **fields}


def utc_time(at: datetime) -> str:
    """Return a time in UTC in ISO format, with microseconds and a Z."""
    text = at.astimezone(UTC).isoformat(timespec="microseconds")
    return text.replace("+00:00", "Z")


def _tags(values: Mapping[str, str]) -> Event:
    tags = [{"key": k, "value": v, "source": "NBYARD"} for k, v in values.items() if v]
    return facet_of("tags", tags=tags)


def _parameters(values: Mapping[str, Any]) -> Event:
    """Return the facet of a run's or task's parameters by its name; empty without parameters."""
    texts = {
        name: value if isinstance(value, str) else canonical_text(value)
        for name, value in values.items()
    }
    given = [{"key": k, "name": k, "value": v[:LONGEST_VALUE]} for k, v in texts.items()]
    return (
        {"executionParameters": facet_of("executionParameters", parameters=given)} if given else {}
    )


def sample_event(key: str, at: datetime, version: str, name: str) -> Event:
    """Return an event to test whether a receiver accepts events; it describes no run.

    `key` is the ID of the test message, and `name` is the name of the channel.
    """
    engine = facet_of("processing_engine", version=version, name="nbyard")
    return {
        # OTHER belongs to no life cycle, so receivers do not wait for the end of this run.
        "eventType": "OTHER",
        "eventTime": utc_time(at),
        "run": {"runId": key, "facets": {"processing_engine": engine}},
        "job": {"namespace": NAMESPACE, "name": f"test of {name}", "facets": {}},
        "inputs": [],
        "outputs": [],
        "producer": PRODUCER,
        "schemaURL": EVENT,
    }
