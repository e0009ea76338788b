"""Artifacts that have a name: the results of a run of one executable under that name."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec

from nbyard.domain.runs.structs import Artifact, Run
from nbyard.domain.states import RunState


class NamedArtifact(msgspec.Struct, frozen=True):
    """What the run `run_id` of one executable made, under the run's name; its state, log and
    parameters are those of the run. `files` are its outputs, or the executed notebook where it has
    none."""

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
    """The name that was asked for, or the next like it that no run has; then `taken` says by what
    the other is taken."""

    name: str
    taken: str = ""


def named_artifact(run: Run, files: Iterable[Artifact]) -> NamedArtifact:
    """A named run of one executable with what counts of its files."""
    return NamedArtifact(
        name=run.name,
        run_id=run.id,
        number=run.number,
        state=run.state,
        executable=run.title,
        parameters=run.parameters,
        files=outputs(list(files)),
        created_at=run.created_at,
        finished_at=run.finished_at,
    )


def outputs(files: Sequence[Artifact]) -> list[Artifact]:
    """Those that the executable declares; all where it declares none."""
    return [file for file in files if file.name.isidentifier()] or list(files)


def places(files: Sequence[Artifact]) -> dict[str, Artifact]:
    """What each is called where they lie side by side."""
    names = [file.filename for file in files]
    return {
        f.filename if names.count(f.filename) == 1 else f"{f.name}/{f.filename}": f for f in files
    }
