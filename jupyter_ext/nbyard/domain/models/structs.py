"""Models: model files, and the packages and images built from them.

A model is a Python class with `predict(DataFrame) -> DataFrame`, a folder saved by MLflow, or a
file written by pickle or joblib.
"""

import re
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Literal

import msgspec

from nbyard.domain.images.structs import plain_name
from nbyard.domain.naming.names import MAX_NAME
from nbyard.domain.state_machines import ImageState
from nbyard.reasons.structs import Reason

ColumnType = Literal["int", "float", "str", "bool", "date", "datetime"]
# The `predict` of a "class" takes a DataFrame; that of a "row" the values of one row.
Flavour = Literal["class", "row", "mlflow", "pickle"]
HTTP, BATCH = "http", "batch"
REPOSITORIES = "nbyard/model-"
# how long a model is kept for a form that no longer responds
FORM_SECONDS = 600.0
PORT = 5000
# The check of the Open Inference Protocol (V2) that a server is ready.
READY_PATH = "/v2/health/ready"
MODEL_FILES = ("nervosum.yaml", "nervosum.yml", "model.yaml", "model.yml")
MLFLOW_FILE = "MLmodel"
# The folder of the serving code in an attempt.
SERVING_FOLDER = "code/.nbyard"
CODE_SUFFIX = re.compile(r"\.(?:py|ipynb)\Z", re.IGNORECASE)
CLASS_PATH = re.compile(r"(?P<path>.+\.py)(?::(?P<name>\w+))?", re.IGNORECASE | re.DOTALL)
# the grammar of image tags
TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")


class ModelColumn(msgspec.Struct, frozen=True, omit_defaults=True):
    """A column of a schema. A `nullable` column may be missing or null."""

    name: str
    type: ColumnType
    nullable: bool = False


class ModelFile(msgspec.Struct, frozen=True):
    """The content of a model file.

    `src` is a folder relative to the model file's folder, and contains `module`. The requirements
    are the lines in `requirements`, or those of the `requirements_file`. An MLflow folder is
    loaded whole and has neither module nor class. A pickle has its `file` instead. `sample` is a
    row to try the model with, if known.
    """

    name: str
    mode: str
    src: str
    module: str
    class_name: str
    inputs: list[ModelColumn]
    outputs: list[ModelColumn]
    flavour: Flavour = "class"
    tag: str = ""
    platform_tag: str = ""
    requirements: list[str] = []
    requirements_file: str = ""
    metadata: dict[str, Any] = {}
    file: str = ""
    sample: dict[str, Any] = {}


class ModelOutput(msgspec.Struct, frozen=True):
    """An output of a run that may be a model; `output` is `NODE.NAME`, `label` the node's title."""

    run_id: str
    run_number: int
    run_title: str
    output: str
    size_bytes: int
    created_at: datetime
    label: str = ""


class ModelClass(msgspec.Struct, frozen=True):
    """A class with `predict` in a Python file below the root."""

    path: str
    class_name: str


class ModelSources(msgspec.Struct, frozen=True):
    """The sources that models can be deployed from: outputs of runs, and classes in files.

    `cut` means that there may be more sources than are listed.
    """

    outputs: list[ModelOutput]
    classes: list[ModelClass]
    cut: bool = False


class NewModel(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A model to build, from one of three sources.

    A folder `path` with the model file `file`, by default the first that exists of
    nervosum.yaml, nervosum.yml, model.yaml, model.yml and MLmodel. A Python file `path` with a
    class that has `predict`; `class_name` selects one of several. Or the `output` of a `run`
    (ID, name or number), as `node.output`, or as `output` if only one node has it. That output
    is a folder with a model file, an MLflow folder, or a file written by pickle or joblib.
    """

    path: str = ""
    file: str = ""
    class_name: str = ""
    run: str = ""
    output: str = ""


def split_class_path(target: str) -> tuple[str, str]:
    """Split FILE.py:CLASS into path and class name. The class is empty if none is given."""
    match = CLASS_PATH.fullmatch(target)
    return (match["path"], match["name"] or "") if match else (target, "")


class RunOutput(msgspec.Struct, frozen=True):
    """The output of a run that a package was built from. `digest` is that of its bytes.

    The package outlives the run: the run `run_id` may have been deleted.
    """

    run_id: str
    run_number: int
    run_title: str
    task_id: str
    node: str
    output: str
    filename: str
    digest: str


class ServedModel(msgspec.Struct, frozen=True):
    """The model package that a deployment serves. Its `id` is that of the package.

    `source` is the output of a run that it was built from, null for files.
    """

    id: str
    name: str
    tag: str
    number: int
    path: str
    source: RunOutput | None = None


class ModelPackage(msgspec.Struct, frozen=True):
    """A built model and the state of its image.

    `path` is the model file. `bundle_digest` covers the bytes of its folder. `number` counts
    the builds of one name. `reference` and `image_id` name the image on the engine; `image` is
    the ID in `nbyard images`. `source` is the output of a run that the package was built from,
    null for files.
    """

    id: str
    name: str
    tag: str
    mode: str
    platform_tag: str
    number: int
    path: str
    bundle_digest: str
    model: ModelFile
    image: str
    reference: str
    image_id: str
    state: ImageState
    reason: Reason | None
    owner: str
    created_at: datetime
    source: RunOutput | None = None


class ModelSchema(msgspec.Struct, frozen=True):
    """The input and output columns of a model.

    `sample` is a row to try the model with, empty if unknown.
    """

    input_schema: list[ModelColumn]
    output_schema: list[ModelColumn]
    sample: dict[str, Any] = {}


class PublishedModel(msgspec.Struct, frozen=True):
    """A model of the public catalog, as people without an account see it."""

    name: str
    tag: str
    owner: str
    mode: str
    inputs: list[ModelColumn]
    outputs: list[ModelColumn]
    metadata: dict[str, Any]
    created_at: datetime


class ModelFilter(msgspec.Struct, frozen=True):
    """A filter of models. All fields that are not empty must match."""

    id: str = ""
    tag: str = ""
    name: str = ""
    mode: str = ""


# the first bytes of files by pickle, or by joblib with its compression methods
# In this order: PROTO of pickle, four levels of zlib, gzip, bzip2, xz, LZMA, LZ4.
PACKED = (
    *(b"\x80", b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda", b"\x1f\x8b", b"BZh"),
    *(b"\xfd7zXZ", b"\x5d\x00\x00", b"\x04\x22\x4d\x18"),
)


def is_packed(head: bytes) -> bool:
    """Return whether the first bytes of a file look like pickle (protocol 2 up) or joblib."""
    return head.startswith(PACKED)


def package_name(title: str, node: str, output: str) -> str:
    """Return a name for the model in an output of a run; `title` is the title of the run."""
    parts = (title, CODE_SUFFIX.sub("", node), output)
    # A script often has the name of its output, which would stand twice.
    unique = {part.casefold(): part for part in reversed(parts)}
    distinct = dict.fromkeys(unique[part.casefold()] for part in parts if part)
    plain = " ".join(distinct).replace("/", " ").replace("\\", " ")
    return " ".join(plain.split()).strip(" -.")[:MAX_NAME].strip() or "model"


def repository_of(name: str) -> str:
    """Return the image repository on the engine for models with a name."""
    return f"{REPOSITORIES}{plain_name(name, 'model')}"


def stem_of(name: str) -> str:
    """Return the part of a repository that identifies a model, from its name or image name."""
    return plain_name(name.removeprefix("nbyard/").removeprefix("model-"), "model")


def near_names(names: Collection[str], wanted: str) -> list[str]:
    """Return the model names that `wanted` may mean, if no model has exactly this name.

    If names differ from it only in letter case, only they are returned. Otherwise `wanted` is
    compared with image names: `my-iris-model` or `nbyard/model-my-iris-model` means
    *My Iris Model*.
    """
    folded = wanted.casefold()
    same_letters = [name for name in names if name.casefold() == folded]
    # An image of another registry or with a tag is no name of a model.
    if same_letters or set("/:") & set(wanted.removeprefix("nbyard/")):
        return same_letters
    stems = {plain_name(wanted, "model"), stem_of(wanted)}
    return [name for name in names if plain_name(name, "model") in stems]


def model_reference(name: str, tag: str, number: int) -> str:
    """Return the image name of a model. Without a tag, its number is the tag."""
    return f"{repository_of(name)}:{tag or number}"


def version_of(reference: str) -> str:
    """Return the version in the image name of a model, "" for other images.

    Equal builds of a model without a tag are one image, so only its name tells their numbers.
    """
    repository, _, tag = reference.rpartition(":")
    return tag if repository.startswith(REPOSITORIES) else ""


def model_labels(model: ModelFile, owner: str) -> dict[str, str]:
    """Return the labels of a model's image, to search images by; empty labels are left out."""
    labels = {
        "owner": owner,
        "mode": model.mode,
        "name": model.name,
        "tag": model.tag,
        "platform_tag": model.platform_tag,
    }
    return {name: value for name, value in labels.items() if value}


def model_json(model: ModelFile) -> dict[str, Any]:
    """Return the content of model.json, which the image has beside the serving code."""
    return {
        "name": model.name,
        "version": model.tag or "1",
        "mode": model.mode,
        "flavour": model.flavour,
        "src": model.src,
        "module": model.module,
        "class": model.class_name,
        "input_schema": plain_columns(model.inputs),
        "output_schema": plain_columns(model.outputs),
        "metadata": model.metadata,
        **({"file": model.file} if model.file else {}),
    }


def plain_columns(columns: Sequence[ModelColumn]) -> list[dict[str, Any]]:
    """Return columns as JSON objects; `nullable` is present only if true."""
    return [
        {"name": column.name, "type": column.type} | ({"nullable": True} if column.nullable else {})
        for column in columns
    ]
