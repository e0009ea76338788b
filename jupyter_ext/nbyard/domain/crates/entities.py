"""The graph of a crate, and the parts to which several of its entities refer."""

import base64
import binascii
import itertools
from collections.abc import Container, Mapping, Sequence
from typing import Any
from urllib.parse import quote

import msgspec

from nbyard.domain.arguments.structs import Argument, Role
from nbyard.domain.digest import canonical_text
from nbyard.domain.executables.structs import ExecutableVersion
from nbyard.domain.file_formats import MEDIA_TYPES, format_of
from nbyard.domain.lineage.run_record import RunRecord
from nbyard.domain.naming.names import safe_filename
from nbyard.domain.runs.structs import Artifact, BytesOf, Run, Task

METADATA = "ro-crate-metadata.json"
CRATE = "https://w3id.org/ro/crate/1.1"
TERMS = "https://w3id.org/ro/terms/workflow-run#"
# Terms beside those of RO-Crate 1.1. They stand in the crate, so that it is read without a network.
OWN_TERMS = {
    name: f"{TERMS}{name}"
    for name in (
        "ParameterConnection",
        "connection",
        "sourceParameter",
        "targetParameter",
        "sha256",
    )
}
Entity = dict[str, Any]
TYPES: Mapping[str, str] = {
    "bool": "Boolean",
    "choice": "Text",
    "date": "Date",
    "datetime": "DateTime",
    "decimal": "Number",
    "float": "Float",
    "int": "Integer",
    "json": "Text",
    "list": "Text",
    "secret": "Text",
    "string": "Text",
    "time": "Time",
}
PARAMETERS = "https://bioschemas.org/profiles/FormalParameter/1.0-RELEASE"
CODE: Mapping[str, str] = {
    "ipynb": "application/x-ipynb+json",
    "py": "text/x-python",
    "r": "text/x-r",
    "sh": "text/x-shellscript",
}


class CrateFile(msgspec.Struct, frozen=True):
    """A file or folder of a crate, at the path `place`.

    Its bytes are those of the stored `digest`, or else `content`.
    """

    place: str
    digest: str = ""
    content: bytes = b""

    @property
    def is_folder(self) -> bool:
        """Return whether it is a folder."""
        return self.digest.startswith("tree:")

    @property
    def key(self) -> str:
        """Return the ID of the entity that describes the file."""
        return quote(self.place) + ("/" if self.is_folder else "")


class CodeFile(msgspec.Struct, frozen=True):
    """A file of a code bundle, by its path in the bundle."""

    path: str
    digest: str
    size: int


class CrateGraph:
    """The entities of a crate in the order of their addition, and its files by path."""

    def __init__(self) -> None:
        self._entities: dict[str, Entity] = {}
        self.files: dict[str, CrateFile] = {}

    def add(self, key: str, kind: str | list[str], **properties: Any) -> Entity:
        """Add an entity, or properties of a known one, and return a reference to it.

        Properties without a value are left out.
        """
        given = {name: value for name, value in properties.items() if value not in (None, "", [])}
        self._entities.setdefault(key, {"@id": key, "@type": kind}).update(given)
        return ref(key)

    def has(self, key: str) -> bool:
        """Return whether an entity was added."""
        return key in self._entities

    def link(self, key: str, name: str, *refs: Entity) -> None:
        """Add references to a property of an entity, each once."""
        known = self._entities[key].setdefault(name, [])
        known += [reference for reference in refs if reference not in known]

    def add_file(
        self, file: CrateFile, kind: str | list[str] = "File", **properties: Any
    ) -> Entity:
        """Add a file or folder with its entity, as a part of the crate."""
        self.files[file.place] = file
        entity = self.add(file.key, kind, **properties)
        self.link("./", "hasPart", entity)
        return entity

    def metadata(self) -> Entity:
        """Return the content of ro-crate-metadata.json."""
        graph = [
            {
                name: value[0]
                if isinstance(value, list) and len(value) == 1 and name != "@type"
                else value
                for name, value in entity.items()
            }
            for entity in self._entities.values()
        ]
        return {"@context": [f"{CRATE}/context", OWN_TERMS], "@graph": graph}


def ref(key: str) -> Entity:
    """Return a reference to an entity."""
    return {"@id": key}


def key_of(*parts: str) -> str:
    """Return the ID of an entity that is no file."""
    return "#" + "/".join(quote(word, safe="") for word in parts)


def place_of(*parts: str) -> str:
    """Return the path of a file in the crate."""
    return "/".join(safe_filename(word) for word in parts)


class CrateParts:
    """Adds tools, parameters, data and results to the graph of a crate.

    Each part is added when it is first referred to. `stored` has the digests of bytes that the
    crate can include. `left_out` has the files missing in code bundles, by the digest of the
    bundle.
    """

    def __init__(
        self,
        graph: CrateGraph,
        record: RunRecord,
        stored: Container[str],
        left_out: Mapping[str, Sequence[CodeFile]] = {},
    ):
        self._graph, self._record, self._stored = graph, record, stored
        self._left_out = left_out
        self._places: dict[str, str] = {}
        self._folders: dict[str, Entity] = {}

    def arguments(self, task: Task) -> dict[str, Argument]:
        """Return the declared arguments of the code of a task, by name.

        The result is empty if the code was deleted.
        """
        code = self._record.code.get(task.executable_version_id)
        return {argument.name: argument for argument in code.arguments} if code else {}

    def argument(self, task: Task, name: str, role: Role) -> Argument:
        """Return an argument of the code of a task.

        If the argument is unknown, only its name and role are set.
        """
        return self.arguments(task).get(name) or Argument(name, role=role)

    def tool(self, task: Task) -> Entity:
        """Add the code of a task, and return a reference to it.

        Its file is in the folder of the code bundle, if the crate includes that.
        """
        code = self._record.code.get(task.executable_version_id)
        label = task.label or (code.file if code else task.node)
        if code is None or code.bundle_digest not in self._stored:
            version = str(code.number) if code else None
            key = key_of("tool", task.executable_version_id or task.node)
            return self._graph.add(key, "SoftwareApplication", name=label, version=version)
        language = code.language or code.kind
        folder = self._code_folder(code)
        key = folder["@id"] + quote(code.file)
        tool = self._graph.add(
            key,
            ["File", "SoftwareSourceCode"],
            name=code.file.rpartition("/")[2],
            version=str(code.number),
            encodingFormat=media_type(code.file),
            programmingLanguage=self._graph.add(
                key_of("language", language), "ComputerLanguage", name=language
            ),
        )
        for lock in self._environment(task):
            self._graph.link(key, "softwareRequirements", lock)
        self._graph.link(folder["@id"], "hasPart", tool)
        for argument in code.arguments:
            role = "output" if argument.role == "output" else "input"
            self._graph.link(key, role, self.tool_parameter(task, argument))
        return tool

    def _code_folder(self, code: ExecutableVersion) -> Entity:
        """Add the folder of a code bundle, which all its tools share; return a reference to it."""
        digest = code.bundle_digest
        if digest in self._folders:
            return self._folders[digest]
        every = self._record.code.values()
        files = sorted({version.file for version in every if version.bundle_digest == digest})
        is_shared = len(files) > 1
        place = "shared" if is_shared else f"{files[0].rpartition('/')[2]}-v{code.number}"
        # The bundle is a whole folder: code reads files beside it.
        folder = self._graph.add_file(
            CrateFile(self._place("code", place, digest), digest),
            "Dataset",
            name=f"{', '.join(files)} and the files beside {'them' if is_shared else 'it'}",
        )
        for file in self._left_out.get(digest, ()):
            key = named_information(file.digest)
            if not self._graph.has(key):  # it may be an input, too
                self._file("", file.digest, file.path.rpartition("/")[2], file.path, file.size)
            self._graph.link(folder["@id"], "hasPart", ref(key))
        self._folders[digest] = folder
        return folder

    def tool_parameter(self, task: Task, argument: Argument) -> Entity:
        """Add an argument of the code of a task as a parameter."""
        return self.parameter(task.executable_version_id or task.node, argument)

    def workflow_port(self, task: Task, argument: Argument) -> Entity:
        """Add an input or output of a task as a parameter of the workflow."""
        named = msgspec.structs.replace(argument, name=f"{task.node}.{argument.name}")
        return self.parameter("workflow", named)

    # Parameters, their values and their files refer to each other by IDs, so these must be stable.
    def parameter(self, scope: str, argument: Argument) -> Entity:
        """Add a parameter, and return a reference to it.

        `scope` is part of its ID: the executable version, or `workflow`.
        """
        kind = TYPES[argument.type]
        if argument.role != "value":
            kind = "Dataset" if argument.format == "folder" else "File"
        default = argument.default if argument.default is not msgspec.UNSET else None
        return self._graph.add(
            key_of("parameter", scope, argument.name),
            "FormalParameter",
            name=argument.name,
            description=argument.help,
            additionalType=kind,
            valueRequired="True" if argument.required else None,
            defaultValue=None if default is None else text_of(default),
            conformsTo=self._graph.add(
                PARAMETERS, "CreativeWork", name="FormalParameter profile", version="1.0"
            ),
        )

    def connection(self, source: Entity, target: Entity) -> Entity:
        """Add the connection of two parameters, and return a reference to it."""
        key = key_of("connection", source["@id"][1:], target["@id"][1:])
        return self._graph.add(
            key, "ParameterConnection", sourceParameter=source, targetParameter=target
        )

    def value(self, name: str, value: Any, parameter: Entity, *scope: str) -> Entity:
        """Add the value of a parameter, and return a reference to it.

        `scope` distinguishes the values of several tasks.
        """
        text = text_of(value)
        return self._graph.add(
            key_of("value", *scope, name),
            "PropertyValue",
            name=name,
            # The graph leaves out empty properties, but an empty value must be visible.
            value=text or '""',
            exampleOfWork=parameter,
        )

    def data(self, content: BytesOf) -> Entity:
        """Add data from outside the run, and return a reference to it."""
        place = self._place("inputs", content.filename, f"{content.digest} {content.filename}")
        return self._file(place, content.digest, content.filename, content.origin, None)

    def result(self, artifact: Artifact) -> Entity:
        """Add a result of a task, and return a reference to it."""
        place = self._place(f"outputs/{place_of(artifact.node)}", artifact.filename, artifact.id)
        name = f"{artifact.name} of {artifact.node}"
        return self._file(place, artifact.digest, artifact.filename, name, artifact.size_bytes)

    def git(self, run: Run) -> list[Entity]:
        """Add the git commit and branch of a run to the graph; return these entities, if any."""
        if run.git is None:
            return []
        facts = {"git commit": run.git.commit, "git branch": run.git.branch}
        facts["git changes"] = "uncommitted changes" if run.git.is_dirty else "none"
        return [
            self._graph.add(key_of(name), "PropertyValue", name=name, value=value)
            for name, value in facts.items()
            if value
        ]

    def _file(self, place: str, digest: str, filename: str, name: str, size: int | None) -> Entity:
        is_folder = digest.startswith("tree:")
        properties: dict[str, Any] = {
            "name": name or filename,
            "alternateName": filename,
            "contentSize": None if size is None or is_folder else str(size),
            "encodingFormat": None if is_folder else media_type(filename),
            "sha256": None if is_folder else digest.partition(":")[2],
        }
        kind = "Dataset" if is_folder else "File"
        if place and digest in self._stored:
            return self._graph.add_file(CrateFile(place, digest), kind, **properties)
        entity = self._graph.add(named_information(digest), kind, **properties)
        self._graph.link("./", "hasPart", entity)
        return entity

    def _environment(self, task: Task) -> list[Entity]:
        used = task.environment
        version = self._record.environments.get(used.version_id) if used else None
        if used is None or version is None:
            return self._packages(task)
        content = "".join(f"{line}\n" for line in version.portable_lines).encode()
        place = self._place("environments", f"{used.name}-v{used.number}.txt", used.version_id)
        name = f"Lock of the environment {used.shown}, Python {version.python}"
        file = CrateFile(place, content=content)
        return [self._graph.add_file(file, name=name, encodingFormat="text/plain")]

    def _packages(self, task: Task) -> list[Entity]:
        """Add the packages of a kernel or image outside nbyard's environments."""
        used = self._record.packages.get(task.node)
        if used is None:
            return []
        names = sorted(used.versions, key=str.lower)
        content = "".join(f"{name}=={used.versions[name]}\n" for name in names).encode()
        place = self._place("environments", f"{used.name}.txt", used.fingerprint)
        file = CrateFile(place, content=content)
        return [
            self._graph.add_file(file, name=f"Packages of {used.name}", encodingFormat="text/plain")
        ]

    def _place(self, folder: str, name: str, of: str) -> str:
        """Return a path in a folder of the crate, the same for the same `of`.

        A number distinguishes paths with equal names.
        """
        plain = place_of(name)
        stem, dot, suffix = plain.rpartition(".") if "." in plain else (plain, "", "")
        numbered = (f"{stem}-{number}{dot}{suffix}" for number in itertools.count(2))
        places = (f"{folder}/{candidate}" for candidate in itertools.chain([plain], numbered))
        return next(place for place in places if self._places.setdefault(place, of) == of)


def media_type(filename: str) -> str:
    """Return the media type of a file by its name."""
    known_type = CODE.get(filename.rpartition(".")[2].lower()) or MEDIA_TYPES.get(
        format_of(filename)
    )
    return known_type or "application/octet-stream"


def text_of(value: Any) -> str:
    """Return a text unchanged, and other values as canonical JSON."""
    return value if isinstance(value, str) else canonical_text(value)


def named_information(digest: str) -> str:
    """Return the URI of bytes that are not part of a crate (RFC 6920)."""
    try:
        raw = binascii.unhexlify(digest.partition(":")[2])
    except binascii.Error:
        raw = digest.encode()
    return f"ni:///sha-256;{base64.urlsafe_b64encode(raw).decode().rstrip('=')}"
