"""Trials of models: a model that is loaded and asked once, to learn what it takes and answers."""

from typing import Any

import msgspec

from nbyard.domain.models.structs import ModelColumn

SECONDS = 120.0
MEMORY_BYTES = 8 << 30
MODULE = "nbyard.serving.trying"
FIELD = "output"
HINT = (
    "Or write a model file (nervosum.yaml) for a class whose __init__ loads this file: it says"
    " what the model takes and what it needs."
)


class KnownTable(msgspec.Struct, frozen=True):
    """A table that was at hand when the model was made: its name, its columns as a model may take
    them, and of all its columns some rows."""

    filename: str
    columns: list[ModelColumn]
    names: list[str]
    rows: list[list[Any]]


class Told(msgspec.Struct, frozen=True):
    """What a model said of itself. `files` are those of the code that it needs, `elsewhere` and
    `unknown` packages and modules that no image can be given by their names."""

    inputs: list[ModelColumn]
    outputs: list[ModelColumn]
    sample: dict[str, Any]
    table: str
    classes: list[Any] | None
    requirements: list[str]
    elsewhere: list[str]
    unknown: list[str]
    files: list[str]


class Trial(msgspec.Struct, frozen=True):
    """A trial where the step ran that wrote the model: in its `image`, by the engine's id, or on
    a worker of its `runtime`. `digest` are the bytes of the model file, `code` those of the
    modules beside the step, by path."""

    id: str
    runtime: str
    image: str
    image_name: str
    digest: str
    filename: str
    code: dict[str, str]
    tables: list[KnownTable]


class TrialAnswer(msgspec.Struct, frozen=True):
    """What came of a trial: JSON as the model's process wrote it, or a problem. `passes`: the same
    may succeed later."""

    text: str = ""
    problem: str = ""
    passes: bool = False
