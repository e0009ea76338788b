"""Named artifacts: the results of a named run of one executable."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec

from nbyard.domain.runs.structs import Artifact, Run
from nbyard.domain.state_machines import RunState


class NamedArtifact(msgspec.Struct, frozen=True):
    """The results of a named run of one executable, under the run's name.

    State and parameters are those of the run. `files` are its outputs, or the executed notebook
    if the executable declares no outputs.
    """

    name: str
    run_id: str
    number: int
    state: RunState
    executable: str
    parameters: dict[str, Any]
    files: list[Artifact]
    created_at: datetime
    finished_at: datetime | None = None


class SuggestedName(msgspec.Struct, frozen=True):
    """The requested name, or the next similar free name.

    `taken` describes the object that has the requested name; it is empty for a free name.
    """

    name: str
    taken: str = ""


def named_artifact(run: Run, files: Iterable[Artifact]) -> NamedArtifact:
    """Return the named artifact of a run of one executable. `files` are all its artifacts."""
    return NamedArtifact(
        name=run.name,
        run_id=run.id,
        number=run.number,
        state=run.state,
        executable=run.title,
        parameters=run.parameters,
        files=declared_outputs(list(files)),
        created_at=run.created_at,
        finished_at=run.finished_at,
    )


def declared_outputs(files: Sequence[Artifact]) -> list[Artifact]:
    """Return the outputs that the executable declares, or all files if it declares none."""
    # Names of declared outputs are identifiers. `executed.ipynb`, the executed notebook, is not.
    return [file for file in files if file.name.isidentifier()] or list(files)


def names_in_folder(files: Sequence[Artifact]) -> dict[str, Artifact]:
    """Return the files by their paths in a common folder.

    Files with the same name are in subfolders, which have the names of their outputs.
    """
    names = [file.filename for file in files]
    return {
        f.filename if names.count(f.filename) == 1 else f"{f.name}/{f.filename}": f for f in files
    }
