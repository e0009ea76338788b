"""Model probes: a process loads a model and calls it once, to learn its input and output."""

from typing import Any

import msgspec

from nbyard.domain.models.structs import ModelColumn
from nbyard.reasons.structs import Reason

# limits of the probe's process
SECONDS = 120.0
MEMORY_BYTES = 8 << 30
MODULE = "nbyard.serving.model_probe"
FIELD = "output"
HINT = (
    "Or write a model file (nervosum.yaml) for a class that loads this file in its __init__. It"
    " declares the inputs, outputs and requirements of the model."
)


class KnownTable(msgspec.Struct, frozen=True):
    """A table that the task used which created the model.

    `columns` are those that a model can take. `names` and `rows` have all columns of the table,
    and some of its rows.
    """

    filename: str
    columns: list[ModelColumn]
    names: list[str]
    rows: list[list[Any]]


class ReportedModel(msgspec.Struct, frozen=True):
    """The properties of a model that its probe reported.

    `table` is the index of the known table that has all inputs. `files` are the code files that
    the model needs. `elsewhere` are packages from a folder, an archive or a repository.
    `unknown` are modules that no package provides. An image can install neither by name.
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
    """A request to load a model where the node that wrote it ran.

    The probe runs in the node's `image`, an ID in the engine, or on a worker of its `runtime`.
    `digest` and `filename` are those of the model file. `code` has the digests of modules beside
    the node's code, by path.
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
    """The result of a model probe: JSON that the model's process wrote, or a problem.

    `passes` means that the problem may pass: a later probe may succeed.
    """

    text: str = ""
    problem: Reason | None = None
    passes: bool = False
