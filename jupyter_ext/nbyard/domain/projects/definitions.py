"""The content of a project folder: the project file nbyard.toml, and the files to push."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal

import msgspec

from nbyard.domain.naming.names import MAX_NAME
from nbyard.domain.projects.schedule_entries import ScheduleEntry, without_false
from nbyard.domain.projects.structs import (
    NewProject,
    NotificationEntry,
    rules_as_lists,
    sorted_entries,
)
from nbyard.domain.runs.origins import GitState
from nbyard.domain.runs.retention import PolicyRules
from nbyard.errors import Invalid
from nbyard.field_suggestions import add_key_names, add_suggestions

ChangeKind = Literal["project", "environment", "schedule", "file", "notification", "policy"]
Entries = Mapping[ChangeKind, Mapping[str, msgspec.Struct]]  # of a folder or server, by name
FILE = "nbyard.toml"
FOLDER = "projects"  # of the store: it has the pushed files as `FOLDER/PROJECT ID/PUSH/`
HOMES = "homes"  # beside FOLDER, with the mirrors of files of users
MOST_BYTES = 1 << 20
# "Expected `int`, got `str` - at `$.schedules.night.at_most`"
MISMATCH = re.compile(r"(?P<what>.*?)(?: - at `(?:key in )?\$\.?(?P<place>.*)`)?", re.DOTALL)
OF_STRUCT = re.compile(r"Object (?:contains unknown|missing required) field `(?P<name>[^`]*)`")


class EnvironmentEntry(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """An environment in a project file: the lines of a requirements file."""

    requirements: list[str] = []


class ProjectDefinition(
    msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True
):
    """The content of a project file.

    `notifications` are rules by the name of their channel. `retention` are policies by name.
    """

    project: NewProject
    schedules: dict[str, ScheduleEntry] = {}
    environments: dict[str, EnvironmentEntry] = {}
    notifications: dict[str, list[NotificationEntry]] = {}
    retention: dict[str, PolicyRules] = {}


class ProjectFile(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A file of a project: digest and size of its bytes, and whether it is executable."""

    digest: str
    size_bytes: int
    executable: bool = False


class ProjectPush(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A project folder to push. `files` are all of its files by path.

    `archive` names an upload: a zip with the files whose bytes the server lacks. `git` is the
    state of the folder's Git repository.
    """

    definition: ProjectDefinition
    files: dict[str, ProjectFile]
    archive: str = ""
    git: GitState | None = None


class FieldChange(msgspec.Struct, frozen=True):
    """The value of a field before (`old`) and after (`new`) a push or pull."""

    old: Any = None
    new: Any = None


class ProjectChange(msgspec.Struct, frozen=True):
    """A difference between a project folder and the server. `fields` has the changed fields."""

    action: Literal["add", "change", "delete"]
    kind: ChangeKind
    name: str
    fields: dict[str, FieldChange] = {}


class ProjectPlan(msgspec.Struct, frozen=True):
    """The changes that a push makes. `missing` are the files whose bytes the server lacks.

    `unlinked` are the paths of workflows, by ID, that ran before the push and are not linked,
    because the policies of the project would delete their runs.
    """

    changes: list[ProjectChange]
    missing: list[str] = []
    unlinked: dict[str, str] = {}


class PulledProject(msgspec.Struct, frozen=True):
    """The state of a project on the server, to write it into a local folder.

    `definition` is built from the stored project, schedules, environments, rules and policies.
    `files` are those of the last push, by path.
    """

    definition: ProjectDefinition
    files: dict[str, ProjectFile]
    git: GitState | None = None


def entry_path(table: str, name: str) -> str:
    """Return the path of a named entry, such as `schedules.morning`. A long name is cut."""
    return f"{table}.{name[:MAX_NAME]}"


def mismatch_place(message: str) -> tuple[str, str]:
    """Split a message of msgspec into the path of its field and the message without it."""
    match = MISMATCH.fullmatch(message)
    if match is None:
        return "", message
    place = re.sub(r"\[(\d+)\]", r".\1", match["place"] or "")
    if of_struct := OF_STRUCT.match(match["what"]):
        place = f"{place}.{of_struct['name']}".removeprefix(".")
    return place, match["what"]


def read_definition(text: bytes) -> ProjectDefinition:
    """Return the content of a project file.

    Raises:
        Invalid: the file is too large, not TOML in UTF-8, or has a field that is refused.
    """
    import tomllib

    if len(text) > MOST_BYTES:
        raise Invalid.field(FILE, f"is larger than {MOST_BYTES >> 20} MiB")
    try:
        # Some editors on Windows begin a file with a byte order mark, which tomllib refuses.
        document = tomllib.loads(text.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise Invalid.field(FILE, f"is not UTF-8 text (byte {error.start})") from None
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise Invalid.field(FILE, f"is not valid TOML: {error}") from None
    plain = without_false(rules_as_lists(document))
    try:
        definition = msgspec.convert(plain, ProjectDefinition)
    except msgspec.ValidationError as error:
        message = add_suggestions(
            add_key_names(str(error), plain, ProjectDefinition, {}), ProjectDefinition
        )
        place, what = mismatch_place(message)
        raise Invalid.field(f"{FILE}: {place}" if place else FILE, what) from None
    notifications = {
        name: sorted_entries(entries) for name, entries in definition.notifications.items()
    }
    return msgspec.structs.replace(definition, notifications=notifications)


def changed_fields(wanted: msgspec.Struct, present: msgspec.Struct) -> dict[str, FieldChange]:
    """Return the fields that differ between two structs of one type, by name."""
    old, new = (msgspec.to_builtins(msgspec.structs.asdict(each)) for each in (present, wanted))
    return {
        name: FieldChange(old.get(name), new.get(name))
        for name in wanted.__struct_fields__
        if getattr(wanted, name) != getattr(present, name)
    }


def differences(wanted: Entries, present: Entries) -> Iterator[ProjectChange]:
    """Yield the changes that turn `present` into `wanted`, by kind and name.

    A push wants what the folder has, a pull what the server has. Only entries that the caller may
    delete belong into `present` without being wanted.
    """
    for kind, entries in wanted.items():
        others = present.get(kind, {})
        for name in sorted({*entries, *others}):
            new, old = entries.get(name), others.get(name)
            if new is None:
                yield ProjectChange("delete", kind, name)
            elif old is None:
                yield ProjectChange("add", kind, name)
            elif fields := changed_fields(new, old):
                yield ProjectChange("change", kind, name, fields)


def push_name(digest: str) -> str:
    """Return the name of the folder that stores a push. `digest` covers its files."""
    return digest.rpartition(":")[2][:16]
