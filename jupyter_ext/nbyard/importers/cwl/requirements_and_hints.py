"""Reads requirements and hints (CWL v1.2 CommandLineTool, section 5) into a description.

The named types of SchemaDefRequirement are replaced by their definitions.
"""

import math
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from nbyard.domain.arguments.file_objects import MIB
from nbyard.domain.commands.invocations import Invocation, WorkFile
from nbyard.domain.executables.structs import Resources
from nbyard.importers.cwl.types import Fields, bare_name, refuse_field, shown_value
from nbyard.reasons.structs import because

SCHEMAS = "SchemaDefRequirement"
MAX_USES = 1_000
DOCKER = "DockerRequirement"
SHELL = "ShellCommandRequirement"
UNSUPPORTED = {
    "InlineJavascriptRequirement": "JavaScript is not supported; use plain parameter references",
}


def with_schemas(tool: Fields) -> Fields:
    """Return the tool with all named types replaced by their definitions.

    Raises:
        Invalid: A type has no name, a name occurs twice, or a type contains itself.
    """
    schemas = _Schemas()
    for place in ("requirements", "hints"):
        for name, fields in tool.entries(place, "class", ""):
            if name == SCHEMAS:
                schemas.add(fields)
    if not schemas.known:
        return tool
    changed = {name: schemas.members(tool.get(name), name) for name in ("inputs", "outputs")}
    return Fields({**tool.value, **changed}, tool.where, tool.notes)


class _Schemas:
    def __init__(self) -> None:
        self.known: dict[str, dict[str, Any]] = {}
        self._uses = 0

    def add(self, requirement: Fields) -> None:
        requirement.allow_only("class", "types")
        for declared in requirement.listed("types"):
            schema = Fields(declared, requirement.at("types"), requirement.notes)
            name = bare_name(schema.text("name"))
            if not name:
                refuse_field(schema.where, "each type needs a name")
            if name in self.known:
                refuse_field(schema.where, f"{name} appears twice")
            self.known[name] = {key: value for key, value in schema.value.items() if key != "name"}

    def members(self, members: Any, where: str, above: tuple[str, ...] = ()) -> Any:
        """Return inputs, outputs or fields with their types resolved.

        They are a list of objects, or an object whose values are objects or types.
        """
        if isinstance(members, list):
            return [self._member(member, where, above) for member in members]
        if not isinstance(members, dict):
            return members
        return {
            name: self._member(
                member if isinstance(member, dict) else {"type": member}, f"{where}.{name}", above
            )
            for name, member in members.items()
        }

    def _member(self, member: Any, where: str, above: tuple[str, ...]) -> Any:
        if not isinstance(member, dict) or "type" not in member:
            return member
        return {**member, "type": self._type(member["type"], f"{where}.type", above)}

    def _type(self, kind: Any, where: str, above: tuple[str, ...]) -> Any:
        if isinstance(kind, str):
            return self._resolve_name(kind, where, above)
        if isinstance(kind, list):
            return [self._type(alternative, where, above) for alternative in kind]
        if not isinstance(kind, dict):
            return kind
        if set(kind) == {"type"}:
            return self._type(kind["type"], where, above)
        inner = {**kind}
        if "items" in kind:
            inner["items"] = self._type(kind["items"], f"{where}.items", above)
        if "fields" in kind:
            inner["fields"] = self.members(kind["fields"], f"{where}.fields", above)
        return inner

    def _resolve_name(self, name: str, where: str, above: tuple[str, ...]) -> Any:
        if name.endswith("?"):
            inner = self._resolve_name(name[:-1], where, above)
            return name if isinstance(inner, str) else ["null", inner]
        if name.endswith("[]"):
            inner = self._resolve_name(name[:-2], where, above)
            return name if isinstance(inner, str) else {"type": "array", "items": inner}
        called = bare_name(name)
        if called not in self.known:
            return name
        # A recursive type cannot be expanded.
        if called in above:
            refuse_field(where, f"the type {called} contains itself")
        # Types that use each other twice would grow exponentially.
        self._uses += 1
        if self._uses > MAX_USES:
            refuse_field(where, f"types are named more than {MAX_USES:,} times")
        return self._type(self.known[called], where, (*above, called))


class Requirements:
    """The requirements and hints of a tool.

    A requirement overrides a hint of the same class.
    """

    def __init__(self) -> None:
        self.resources = Resources()
        self.invocation = Invocation()

    def read(self, tool: Fields) -> None:
        """Read the requirements and hints of a tool.

        Unknown requirements are refused by name. Unknown hints are skipped with a note.

        Raises:
            Invalid: A requirement is not supported.
        """
        requirements = list(_classes(tool, "requirements"))
        required = {name for name, _ in requirements}
        hinted = [hint for hint in _classes(tool, "hints") if hint[0] not in required]
        for name, fields in requirements:
            if name not in READERS:
                why = UNSUPPORTED.get(name, "this requirement is not supported")
                refuse_field(f"requirements.{name}", why)
            READERS[name](self, fields)
        for name, fields in hinted:
            if name in HINTS:
                HINTS[name](self, fields)
            else:
                tool.notes.append(because("cwl-hint-left-out", name=name))

    def _limit(self, **limits: Any) -> None:
        self.resources = msgspec.structs.replace(self.resources, **limits)

    def _run(self, **changes: Any) -> None:
        self.invocation = msgspec.structs.replace(self.invocation, **changes)

    def docker(self, fields: Fields) -> None:
        """Read DockerRequirement: the image of the container."""
        fields.allow_only("class", "dockerPull", "dockerImageId")
        image = fields.text("dockerPull") or fields.text("dockerImageId")
        if not image:
            refuse_field(fields.at("dockerPull"), "the name of an image is needed")
        self._limit(image=image)

    def hinted_docker(self, fields: Fields) -> None:
        """Read DockerRequirement as a hint: the image for nodes that run in containers anyway."""
        image = fields.text("dockerPull") or fields.text("dockerImageId")
        self._limit(hinted_image=image)
        if image:
            fields.notes.append(because("cwl-hint-with-image", name=DOCKER, image=image))
        else:
            fields.notes.append(because("cwl-hint-without-image", name=DOCKER))

    def amounts(self, fields: Fields) -> None:
        """Read ResourceRequirement.

        The larger memory value is the limit. Disk space only adds a note.
        """
        names = [f"{what}{end}" for what in SIZES for end in ("Min", "Max")]
        fields.allow_only("class", *names)
        numbers = {name: fields.number(name, float) for name in names}
        # In CWL, a missing minimum equals the maximum, and the other way round.
        cores = numbers["coresMin"] or numbers["coresMax"]
        memory = numbers["ramMax"] or numbers["ramMin"]
        self._limit(
            cpu=float(cores) if cores else None,
            memory_bytes=math.ceil(memory * MIB) if memory else None,
        )
        rooms = {
            what: numbers[f"{what}Min"] or numbers[f"{what}Max"] for what in ("tmpdir", "outdir")
        }
        if any(rooms.values()):
            fields.notes.append(because("cwl-disk-not-reserved"))
        self._run(**{f"{what}_mib": math.ceil(room) for what, room in rooms.items() if room})

    def variables(self, fields: Fields) -> None:
        """Read EnvVarRequirement."""
        fields.allow_only("class", "envDef")
        variables = {}
        for name, entry in fields.entries("envDef", "envName", "envValue"):
            entry.allow_only("envName", "envValue")
            text = entry.expression("envValue")
            if text is None:
                refuse_field(entry.at("envValue"), "a text is needed")
            variables[name] = text
        self._run(variables=variables)

    def time(self, fields: Fields) -> None:
        """Read ToolTimeLimit. 0 means no limit."""
        fields.allow_only("class", "timelimit")
        self._limit(timeout_seconds=fields.number("timelimit", float) or None)

    def reuse(self, fields: Fields) -> None:
        """Read WorkReuse: whether cached results may be used."""
        fields.allow_only("class", "enableReuse")
        self._limit(cache=None if fields.truth("enableReuse", True) else False)

    def network(self, fields: Fields) -> None:
        """Read NetworkAccess, which only adds a note: the settings of nbyard decide."""
        fields.allow_only("class", "networkAccess")
        if fields.truth("networkAccess", False):
            fields.notes.append(because("cwl-network-by-settings"))

    def shell(self, fields: Fields) -> None:
        """Read ShellCommandRequirement."""
        fields.allow_only("class")
        self._run(for_shell=True)

    def listing(self, fields: Fields) -> None:
        """Accept LoadListingRequirement without effect: references can always use listings."""
        fields.allow_only("class", "loadListing")

    def folder(self, fields: Fields) -> None:
        """Read InitialWorkDirRequirement: files of the working folder."""
        fields.allow_only("class", "listing")
        files = []
        for member in fields.listed("listing"):
            # A Dirent (section 5.14.1), or a reference to an input.
            whole = {"entry": member} if isinstance(member, str) else member
            entry = Fields(whole, fields.at("listing"), fields.notes)
            if "class" in entry:
                why = f"a {shown_value(entry.get('class'))} literal is not supported"
                refuse_field(entry.at("class"), why)
            entry.allow_only("entry", "entryname", "writable")
            text = entry.expression("entry")
            if text is None:
                refuse_field(entry.at("entry"), "is needed")
            name = entry.expression("entryname") or ""
            files.append(WorkFile(text, name, entry.truth("writable", False)))
        self._run(files=tuple(files))

    def schemas(self, _: Fields) -> None:
        """Accept SchemaDefRequirement without effect: its types are already resolved."""


def _classes(tool: Fields, name: str) -> Iterator[tuple[str, Fields]]:
    for called, fields in tool.entries(name, "class", ""):
        whole = {"class": called, **(fields.value or {})}
        yield called, Fields(whole, f"{name}.{called}", tool.notes)


SIZES = ("cores", "ram", "tmpdir", "outdir")


READERS: dict[str, Callable[[Requirements, Fields], None]] = {
    DOCKER: Requirements.docker,
    "ResourceRequirement": Requirements.amounts,
    "EnvVarRequirement": Requirements.variables,
    "ToolTimeLimit": Requirements.time,
    "WorkReuse": Requirements.reuse,
    "NetworkAccess": Requirements.network,
    "InitialWorkDirRequirement": Requirements.folder,
    SCHEMAS: Requirements.schemas,
    SHELL: Requirements.shell,
    "LoadListingRequirement": Requirements.listing,
}
HINTS = {**READERS, DOCKER: Requirements.hinted_docker}
