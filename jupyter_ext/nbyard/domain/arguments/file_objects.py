"""Files and folders as references see them: objects with a class and fields."""

from collections.abc import Mapping
from typing import Any

import msgspec

from nbyard.domain.arguments.bindings import companions_of
from nbyard.domain.arguments.structs import Argument
from nbyard.errors import Invalid
from nbyard.reasons.structs import because
from nbyard.runner.work.reference_values import names_of

MIB = 2**20
# names of fields
CONTENTS = "contents"
LISTING = "listing"
SECONDARY = "secondaryFiles"
Listing = dict[str, Any]


class ReferenceFacts(msgspec.Struct, frozen=True):
    """Facts for references that are known only where the task runs.

    `sizes` and `contents` of files are by input, or by `input/file` for a list. `files` are the
    sorted file names of inputs that are lists. `listings` are the entries of folders by input.
    `cores` and `memory_bytes` are granted to the task. A preview has placeholder texts for sizes.
    """

    cores: int = 1
    memory_bytes: int = 1024 * MIB
    sizes: Mapping[str, int | str] = {}
    files: dict[str, list[str]] = {}
    contents: dict[str, str] = {}
    listings: dict[str, Listing] = {}


def as_file_object(argument: Argument, value: Any, facts: ReferenceFacts) -> Any:
    """Return the value of an argument as references see it.

    A file or folder becomes an object. A list becomes its files, each with its companions. Other
    values stay.

    Raises:
        Invalid: a required companion of a file is missing.
    """
    if argument.role != "input" or not isinstance(value, str):
        return value
    if argument.type != "list":
        if argument.format == "folder":
            return _folder(value, facts.listings.get(argument.name))
        return _file(value, argument.name, facts)
    names = facts.files.get(argument.name, [])
    file_object = []
    for name, mine in companions_of(names, argument.companions).items():
        needed = [
            companion.beside.name(name) for companion in argument.companions if companion.required
        ]
        # A pattern may give the file's own name: the runner finds that file, too.
        if lacking := [filename for filename in needed if filename not in {name, *mine.values()}]:
            reason = because("companion-missing", file=name, companion=lacking[0])
            raise Invalid.field(f"inputs.{argument.name}", reason)
        item = _file(f"{value}/{name}", f"{argument.name}/{name}", facts)
        beside = [_file(f"{value}/{filename}", "", facts) for filename in mine.values()]
        file_object.append({**item, SECONDARY: beside} if argument.companions else item)
    return file_object


def _folder(path: str, listing: Listing | None) -> dict[str, Any]:
    directory: dict[str, Any] = {"class": "Directory", **path_fields(path)}
    if listing is not None:
        directory[LISTING] = [
            _folder(f"{path}/{name}", inner)
            if isinstance(inner, dict)
            else {"class": "File", **path_fields(f"{path}/{name}"), "size": inner}
            for name, inner in listing.items()
        ]
    return directory


def change_path(value: dict[str, Any], path: str) -> None:
    """Set the path of a file object in place.

    The entries of a folder get paths below the new one.
    """
    value.update(path_fields(path))
    for entry in value.get(LISTING, ()):
        change_path(entry, f"{path}/{entry['basename']}")


def _file(path: str, known: str, facts: ReferenceFacts) -> dict[str, Any]:
    file_object: dict[str, Any] = {"class": "File", **path_fields(path)}
    if known in facts.sizes:
        file_object["size"] = facts.sizes[known]
    if known in facts.contents:
        file_object[CONTENTS] = facts.contents[known]
    return file_object


def path_fields(path: str) -> dict[str, str]:
    """Return the fields of a path: `basename`, `nameroot` and the like."""
    directory, _, basename = path.rpartition("/")
    return {"path": path, "dirname": directory, **names_of(basename)}


def is_file_object(value: Any) -> bool:
    """Return whether a value is the object of a file or folder."""
    return isinstance(value, dict) and value.get("class") in ("File", "Directory")
