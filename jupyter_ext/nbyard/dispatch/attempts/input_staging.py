"""Inputs in an attempt's folder: those that the work is told of, and those that lie where its code
opens them by itself."""

import contextlib
import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from nbyard.attempts import folders
from nbyard.dispatch import workdir
from nbyard.dispatch.context import Room
from nbyard.domain.arguments.bindings import File
from nbyard.domain.arguments.structs import Argument
from nbyard.domain.attempts.structs import UNTYPED
from nbyard.domain.caching.path_mentions import code_of
from nbyard.domain.commands.invocations import input_places
from nbyard.domain.executables.structs import ExecutableVersion
from nbyard.domain.inspection.functions import spot
from nbyard.domain.runs.structs import BytesOf
from nbyard.errors import Invalid
from nbyard.host.project_files import read_small, write_new
from nbyard.runner.folder import CODE
from nbyard.runner.found import UNTOUCHED, files_at
from nbyard.transfer import bundles, dataset_links

Places = dict[str, str]
CODE_KINDS = ("notebook", "command", "function")  # whose code is text that is run


def places_of(version: ExecutableVersion, inputs: Mapping[str, BytesOf]) -> Places:
    """Where inputs lie in the attempt's folder."""
    filenames = {name: found.filename for name, found in inputs.items()}
    own = {argument.name: place for argument, place in _opened(version) if argument.name in inputs}
    return input_places(version.arguments, filenames) | own


def place_of(argument: Argument, version: ExecutableVersion) -> str:
    """Where the code opens a file by itself, in the attempt's folder; empty for others."""
    return f"code/{argument.reach.place(version.file)}" if isinstance(argument.reach, File) else ""


def _opened(version: ExecutableVersion) -> Iterator[tuple[Argument, str]]:
    for argument in version.arguments:
        if place := place_of(argument, version):
            yield argument, place


def stage_inputs(
    room: Room,
    folder: Path,
    version: ExecutableVersion,
    staged: Mapping[str, BytesOf],
    places: Places,
) -> None:
    """Put the inputs there. One file, where several are taken, lies in a folder of its own."""
    lists = {argument.name for argument in version.arguments if argument.type == "list"}
    opened = {argument.name for argument, _ in _opened(version)}
    for name, place in places.items():
        found, target = staged[name], f"{folder}/{place}"
        if name in lists and not found.digest.startswith("tree:"):
            target = f"{target}/{found.filename}"
        os.makedirs(os.path.dirname(target), exist_ok=True)
        if name in opened:
            folders.discard(Path(target))
            bundles.stage(room.blobs, found.digest, Path(target))
        else:
            room.blobs.stage(found.digest, Path(target))
            workdir.tell_table(room, found, os.path.dirname(target), version, name)
    if untyped := room.untyped.intersection(found.digest for found in staged.values()):
        write_new(f"{folder}/{UNTYPED}", msgspec.json.encode(sorted(untyped)))


def untyped_of(folder: Path) -> list[str]:
    """Return the digests of inputs that were staged without their types.

    Raises:
        Invalid: the work has changed the file that lists them.
    """
    try:
        return msgspec.json.decode(read_small(f"{folder}/{UNTYPED}"), type=list[str])
    except FileNotFoundError:
        return []
    except (OSError, msgspec.MsgspecError) as error:
        raise Invalid(f"{UNTYPED} cannot be read: {error}") from error


def datasets_of(room: Room, version: ExecutableVersion) -> list[str]:
    """Return the ids of datasets that the code opens below `resources/`, beside it."""
    with room.blobs.open(version.content_digest) as handle:
        content = handle.read()
    if version.kind not in CODE_KINDS or dataset_links.FOLDER.encode() not in content:
        return []
    return dataset_links.named_in(code_of(spot(version.file).file, content), _datasets(room))


def opens_datasets(room: Room, version: ExecutableVersion) -> bool:
    """Return whether the code opens datasets by their places, in one way or the other."""
    with room.blobs.open(version.content_digest) as handle:
        is_told = dataset_links.VARIABLE.encode() in handle.read()
    return (is_told and version.kind in CODE_KINDS) or bool(datasets_of(room, version))


def link_datasets(room: Room, folder: Path, version: ExecutableVersion) -> None:
    """Put links to these where the code looks for them. What is there of that name stays."""
    place = folder / CODE / os.path.dirname(spot(version.file).file) / dataset_links.FOLDER
    for dataset in datasets_of(room, version):
        with contextlib.suppress(FileExistsError, NotADirectoryError):
            place.mkdir(exist_ok=True)
            (place / dataset).symlink_to(_datasets(room) / dataset)


def is_dataset_link(room: Room, name: str, fd: int) -> bool:
    """Return whether a link in an open folder is one of these."""
    return os.readlink(name, dir_fd=fd).startswith(f"{_datasets(room)}/")


def _datasets(room: Room) -> Path:
    return room.folder / dataset_links.FOLDER


def mark_outputs(folder: Path, version: ExecutableVersion) -> None:
    """Mark old files at the places of outputs, also in folders, so that only what the work writes
    is taken; one that is an input as well is taken as the work leaves it."""
    inputs = {place for argument, place in _opened(version) if argument.role == "input"}
    for argument, place in _opened(version):
        path = f"{folder}/{place}"
        if argument.role == "output" and place not in inputs and os.path.exists(path):
            for file in files_at(path):
                _mark(file)


def _mark(path: str) -> None:
    if os.stat(path).st_nlink > 1:  # a blob's own file, which keeps its time
        shutil.copyfile(path, f"{path}~")
        os.replace(f"{path}~", path)
    os.utime(path, (UNTOUCHED, UNTOUCHED))
