"""Model probes: load a model and call it once, to learn its input and output."""

from typing import Any

import msgspec

from nbyard.domain.models.structs import ModelColumn
from nbyard.reasons.structs import Reason, because

# limits of the probe's process
SECONDS = 120.0
MEMORY_BYTES = 8 << 30
MODULE = "nbyard.serving.model_probe"
FIELD = "output"
HINT = because("write-model-file")


class KnownTable(msgspec.Struct, frozen=True):
    """A table that was available when the model was created.

    It has its name, its columns as a model may take them, and some rows of all its columns.
    """

    filename: str
    columns: list[ModelColumn]
    names: list[str]
    rows: list[list[Any]]


class ReportedModel(msgspec.Struct, frozen=True):
    """The properties that a model reported.

    `table` is the place of the table with all inputs among the known tables. `files` are the code
    files that it needs. `elsewhere` are packages from a folder, an archive or a repository, and
    `unknown` modules that no package provides: an image cannot install either by name.
    """

    inputs: list[ModelColumn]
    outputs: list[ModelColumn]
    sample: dict[str, Any]
    table: int | None
    classes: list[Any] | None
    requirements: list[str]
    elsewhere: list[str]
    unknown: list[str]
    files: list[str]


class ModelProbe(msgspec.Struct, frozen=True):
    """A request to load a model in the environment of the node that wrote it.

    It runs in the node's `image`, by its ID in the engine, or on a worker of its `runtime`.
    `digest` is that of the model file. `code` has the digests of modules beside the node's
    code, by path.
    """

    id: str
    runtime: str
    image: str
    image_name: str
    digest: str
    filename: str
    code: dict[str, str]
    tables: list[KnownTable]


class ProbeAnswer(msgspec.Struct, frozen=True):
    """The result of a model probe: JSON as the model's process wrote it, or a problem.

    `passes` means that a later probe may succeed.
    """

    text: str = ""
    # an earlier version wrote a text
    problem: Reason | str | None = None
    passes: bool = False
