"""Moves files that a program left in its working folder to the places of its outputs.

An output's `patterns`, `value`, `companions`, `beside` and `declared_in` say how to find its files.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from typing import Any

from ..attempt_folder import AttemptFolder
from ..process.path_states import walk
from ..reasons import Explained, Reason, because
from .reference_values import NoValue, companion_name, names_of, value_of

MAX_DECLARED_BYTES = 16 * 2**20
MAX_CONTENTS_BYTES = 64 * 1024
# The modification time of files that exist before the work may write them. No tool sets this time.
# It is in whole seconds, which every archive keeps.
UNTOUCHED = 7_654_321
FOLDERS = ("code", "inputs", "outputs")
Outputs = dict[str, dict[str, Any]]


class OutputNotAsDeclared(Explained):
    """An output is missing, or differs from its declaration.

    `name` is its name, or "*" for all.
    """

    def __init__(self, name: str, cause: Reason) -> None:
        super().__init__(because("output-missing", output=name, cause=cause))


def is_found(output: dict[str, Any]) -> bool:
    """Return whether an output must be searched for: the program has no path to write it to."""
    return any(map(output.get, ("patterns", "declared_in", "beside", "value")))


def collect_from_workdir(
    folder: AttemptFolder, directory: str, outputs: Outputs, exit_code: int = 0
) -> None:
    """Find the outputs that a program left in its working folder, and move them to their places.

    A file is copied if another output needs it, too. Expressions of outputs may use the exit code.

    Raises:
        OutputNotAsDeclared: An output is not as declared, such as several files for one.
    """
    wanted = {name: output for name, output in outputs.items() if is_found(output)}
    if not wanted:
        return
    work = folder.inside(directory)
    # The work may have replaced its folder by a link to files of this machine.
    if os.path.realpath(work) != work:
        raise OutputNotAsDeclared("*", because("working-folder-linked"))
    paths_by_output = _find_outputs(folder, work, wanted, exit_code)
    for name, paths in paths_by_output.items():
        _check_kind(name, wanted[name], paths)
        for path in paths:
            target = folder.at(wanted[name]["path"])
            os.makedirs(target, exist_ok=True)
            called = name if path == work else os.path.basename(path)
            place = os.path.join(target, called)
            if os.path.lexists(place):
                raise OutputNotAsDeclared(name, because("same-names", file=called))
            is_needed = any(
                f"{path}/".startswith(f"{other}/") or f"{other}/".startswith(f"{path}/")
                for others in paths_by_output.values()
                for other in others
                if other is not path
            )
            if is_needed or not path.startswith(f"{work}/") or os.path.islink(path):
                _copy(path, place)
            else:
                os.rename(path, place)


def move_outputs(folder: AttemptFolder, outputs: Outputs) -> None:
    """Move outputs from the paths to which the work wrote them (`at`) to their places.

    Raises:
        OutputNotAsDeclared: An output is of the wrong kind or has not changed since the work began.
    """
    for name, output in outputs.items():
        path = folder.inside(output["at"]) if output.get("at") else ""
        if not path or not os.path.lexists(path):
            continue
        _real(folder, folder.at("code"), path, name)
        _check_kind(name, output, [path])
        files = files_at(path)
        old = [file for file in files if os.stat(file).st_mtime == UNTOUCHED]
        if len(old) == len(files):
            shown = output["at"].removeprefix("code/")
            if os.path.isdir(path):
                raise OutputNotAsDeclared(name, because("unchanged-folder", path=shown))
            raise OutputNotAsDeclared(name, because("output-unchanged", path=shown))
        for old_path in old:
            os.unlink(old_path)
            with contextlib.suppress(OSError):  # the folder contains more
                os.removedirs(os.path.dirname(old_path))
        target = folder.inside(output["path"])
        if os.path.islink(path):
            _copy(path, target)
        else:
            os.rename(path, target)


def files_at(path: str) -> list[str]:
    """Return the paths of all files in a folder at any depth. For a file, return its own path."""
    if not os.path.isdir(path):
        return [path]
    return [os.path.join(parent, name) for parent, _, names in walk(path) for name in names]


def _copy(path: str, target: str) -> None:
    import shutil

    if os.path.isdir(path):
        shutil.copytree(path, target, symlinks=True)
    else:
        shutil.copy2(path, target)


def _find_outputs(
    folder: AttemptFolder, work: str, wanted: Outputs, exit_code: int
) -> dict[str, list[str]]:
    """Return the paths of each output's files.

    Outputs that are values are written as JSON at once.
    """
    declared_in = next(filter(None, (output.get("declared_in") for output in wanted.values())), "")
    declared = _declared_outputs(work, declared_in) if declared_in else None
    paths_by_output: dict[str, list[str]] = {}
    alone = {name: output for name, output in wanted.items() if not output.get("beside")}
    for name, output in alone.items():
        if declared is None and not output.get("value"):
            paths = _matches(folder, work, name, output)
            if len(paths) > 1 and not output.get("several"):
                shown = [os.path.relpath(path, work) for path in paths[:4]]
                raise OutputNotAsDeclared(
                    name, because("several-files", count=len(paths), files=shown)
                )
            paths_by_output[name] = _with_companions(folder, work, name, output, paths)
            continue
        if declared is None:
            value = _value(folder, work, name, output, exit_code)
        else:
            value = declared
            for key in output.get("key") or [name]:
                value = value.get(key) if isinstance(value, dict) else None
        items = value if isinstance(value, list) else [value]
        kinds = [item.get("class") if isinstance(item, dict) else None for item in items]
        are_files = all(kind in ("File", "Directory") for kind in kinds)
        if are_files and (items or output.get("several")):
            paths = [_place(folder, work, name, entry, declared_in) for entry in items]
            paths_by_output[name] = _with_companions(folder, work, name, output, paths)
        elif value is not None:
            path = folder.at(output["path"], f"{name}.json")
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w", encoding="utf-8") as file:
                json.dump(value, file, ensure_ascii=False)
    for name in wanted.keys() - alone.keys():
        paths_by_output[name] = _files_named_after(
            folder, work, name, wanted[name], paths_by_output
        )
    return paths_by_output


def _matches(folder: AttemptFolder, work: str, name: str, output: dict[str, Any]) -> list[str]:
    """Return the paths that match any pattern, once each, in the order of patterns and names."""
    import glob  # slow to import, and only needed with patterns

    paths: dict[str, None] = {}
    for pattern in output["patterns"]:
        for path in sorted(glob.glob(os.path.join(glob.escape(work), pattern))):
            paths[_real(folder, work, os.path.normpath(path), name)] = None
    return list(paths)


def _with_companions(
    folder: AttemptFolder, work: str, name: str, output: dict[str, Any], paths: list[str]
) -> list[str]:
    """Return the paths, and those of the files that belong to them."""
    all_paths = dict.fromkeys(paths)
    for path in paths:
        directory, called = os.path.split(path)
        for companion in output.get("companions", ()):
            beside = os.path.join(directory, _named(called, companion))
            if os.path.lexists(beside):
                all_paths[_real(folder, _root(folder, work, beside) or work, beside, name)] = None
            elif companion["required"]:
                missing = os.path.basename(beside)
                raise OutputNotAsDeclared(
                    name, because("companion-missing", file=called, companion=missing)
                )
    return list(all_paths)


def _value(
    folder: AttemptFolder, work: str, name: str, output: dict[str, Any], exit_code: int
) -> Any:
    """Return the value of an output's expression on the files that match its patterns."""
    parts = folder.expand(output["value"])
    is_loaded = any("contents" in part.get("of", ()) for part in parts)
    try:
        files = [_object(path, is_loaded) for path in _matches(folder, work, name, output)]
        return value_of(parts, {"self": files, "runtime": {"exitCode": exit_code}})
    except NoValue as error:
        raise OutputNotAsDeclared(name, error.reason) from error


def _object(path: str, is_loaded: bool) -> dict[str, Any]:
    """Return a file or folder as references see it.

    `is_loaded` adds its contents.

    Raises:
        NoValue: The contents are larger than 64 KiB, or are not UTF-8 text.
    """
    directory, basename = os.path.split(path)
    fields: dict[str, Any] = {"path": path, "dirname": directory, **names_of(basename)}
    if os.path.isdir(path):
        return {"class": "Directory", **fields}
    fields |= {"class": "File", "size": os.stat(path).st_size}
    if is_loaded:
        try:
            fields["contents"] = contents_of(path)
        except NoValue as error:
            reason = because("contents-unusable", file=basename, problem=error.reason)
            raise NoValue(reason) from error
    return fields


def contents_of(path: str) -> str:
    """Return a file of at most 64 KiB as text.

    Raises:
        NoValue: The file is larger, or is not UTF-8 text.
    """
    with open(path, "rb") as file:
        # One byte more shows whether the file is too large.
        content = file.read(MAX_CONTENTS_BYTES + 1)
    if len(content) > MAX_CONTENTS_BYTES:
        raise NoValue(because("contents-too-large"))
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise NoValue(because("contents-not-text", byte=error.start)) from error


def _files_named_after(
    folder: AttemptFolder,
    work: str,
    name: str,
    output: dict[str, Any],
    all_found: dict[str, list[str]],
) -> list[str]:
    """Return an output's files, whose names are derived from another output's files."""
    paths = []
    for other in all_found.get(output["beside"], []):
        directory, called = os.path.split(other)
        path = os.path.join(directory, _named(called, output))
        if os.path.lexists(path):
            paths.append(_real(folder, _root(folder, work, path) or work, path, name))
    return paths


def _named(called: str, output: dict[str, Any]) -> str:
    return companion_name(output.get("pattern", ""), called, output.get("value", ()))


def _real(folder: AttemptFolder, work: str, path: str, name: str) -> str:
    """Return the path unchanged if it may be collected."""
    parent, target = os.path.realpath(os.path.dirname(path)), os.path.realpath(path)
    is_inside = path == work or f"{parent}/".startswith(f"{work}/")
    if not is_inside or not target.startswith(
        tuple(folder.at(known_folder, "") for known_folder in FOLDERS)
    ):
        raise OutputNotAsDeclared(name, because("link-leaves", file=os.path.basename(path)))
    return path


def _check_kind(name: str, output: dict[str, Any], paths: list[str]) -> None:
    wanted = "folder" if output.get("format") == "folder" else "file"
    if output.get("several"):
        wanted = output.get("only") or ""
    for path in paths:
        is_folder = os.path.isdir(path)
        if wanted and is_folder != (wanted == "folder"):
            file = os.path.basename(path)
            if is_folder:
                raise OutputNotAsDeclared(name, because("is-a-folder", file=file))
            raise OutputNotAsDeclared(name, because("is-no-folder", file=file))


def _declared_outputs(work: str, declared_in: str) -> dict[str, Any] | None:
    """Return the outputs that the program declared in a file, None without that file."""
    path = os.path.join(work, declared_in)
    # For a container, this code runs on the host, where a link could lead to any file.
    if not os.path.isfile(path) or os.path.islink(path):
        return None
    with open(path, "rb") as file:
        # One byte more shows whether the file is too large, without reading all of it.
        content = file.read(MAX_DECLARED_BYTES + 1)
    try:
        declared = json.loads(content) if len(content) <= MAX_DECLARED_BYTES else None
    except (ValueError, RecursionError) as error:
        raise OutputNotAsDeclared(
            "*", because("told-not-json", file=declared_in, error=str(error))
        ) from error
    if not isinstance(declared, dict):
        raise OutputNotAsDeclared(
            "*", because("told-too-large", file=declared_in, limit=MAX_DECLARED_BYTES)
        )
    return declared


def _place(
    folder: AttemptFolder, work: str, name: str, file_object: dict[str, Any], declared_in: str
) -> str:
    from urllib.parse import unquote

    given = file_object.get("path") or unquote(
        str(file_object.get("location") or "").removeprefix("file://")
    )
    path = os.path.normpath(os.path.join(work, folder.local_path(str(given))))
    root = _root(folder, work, path)
    if not given or not root or not os.path.lexists(path):
        raise OutputNotAsDeclared(
            name, because("told-missing", file=declared_in, name=str(given)[:80])
        )
    return _real(folder, root, path, name)


def _root(folder: AttemptFolder, work: str, path: str) -> str:
    """Return which of the working, input and code folders contains a path, or an empty text.

    An output may be one of the inputs.
    """
    known = (work, folder.at("inputs"), folder.at("code"))
    return next(
        (known_folder for known_folder in known if f"{path}/".startswith(f"{known_folder}/")), ""
    )


def sorted_names(path: str) -> Iterator[str]:
    """Yield the sorted names in the folder of a collected output."""
    with os.scandir(path) as entries:
        yield from sorted(entry.name for entry in entries)
