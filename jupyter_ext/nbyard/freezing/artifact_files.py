"""Find the stored files of artifacts by the names that users write."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from nbyard.domain.arguments.structs import own_name
from nbyard.domain.naming.unique_names import no_such
from nbyard.domain.runs.named_artifacts import named_artifact
from nbyard.domain.runs.structs import Artifact
from nbyard.errors import Invalid, NotFound

if TYPE_CHECKING:
    from nbyard.store import Connection, Store


def file_named(store: Store, c: Connection, owner: str, key: str) -> Artifact:
    """Return the file that a key names.

    `key` is the ID of a file, `NAME.OUTPUT`, or the `NAME` of an artifact with only one file.

    Raises:
        NotFound: the artifact does not exist, or has no file (yet).
        Invalid: the artifact has several files.
    """
    files = files_named(store, c, owner, key)
    if len(files) > 1:
        names = [f"{key}.{file.name}" for file in files]
        why = f"{key[:80]} has several files: {', '.join(names)}"
        raise Invalid.field("artifact", why)
    return files[0]


def files_named(store: Store, c: Connection, owner: str, key: str) -> Sequence[Artifact]:
    """Return the files that a key names, at least one.

    `key` is the ID of a file, `NAME.OUTPUT`, or the `NAME` of an artifact for all its files.

    Raises:
        NotFound: the artifact or output does not exist, or has no file yet.
    """
    if file := store.artifacts.get(c, owner, key):
        return [file]
    # Names may contain dots, so try the whole key before NAME.OUTPUT.
    for name, dot, output in ((key, "", ""), key.rpartition(".")):
        run = store.runs.named(c, owner, name)
        if run is None or (dot and not output):
            continue
        files = named_artifact(run, store.artifacts.of_run(c, run.id)).files
        if matching_files := [file for file in files if own_name(output) in ("", file.name)]:
            return matching_files
        if not files:
            raise NotFound(f"{run.name} has no file: its run {run.number} is {run.state}.")
    names = store.runs.names(c, owner, single=True).values()
    raise no_such(
        "artifact",
        key,
        names,
        "nbyard artifacts ls lists named artifacts; nbyard runs lineage RUN shows those of a run.",
    )
