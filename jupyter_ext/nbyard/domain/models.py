"""Models: a Python class with `predict(DataFrame) -> DataFrame`, or a folder that MLflow saved, and
the packages that are built of them."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

import msgspec

from nbyard.domain.images import plain_name
from nbyard.domain.states import ImageState

ColumnType = Literal["int", "float", "str", "bool", "date", "datetime"]
Flavour = Literal["class", "mlflow"]
HTTP, BATCH = "http", "batch"
PORT = 5000
READY_PATH = "/v2/health/ready"
MODEL_FILES = ("nervosum.yaml", "nervosum.yml", "model.yaml", "model.yml")
MLFLOW_FILE = "MLmodel"
# Where what serves lies in an attempt.
SERVING_FOLDER = "code/.nbyard"
# the grammar of tags of images
TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")


class ModelColumn(msgspec.Struct, frozen=True, omit_defaults=True):
    """A column of a schema; one that is `nullable` may be missing or null."""

    name: str
    type: ColumnType
    nullable: bool = False


class ModelFile(msgspec.Struct, frozen=True):
    """What a model file says. `src` is a folder relative to the file's own, in which `module` is
    found; `requirements` are lines, or those of the `requirements_file` beside it. An MLflow folder
    is loaded whole: it has neither module nor class."""

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


class NewModel(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to build: the folder `path`, in which `file` is the model file; by default the first of
    nervosum.yaml, nervosum.yml, model.yaml, model.yml and MLmodel that is there."""

    path: str
    file: str = ""


class ModelPackage(msgspec.Struct, frozen=True):
    """A model as it was built, and how its image stands. `path` is the model file, `bundle_digest`
    are the bytes of its folder, `number` counts the builds of one name. `reference` and `image_id`
    name the image on the engine; `image` is that of `nbyard images`."""

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
    reason: str
    owner: str
    created_at: datetime


class ModelSchema(msgspec.Struct, frozen=True):
    """The columns that a model takes, and those that it answers with."""

    input_schema: list[ModelColumn]
    output_schema: list[ModelColumn]


class ModelFilter(msgspec.Struct, frozen=True):
    """What the models that are meant have in their fields; all of it."""

    id: str = ""
    tag: str = ""
    name: str = ""
    mode: str = ""


def repository_of(name: str) -> str:
    """Where the images of models of that name are, on the engine."""
    return f"nbyard/model-{plain_name(name, 'model')}"


def model_reference(name: str, tag: str, number: int) -> str:
    """The image of a model of that name; without a tag its number stands in its place."""
    return f"{repository_of(name)}:{tag or number}"


def model_labels(model: ModelFile, owner: str) -> dict[str, str]:
    """What people look for on an image; what is not said is no label."""
    told = {
        "owner": owner,
        "mode": model.mode,
        "name": model.name,
        "tag": model.tag,
        "platform_tag": model.platform_tag,
    }
    return {name: value for name, value in told.items() if value}


def served(model: ModelFile) -> dict[str, Any]:
    """model.json, which stands in the image beside what serves the model."""
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
    }


def plain_columns(columns: Sequence[ModelColumn]) -> list[dict[str, Any]]:
    """Columns as they are written in JSON."""
    return [
        {"name": one.name, "type": one.type} | ({"nullable": True} if one.nullable else {})
        for one in columns
    ]
