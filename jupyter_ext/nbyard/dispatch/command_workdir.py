"""Create the separate working folder of a command, and collect facts known only at run time."""

import logging
import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from nbyard.dispatch.context import DispatchContext
from nbyard.domain.arguments.bindings import Bound, Found, Handed, Referenced, companions_of
from nbyard.domain.arguments.file_objects import Listing, ReferenceFacts
from nbyard.domain.attempts.structs import CommandWork, Output, Work
from nbyard.domain.commands.invocations import (
    ATTEMPT,
    TEMPORARY,
    WORK,
    Invocation,
    PlacedFile,
    ReferenceContext,
    path_inside,
    with_contents,
    with_listing,
)
from nbyard.domain.datasets.table_descriptions import BrokenTable
from nbyard.domain.executables.structs import ExecutableVersion
from nbyard.domain.file_formats import is_text_table
from nbyard.domain.models.structs import SERVING_FOLDER
from nbyard.domain.runs.structs import BytesOf, TaskPlan
from nbyard.errors import Invalid, NbyardError
from nbyard.host.project_files import write_new
from nbyard.kinds.model import SERVED, with_spec_as_file
from nbyard.kinds.protocol import FUNCTION
from nbyard.reasons.structs import Reason, because
from nbyard.runner.handoff.text_tables import TOLD
from nbyard.runner.work.collect_outputs import contents_of
from nbyard.runner.work.reference_values import NoValue
from nbyard.tabular import TableFile

MAX_LISTED = 10_000

log = logging.getLogger("nbyard.dispatch")


def write_serving_files(folder: Path, command: Sequence[str]) -> None:
    """Write the serving code and the model.json of a command into the folder."""
    from nbyard.images.model_images import serving_sources  # imported late: unused without models

    files = {f"{SERVING_FOLDER}/{name}": text for name, text in serving_sources().items()}
    if spec_text := with_spec_as_file(command)[1]:
        files[SERVED] = spec_text
    for name, text in files.items():
        place = f"{folder}/{name}"
        os.makedirs(os.path.dirname(place), exist_ok=True)
        write_new(place, text.encode())


def reference_facts(
    folder: Path, version: ExecutableVersion, places: Mapping[str, str], plan: TaskPlan
) -> ReferenceFacts:
    """Return the facts that parameter references can refer to.

    These are cores, memory, and sizes, file names and contents of inputs. They are empty if the
    version cannot have references. `places` holds the paths of inputs below the folder.
    """
    reaches = [argument.reach for argument in version.arguments]
    has_references = any(isinstance(reach, Bound | Referenced | Found) for reach in reaches)
    if not has_references and version.invocation == Invocation():
        return ReferenceFacts()
    sizes: dict[str, int] = {}
    files: dict[str, list[str]] = {}
    contents: dict[str, str] = {}
    wanted = with_contents(version.invocation, version.arguments)
    beside = {argument.name: argument.companions for argument in version.arguments}
    for name, relative in places.items():
        place = f"{folder}/{relative}"
        if not os.path.isdir(place):
            sizes[name] = os.stat(place).st_size
            within = {name: place}
        else:
            files[name] = sorted(entry.name for entry in os.scandir(place) if entry.is_file())
            items = companions_of(files[name], beside.get(name, ()))
            within = {f"{name}/{companion}": f"{place}/{companion}" for companion in items}
        if name in wanted:
            contents |= {known: _contents(place, known) for known, place in within.items()}
    listings = {
        name: _listing(f"{folder}/{places[name]}", f"inputs.{name}")
        for name in with_listing(version.invocation, version.arguments) & places.keys()
    }
    least = ReferenceFacts()
    cores, memory = math.ceil(plan.cpu or least.cores), plan.memory_bytes or least.memory_bytes
    return ReferenceFacts(cores, memory, sizes, files, contents, listings)


def _listing(place: str, where: str) -> Listing:
    """Return the content of a folder in name order."""
    left = MAX_LISTED

    def below(folder: str) -> Listing:
        nonlocal left
        listing: Listing = {}
        for entry in sorted(os.scandir(folder), key=lambda dir_entry: dir_entry.name):
            left -= 1
            if left < 0:
                raise Invalid.field(where, because("listing-too-long", most=f"{MAX_LISTED:,}"))
            listing[entry.name] = below(entry.path) if entry.is_dir() else entry.stat().st_size
        return listing

    return below(place)


def _contents(place: str, shown: str) -> str:
    """Return a small file as text."""
    try:
        return contents_of(place)
    except NoValue as error:
        cause = msgspec.convert(error.reason, Reason)
        why = because("input-not-text", cause=cause)
        raise Invalid.field(f"inputs.{shown}", why) from None


def resolve_outputs(
    version: ExecutableVersion,
    outputs: dict[str, Output],
    values: Mapping[str, Any],
    known: ReferenceFacts,
) -> dict[str, Output]:
    """Return the outputs with resolved parameter references.

    The references are in the patterns and values of outputs that are found by a pattern.
    """
    resolved_outputs = dict(outputs)
    context = ReferenceContext(version.invocation, version.arguments, values, known)
    for argument in version.arguments:
        if isinstance(argument.reach, Found):
            where = f"arguments.{argument.name}.reach"
            resolved_outputs[argument.name] = msgspec.structs.replace(
                resolved_outputs[argument.name],
                patterns=context.patterns(argument.reach.patterns, where),
                value=context.parts(argument.reach.value, where),
            )
    return resolved_outputs


def create_workdir(
    context: DispatchContext,
    folder: Path,
    work: Work,
    inputs: Mapping[str, BytesOf],
    places: Mapping[str, str],
) -> None:
    """Create the working folder with only the files that the command requests."""
    for name in (WORK, TEMPORARY):
        os.makedirs(f"{folder}/{name}")
    if not isinstance(work, CommandWork):
        return
    for file in work.files:
        place = Path(f"{folder}/{WORK}/{file.name}")
        place.parent.mkdir(parents=True, exist_ok=True)
        if file.source:
            _stage(
                context,
                place,
                file,
                {places[name]: input_bytes.digest for name, input_bytes in inputs.items()},
            )
        else:
            write_new(str(place), file.text.encode())
    for stream in (work.stdout, work.stderr):
        if stream:
            (folder / stream).parent.mkdir(parents=True, exist_ok=True)


def _stage(
    context: DispatchContext, place: Path, file: PlacedFile, digests: Mapping[str, str]
) -> None:
    """Stage the bytes of an input, or of a file or folder in an input folder."""
    source = file.source.removeprefix(f"{ATTEMPT}/")
    if digest := digests.get(source, ""):
        context.blobs.stage(digest, place, writable=file.writable)
        return
    folder = next(digest for digest in digests if source.startswith(f"{digest}/"))
    digest, within = digests[folder], source.removeprefix(f"{folder}/")
    if not digest.startswith("tree:"):  # a list with a single file
        context.blobs.stage(digest, place, writable=file.writable)
        return
    whole = context.blobs.tree(digest)
    entries = {entry.path: entry.digest for entry in whole.files}
    if within in entries:
        context.blobs.stage(entries[within], place, writable=file.writable)
        return
    below = f"{within}/"
    place.mkdir()
    # A tree lists only its empty folders. The paths of files imply the others.
    for path in whole.folders:
        if path.startswith(below):
            (place / path_inside(path[len(below) :], "files")).mkdir(parents=True)
    for path, digest in entries.items():
        if path.startswith(below):
            target = place / path_inside(path[len(below) :], "files")
            target.parent.mkdir(parents=True, exist_ok=True)
            context.blobs.stage(digest, target, writable=file.writable)


def write_table_types(
    context: DispatchContext,
    input_bytes: BytesOf,
    folder: str,
    version: ExecutableVersion,
    name: str,
) -> None:
    """Write the column types of a table beside its file.

    They were inferred at its import. For other tables, they are inferred from all rows now if the
    code takes a data frame, and stored by digest. A timeout is not repeated, because every attempt
    of a mapped node would wait for it.
    """
    if not input_bytes.typed or not is_text_table(input_bytes.filename):
        return
    with context.store.read() as c:
        info = context.store.datasets.table_of_bytes(c, input_bytes.digest, input_bytes.filename)
    if info is not None:
        context.untyped.discard(input_bytes.digest)
    elif takes_data_frame(version, name):
        table = TableFile(
            context.blobs.path(input_bytes.digest), input_bytes.filename, input_bytes.digest
        )
        # Tasks of a mapped node start together. The first one infers the types, the others find
        # them stored.
        with context.typing:
            try:
                if input_bytes.digest not in context.untyped:
                    info = context.tables.info(table, count=True, quick=True)
            except NbyardError as error:
                log.info(
                    "the library that reads %s infers its types: %s", input_bytes.filename, error
                )
                if not isinstance(error, BrokenTable):  # the work itself will fail on it
                    context.untyped.add(input_bytes.digest)
    # Of a text table with more than 5,000 columns, only the first 500 are described.
    if info is not None and len(info.columns) == info.column_count:
        write_new(f"{folder}/{TOLD}", msgspec.json.encode(info))


def takes_data_frame(version: ExecutableVersion, name: str) -> bool:
    """Return whether the code takes the input as a data frame; other code gets a path."""
    reaches = {argument.name: argument.reach for argument in version.arguments}
    return version.kind == FUNCTION or isinstance(reaches.get(name), Handed)
