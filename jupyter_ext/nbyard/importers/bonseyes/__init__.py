"""Reads manifests of dockerised pipelines, as users of Bonseyes know them.

`pipeline.yml` lists the artifacts of a pipeline, `FOLDER/tool.yml` describes the tool of a folder.
Tools become descriptions of their Dockerfiles, the pipeline becomes a document.
"""

import json
import uuid
from collections.abc import Collection, Mapping
from typing import Any, Literal, TypeVar, get_args

import msgspec

from nbyard.domain.arguments.structs import Argument, check_arguments, own_name
from nbyard.domain.executables.nbexec_files import Description, description_file
from nbyard.domain.file_formats import OutputClass
from nbyard.domain.naming.names import check_folder_path
from nbyard.domain.parsing.canonical_json import canonical
from nbyard.domain.parsing.strict_yaml import read_yaml
from nbyard.domain.projects.definitions import ProjectDefinition
from nbyard.domain.projects.structs import NewProject
from nbyard.domain.workflows.structs import read_document
from nbyard.errors import Invalid, NotFound
from nbyard.importers.protocol import ConvertedProject

PIPELINE, TOOL, DOCUMENT = "pipeline.yml", "tool.yml", "pipeline.nbflow"
CLASSES: tuple[str, ...] = get_args(OutputClass)


class Parameter(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A creation parameter of a tool. `type` is the type of the artifacts that can be chosen."""

    name: str
    kind: Literal["text", "file", "artifact", "artifacts"] = "text"
    type: str = ""
    default: str | msgspec.UnsetType = msgspec.UNSET
    description: str = ""

    def argument(self) -> Argument:
        """Return the argument of the tool's Dockerfile."""
        is_text = self.kind == "text"
        return Argument(
            own_name(self.name),
            role="value" if is_text else "input",
            type="list" if self.kind == "artifacts" else "string",
            required=self.default is msgspec.UNSET,
            default=self.default if is_text else msgspec.UNSET,
            help=self.description,
        )


class ToolOutput(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The output of a tool, with the type of its artifacts."""

    type: str
    name: str = "output"
    format: str = ""


class Tool(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The manifest of a tool."""

    output: ToolOutput
    description: str = ""
    parameters: tuple[Parameter, ...] = ()

    def text(self, place: str) -> str:
        """Return the description of the tool's Dockerfile."""
        of_class: Any = self.output.type if self.output.type in CLASSES else ""
        output = Argument(
            own_name(self.output.name),
            role="output",
            format=self.output.format,
            output_class=of_class,
        )
        arguments = (*(parameter.argument() for parameter in self.parameters), output)
        check_arguments(arguments, f"{place}.parameters")
        return Description(arguments=arguments).text()


class PipelineArtifact(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An artifact that a pipeline creates. `inputs` are artifacts by the names of parameters."""

    name: str
    tool: str
    parameters: dict[str, str | int | float | bool] = {}
    inputs: dict[str, str] = {}


class Pipeline(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The manifest of a pipeline."""

    name: str
    artifacts: tuple[PipelineArtifact, ...]
    description: str = ""

    def text(self, tools: Mapping[str, Tool]) -> str:
        """Return the document: a node for each artifact, a connection for each input.

        Raises:
            Invalid: An artifact or parameter does not exist, or a type does not match.
        """
        by_name = {artifact.name: artifact for artifact in self.artifacts}
        nodes: dict[str, Any] = {}
        edges: dict[str, Any] = {}
        for artifact in self.artifacts:
            place, tool = f"{PIPELINE}.artifacts.{artifact.name}", tools[artifact.tool]
            parameters = {parameter.name: parameter for parameter in tool.parameters}
            for name in (*artifact.parameters, *artifact.inputs):
                if name not in parameters:
                    raise Invalid.field(f"{place}.{name}", f"{artifact.tool} has no such parameter")
            values = {  # tools take texts
                own_name(name): {"value": value if isinstance(value, str) else json.dumps(value)}
                for name, value in artifact.parameters.items()
            }
            nodes[artifact.name] = {
                "type": "executable",
                "path": f"{artifact.tool}/Dockerfile",
                "arguments": values,
            }
            for name, source in artifact.inputs.items():
                if source not in by_name:
                    raise Invalid.field(f"{place}.inputs.{name}", f"there is no artifact {source}")
                output, wanted = tools[by_name[source].tool].output, parameters[name].type
                if wanted and wanted != output.type:
                    raise Invalid.field(
                        f"{place}.inputs.{name}",
                        f"{source} has the type {output.type}, not {wanted}",
                    )
                ends = {"source": source, "output": own_name(output.name)}
                ends |= {"target": artifact.name, "input": own_name(name)}
                edges[f"{source}.{ends['output']}->{artifact.name}.{ends['input']}"] = ends
        # The same pipeline gets the same ID at each conversion.
        identity = str(uuid.uuid5(uuid.NAMESPACE_URL, f"pipeline:{self.name}"))
        meta = {"id": identity, "title": self.name}
        return canonical({"version": 1, "meta": meta, "nodes": nodes, "edges": edges})


Manifest = TypeVar("Manifest", Tool, Pipeline)


def _read(files: Mapping[str, bytes], path: str, of: type[Manifest]) -> Manifest:
    if path not in files:
        raise NotFound(f"The folder has none of the files {path}.")
    try:
        return msgspec.convert(read_yaml(files[path], path), of)
    except msgspec.ValidationError as error:
        raise Invalid.field(path, str(error)) from None


class BonseyesImporter:
    """Converts folders with the manifests of a pipeline and of its tools."""

    name = "bonseyes"
    files: tuple[str, ...] = (PIPELINE,)
    suffixes: tuple[str, ...] = (PIPELINE, TOOL)

    def convert(self, files: Mapping[str, bytes], paths: Collection[str]) -> ConvertedProject:
        """Convert a folder with a pipeline.

        Raises:
            NotFound: A manifest is missing.
            Invalid: A manifest is refused, or a tool has no Dockerfile. The message says where.
        """
        pipeline = _read(files, PIPELINE, Pipeline)
        tools: dict[str, Tool] = {}
        for artifact in pipeline.artifacts:
            folder = check_folder_path(artifact.tool)
            tools[folder] = _read(files, f"{folder}/{TOOL}", Tool)
            if f"{folder}/Dockerfile" not in paths:
                raise Invalid.field(f"{folder}/{TOOL}", "its folder has no Dockerfile")
        text = pipeline.text(tools)
        read_document(text.encode())  # refuses cycles and other invalid graphs
        written = {DOCUMENT: text}
        for folder, tool in tools.items():
            place = f"{folder}/{TOOL}"
            written[f"{folder}/{description_file('Dockerfile')}"] = tool.text(place)
        project = NewProject(pipeline.name, pipeline.description)
        return ConvertedProject(ProjectDefinition(project), written, {}, [])
