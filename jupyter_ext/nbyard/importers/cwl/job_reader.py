"""Reads job files: the values of one run of a tool (CWL v1.2 CommandLineTool, section 2.3.3).

The names of inputs become those of their arguments, as in `inputs`.
"""

import posixpath
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import unquote, urlsplit

from nbyard.domain.arguments.bindings import Beside
from nbyard.domain.arguments.file_objects import CONTENTS, LISTING, SECONDARY
from nbyard.domain.arguments.structs import Argument
from nbyard.domain.parsing.strict_yaml import read_yaml
from nbyard.importers.cwl.references import free_name
from nbyard.importers.cwl.types import FILES, Fields, refuse_field, shown_value
from nbyard.importers.protocol import Job, JobFile

JOB = "job"
REQUIREMENTS = "cwl:requirements"
FILE, DIRECTORY = FILES


def read_job(content: bytes, filename: str, arguments: Sequence[Argument]) -> Job:
    """Return the values in a job file, for a tool with these arguments.

    Raises:
        Invalid: The file or a value is refused. The error names the line or the input.
    """
    job = Fields(read_yaml(content, filename), JOB, [])
    if REQUIREMENTS in job:
        refuse_field(job.at(REQUIREMENTS), "requirements of a job are not supported")
    translation = _Translation(arguments, posixpath.dirname(filename))
    known = {argument.name for argument in arguments}
    for name, value in job.value.items():
        # `$namespaces` and `cwl:tool` are not inputs.
        is_directive = name.startswith("$") or ":" in name
        if not is_directive or _argument_name(name) in known:
            translation.add((name,), value)
    return Job(translation.values, translation.files, tuple(translation.notes))


def _argument_name(*path: str) -> str:
    return free_name("_".join(path), set())


class _Translation:
    def __init__(self, arguments: Sequence[Argument], folder: str) -> None:
        self._arguments = {a.name: a for a in arguments if a.role != "output"}
        self._folder = folder
        self._paths: dict[str, tuple[str, ...]] = {}
        self.values: dict[str, Any] = {}
        self.files: dict[str, JobFile] = {}
        self.notes: list[str] = []

    def add(self, path: tuple[str, ...], value: Any) -> None:
        """Add the value of an input, or of a field of a record."""
        name, where = _argument_name(*path), ".".join((JOB, *path))
        argument = self._arguments.get(name)
        if argument is None:
            self._add_record(path, value, where)
            return
        other = self._paths.setdefault(name, path)
        if other != path:
            refuse_field(where, f"is the same argument as another input: {'.'.join(other)}")
        if value is None:
            # As in CWL, the default of the input counts.
            return
        if argument.role != "input":
            if _has_file(value):
                refuse_field(where, "files are not supported in a value of this type")
            self.values[name] = value
        elif argument.type == "list":
            self.files[name] = self._list(argument, value, where)
        else:
            kind = DIRECTORY if argument.format == "folder" else FILE
            self.files[name] = self._file(value, where, kind, name)
            self._add_secondary(argument, Fields(value, where, []))

    def _add_record(self, path: tuple[str, ...], value: Any, where: str) -> None:
        start = _argument_name(*path, "x")[:-1]
        if not any(name.startswith(start) for name in self._arguments):
            # As other programs do: a job may serve several tools.
            self.notes.append(f"{'.'.join(path)} is ignored: this tool has no such input.")
            return
        for field, inner in Fields({} if value is None else value, where, []).value.items():
            self.add((*path, field), inner)

    def _add_secondary(self, argument: Argument, fields: Fields) -> None:
        """Add the secondary files of one file, each as the argument with its pattern."""
        declared = {
            other.reach.name(self.files[argument.name].name): other
            for other in self._arguments.values()
            if isinstance(other.reach, Beside) and other.reach.of == argument.name
        }
        for file in self._files(fields, SECONDARY):
            if file.name not in declared:
                why = (
                    f"{file.name} has none of the names that the tool declares for secondary files"
                )
                refuse_field(fields.at(SECONDARY), why)
            self.files[declared[file.name].name] = file

    def _list(self, argument: Argument, value: Any, where: str) -> JobFile:
        """Return a list of files: one file, or a folder with the files and their companions."""
        if not isinstance(value, list):
            refuse_field(where, f"a list of files is needed, not {shown_value(value)}")
        entries: list[JobFile] = []
        items: list[str] = []
        for index, element in enumerate(value):
            item = self._file(element, f"{where}.{index}", FILE, f"{argument.name}_{index}")
            given = [*self._files(Fields(element, f"{where}.{index}", []), SECONDARY)]
            for companion in argument.companions:
                name = companion.beside.name(item.name)
                if item.path and name not in {file.name for file in given}:
                    # As for a single file, a file of that name beside it counts.
                    path = posixpath.join(posixpath.dirname(item.path), name)
                    given.append(JobFile(name, path, optional=True))
            items.append(item.name)
            # Items may share a secondary file.
            entries += [item, *(file for file in given if file not in entries)]
        if items != sorted(items):
            self.notes.append(
                f"{argument.name}: the files are passed in the order of their names, not as"
                f" {', '.join(items)}."
            )
        entries = [entry for entry in entries if not (entry.optional and entry.name in items)]
        if len(entries) == 1:
            return entries[0]
        return JobFile(argument.name, entries=_without_twins(entries, where))

    def _files(self, fields: Fields, name: str) -> Iterator[JobFile]:
        for index, element in enumerate(fields.listed(name)):
            where = f"{fields.at(name)}.{index}"
            member = Fields(element, where, [])
            kind = DIRECTORY if member.get("class") == DIRECTORY else FILE
            yield self._file(element, where, kind, f"{kind.lower()}_{index}")
            yield from self._files(member, SECONDARY)

    def _file(self, value: Any, where: str, kind: str, literal: str) -> JobFile:
        """Return the file of an object. `literal` is its name if the object has none."""
        if not isinstance(value, dict) or value.get("class") != kind:
            given = shown_value(value.get("class") if isinstance(value, dict) else value)
            refuse_field(where, f"a {kind} object is needed, not {given}")
        fields = Fields(value, where, [])
        path = self._place(fields)
        name = fields.get("basename") or posixpath.basename(path.rstrip("/")) or literal
        if not isinstance(name, str) or "/" in name or name in (".", ".."):
            refuse_field(fields.at("basename"), f"{str(name)[:200]} is not the name of a file")
        if path:
            return JobFile(name, path)
        if kind == DIRECTORY and isinstance(fields.get(LISTING), list):
            entries = _without_twins([*self._files(fields, LISTING)], fields.at(LISTING))
            return JobFile(name, entries=entries)
        contents = fields.get(CONTENTS)
        if kind == DIRECTORY or not isinstance(contents, str):
            what = LISTING if kind == DIRECTORY else CONTENTS
            refuse_field(where, f"path, location or {what} is needed")
        return JobFile(name, contents=contents)

    def _place(self, fields: Fields) -> str:
        """Return the path of a file or folder, empty for a literal.

        A `location` is a URI, so its `%20` is a space; a `path` is not.
        """
        for name in ("path", "location"):
            place = fields.get(name)
            if place is None:
                continue
            if not isinstance(place, str) or not place:
                refuse_field(
                    fields.at(name), f"the path of a file is needed, not {shown_value(place)}"
                )
            if name == "location":
                if place.startswith("_:"):
                    continue
                if "://" in place and not place.startswith("file://"):
                    why = f"{place[:200]} is not a file of this machine"
                    refuse_field(fields.at(name), why)
                place = unquote(urlsplit(place).path if "://" in place else place)
            return posixpath.join(self._folder, place)
        return ""


def _has_file(value: Any) -> bool:
    if isinstance(value, list):
        return any(map(_has_file, value))
    if not isinstance(value, dict):
        return False
    return value.get("class") in FILES or any(map(_has_file, value.values()))


def _without_twins(entries: list[JobFile], where: str) -> tuple[JobFile, ...]:
    """Return the entries of a folder, or refuse two with one name."""
    names = [entry.name for entry in entries]
    for name in names:
        if names.count(name) > 1:
            refuse_field(where, f"two files have the name {name}")
    return tuple(entries)
