"""The crate of a run: its workflow, the tools of its nodes, and an action for each task."""

from collections.abc import Container, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from nbyard.domain.arguments.structs import Argument
from nbyard.domain.attempts.structs import EXECUTED
from nbyard.domain.crates.entities import (
    CRATE,
    METADATA,
    CodeFile,
    CrateFile,
    CrateGraph,
    CrateParts,
    Entity,
    key_of,
    place_of,
    ref,
)
from nbyard.domain.lineage.run_record import RunRecord
from nbyard.domain.parsing.canonical_json import canonical
from nbyard.domain.runs.structs import Artifact, Run, Task
from nbyard.domain.workflows.structs import Meta
from nbyard.reasons.structs import reason_text

PROCESS = ("https://w3id.org/ro/wfrun/process/0.5", "Process Run Crate", "0.5")
OF_WORKFLOWS = (
    ("https://w3id.org/ro/wfrun/workflow/0.5", "Workflow Run Crate", "0.5"),
    ("https://w3id.org/ro/wfrun/provenance/0.5", "Provenance Run Crate", "0.5"),
    ("https://w3id.org/workflowhub/workflow-ro-crate/1.0", "Workflow RO-Crate", "1.0"),
)
STATUS: Mapping[str, str] = {
    "succeeded": "CompletedActionStatus",
    "failed": "FailedActionStatus",
    # schema.org has no status for cancelled actions.
    "cancelled": "FailedActionStatus",
    "running": "ActiveActionStatus",
    "queued": "PotentialActionStatus",
}
HOME = "https://github.com/nbyard/nbyard"
RUN = "#run"
FLOWS = "https://bioschemas.org/profiles/ComputationalWorkflow/1.0-RELEASE"
README = """\
# {title}

Run {number} of {of}, with its code, data and results as an
[RO-Crate](https://www.researchobject.org/ro-crate/). `ro-crate-metadata.json` describes all parts.
Data that it names by `ni:///sha-256;…` are not included.

| folder | content |
|---|---|
| `code` | the code of the nodes, with the files beside it |
| `inputs` | data from outside the run |
| `outputs` | results and executed notebooks, by node |
| `environments` | locks of environments, and the packages of other kernels (`name==version`) |
| `workflow` | the workflow, as it ran |
"""
# These tasks left nothing to describe.
IDLE = ("waiting", "queued", "preparing", "skipped")


def write_crate(
    record: RunRecord,
    stored: Container[str],
    version: str,
    now: datetime,
    left_out: Mapping[str, Sequence[CodeFile]] = {},
) -> list[CrateFile]:
    """Return the files of a crate, with its metadata first.

    `stored` has the digests of bytes that the crate can include. Other data are described by their
    digests. `version` is that of nbyard. `left_out` has the files that code bundles are packed
    without, by the digests of the bundles. These files are described by their digests, too.
    """
    graph = CrateGraph()
    parts = CrateParts(graph, record, stored, left_out)
    return _RunCrate(record, graph, parts, version, now).files()


class _RunCrate:
    def __init__(
        self, record: RunRecord, graph: CrateGraph, parts: CrateParts, version: str, now: datetime
    ):
        self._record, self._graph, self._parts = record, graph, parts
        self._version, self._now = version, now
        # Without its document, the tasks of a workflow are processes.
        self._is_workflow = record.document is not None
        self._done = [task for task in record.tasks if task.state not in IDLE]
        self._tasks = {task.node: task for task in self._done}

    def files(self) -> list[CrateFile]:
        run, graph = self._record.run, self._graph
        profiles = [PROCESS, *(OF_WORKFLOWS if self._is_workflow else ())]
        followed = [ref(CRATE), *(ref(OF_WORKFLOWS[-1][0]) for _ in profiles[1:2])]
        graph.add(METADATA, "CreativeWork", about=ref("./"), conformsTo=followed)
        title = run.name or run.title
        ended = f" on {run.finished_at:%Y-%m-%d}" if run.finished_at else ""
        graph.add(
            "./",
            "Dataset",
            name=title,
            description=f"Run {run.number} of {run.title}: {run.state}{ended}.",
            datePublished=self._now.astimezone(UTC).isoformat(timespec="seconds"),
            conformsTo=[
                graph.add(key, "CreativeWork", name=name, version=version)
                for key, name, version in profiles
            ],
            # RO-Crate wants one, and only the person who publishes the crate can state it.
            license=graph.add(
                "#license",
                "CreativeWork",
                name="No license stated",
                description="State the license of code and data before you publish this crate.",
            ),
        )
        # No person submits a run of an automation, which belongs to its owner.
        person = run.origin.person or run.owner
        self._agent = graph.add(key_of("person", person), "Person", name=person)
        graph.link("./", "author", self._agent)
        program = {"name": "nbyard", "softwareVersion": self._version, "url": HOME}
        graph.add(HOME, "SoftwareApplication", **program)
        text = README.format(title=title, number=run.number, of=run.title).encode()
        readme = CrateFile("README.md", content=text)
        graph.add_file(readme, name="Read me", about=ref("./"), encodingFormat="text/markdown")
        workflow = self._add_workflow() if self._is_workflow else None
        actions = [self._add_action(task) for task in self._done]
        if workflow is not None:
            actions = [self._add_run(workflow), *actions, self._add_steps(workflow)]
        self._graph.link("./", "mentions", *actions)
        metadata = msgspec.json.format(msgspec.json.encode(self._graph.metadata()), indent=2)
        return [CrateFile(METADATA, content=metadata), *self._graph.files.values()]

    def _add_workflow(self) -> Entity:
        graph, parts, run = self._graph, self._parts, self._record.run
        language = graph.add("#nbflow", "ComputerLanguage", name="nbyard workflow", url=HOME)
        name = run.path.rpartition("/")[2] or "workflow.nbflow"
        content = canonical(self._record.document).encode()
        workflow = graph.add_file(
            CrateFile(f"workflow/{place_of(name)}", content=content),
            ["File", "SoftwareSourceCode", "ComputationalWorkflow", "HowTo"],
            name=run.title or name,
            programmingLanguage=language,
            encodingFormat="application/json",
            version=run.workflow_version_id,
            creator=self._agent,
            conformsTo=graph.add(
                FLOWS, "CreativeWork", name="ComputationalWorkflow profile", version="1.0"
            ),
            additionalProperty=parts.git(run),
        )
        key = workflow["@id"]
        graph.link("./", "mainEntity", workflow)
        for argument in self._parameters().values():
            graph.link(key, "input", parts.parameter("workflow", argument))
        # The profile has no tools that did nothing. The document has all nodes.
        for task in self._done:
            graph.link(key, "hasPart", parts.tool(task))
            for name in task.inputs:
                argument = parts.argument(task, name, "input")
                port = parts.workflow_port(task, argument)
                graph.link(key, "input", port)
                own = parts.tool_parameter(task, argument)
                self._connect(key, task, port, own)
        for artifact in self._results():
            task = self._tasks[artifact.node]
            argument = parts.argument(task, artifact.name, "output")
            port = parts.workflow_port(task, argument)
            graph.link(key, "output", port)
            self._connect(key, task, parts.tool_parameter(task, argument), port)
        for edge in self._record.edges:
            source, target = self._tasks.get(edge.source), self._tasks.get(edge.target)
            if source is not None and target is not None:
                output = parts.argument(source, edge.output, "output")
                given = parts.argument(target, edge.input, "input")
                start = parts.tool_parameter(source, output)
                self._connect(key, target, start, parts.tool_parameter(target, given))
        return workflow

    def _connect(self, workflow: str, task: Task, source: Entity, target: Entity) -> None:
        """Add a connection of the workflow, and of the step that has an end of it."""
        step = self._graph.add(key_of("step", task.node), "HowToStep")
        connection = self._parts.connection(source, target)
        for key in (workflow, step["@id"]):
            self._graph.link(key, "connection", connection)

    def _parameters(self) -> dict[str, Argument]:
        meta = msgspec.convert((self._record.document or {}).get("meta", {}), Meta)
        return {name: parameter.argument(name) for name, parameter in meta.parameters.items()}

    def _results(self) -> Sequence[Artifact]:
        return [artifact for artifact in self._record.results() if artifact.name != EXECUTED]

    def _add_action(self, task: Task) -> Entity:
        graph, parts = self._graph, self._parts
        used = [(name, parts.data(content)) for name, content in task.inputs.items()]
        used += [
            (name, parts.result(artifact)) for name, artifact in self._record.results_used(task)
        ]
        for name, file in used:
            parameter = parts.tool_parameter(task, parts.argument(task, name, "input"))
            graph.link(file["@id"], "exampleOfWork", parameter)
        values = []
        for name, value in task.arguments.items():
            argument = parts.argument(task, name, "value")
            if argument.type != "secret":  # the value is the name of a credential
                parameter = parts.tool_parameter(task, argument)
                values.append(parts.value(name, value, parameter, task.node))
        made = []
        for artifact in task.artifacts:
            file = parts.result(artifact)
            made.append(file)
            if artifact.name != EXECUTED:
                output = parts.argument(task, artifact.name, "output")
                graph.link(file["@id"], "exampleOfWork", parts.tool_parameter(task, output))
        return graph.add(
            key_of("task", task.node),
            "CreateAction",
            name=f"{task.label or task.node} in run {self._record.run.number}",
            description=reason_text(task.reason) or f"The node {task.node} of the run.",
            instrument=parts.tool(task),
            agent=self._agent,
            object=[*(file for _, file in used), *values],
            result=made,
            additionalProperty=None if self._is_workflow else parts.git(self._record.run),
            **_outcome(task),
        )

    def _add_run(self, workflow: Entity) -> Entity:
        graph, parts, run = self._graph, self._parts, self._record.run
        for task in self._done:
            for name, content in task.inputs.items():
                port = parts.workflow_port(task, parts.argument(task, name, "input"))
                graph.link(parts.data(content)["@id"], "exampleOfWork", port)
        for artifact in self._results():
            task = self._tasks[artifact.node]
            port = parts.workflow_port(task, parts.argument(task, artifact.name, "output"))
            graph.link(parts.result(artifact)["@id"], "exampleOfWork", port)
        used = (content for task in self._done for content in task.inputs.values())
        data = {file["@id"]: file for file in map(parts.data, used)}.values()
        known = self._parameters()
        values = [
            parts.value(name, value, parts.parameter("workflow", known.get(name, Argument(name))))
            for name, value in run.parameters.items()
            if name not in known or known[name].type != "secret"
        ]
        return graph.add(
            RUN,
            "CreateAction",
            name=f"Run {run.number} of {run.title}",
            description=f"All nodes of the run, which was started by {run.origin.kind}.",
            instrument=workflow,
            agent=self._agent,
            object=[*data, *values],
            result=[*map(parts.result, self._record.results())],
            **_outcome(run),
        )

    def _add_steps(self, workflow: Entity) -> Entity:
        """Add the steps of the workflow, and the action by which nbyard ran them."""
        graph, controls = self._graph, []
        for place, task in enumerate(self._done):
            name = task.label or task.node
            step = graph.add(
                key_of("step", task.node),
                "HowToStep",
                name=name,
                position=str(place),
                workExample=self._parts.tool(task),
            )
            graph.link(workflow["@id"], "step", step)
            control = graph.add(
                key_of("control", task.node),
                "ControlAction",
                name=f"Run {name}",
                instrument=step,
                object=ref(key_of("task", task.node)),
            )
            controls.append(control)
        return graph.add(
            "#organize",
            "OrganizeAction",
            name=f"Run the workflow with nbyard {self._version}",
            agent=self._agent,
            instrument=ref(HOME),
            object=controls,
            result=ref(RUN),
            **_outcome(self._record.run),
        )


def _outcome(of: Run | Task) -> dict[str, Any]:
    """Return times and status of an action."""
    failure = of.failure.reason if isinstance(of, Task) and of.failure else of.reason
    status = STATUS.get(of.state)
    return {
        "startTime": of.started_at.isoformat() if of.started_at else None,
        "endTime": of.finished_at.isoformat() if of.finished_at else None,
        "actionStatus": f"http://schema.org/{status}" if status else None,
        "error": str(failure or "") if of.state == "failed" else None,
    }
