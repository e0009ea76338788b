"""Models: a Python class with `predict(DataFrame) -> DataFrame`, a folder that MLflow saved, or a
file that pickle or joblib wrote, and the packages that are built of them."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

import msgspec

from nbyard.domain.images.structs import plain_name
from nbyard.domain.names import MAX_NAME
from nbyard.domain.states import ImageState

ColumnType = Literal["int", "float", "str", "bool", "date", "datetime"]
Flavour = Literal["class", "mlflow", "pickle"]
HTTP, BATCH = "http", "batch"
REPOSITORIES = "nbyard/model-"
# so long a model is kept for a form that gives no sign of life
FORM_SECONDS = 600.0
PORT = 5000
READY_PATH = "/v2/health/ready"
MODEL_FILES = ("nervosum.yaml", "nervosum.yml", "model.yaml", "model.yml")
MLFLOW_FILE = "MLmodel"
# Where what serves lies in an attempt.
SERVING_FOLDER = "code/.nbyard"
CODE_SUFFIX = re.compile(r"\.(?:py|ipynb)\Z", re.IGNORECASE)
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
    is loaded whole: it has neither module nor class; a pickle has its `file` instead. `sample` is a
    row that it can be tried with, where one is known."""

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


class NewModel(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to build, one of three.

    A folder `path`, in which `file` is the model file; by default the first of nervosum.yaml,
    nervosum.yml, model.yaml, model.yml and MLmodel that is there. A Python file `path` with a class
    that has `predict`, named by `class_name` where there are several. Or the `output` of a `run`
    (id, name or number), as `step.output`, or as `output` where one step only has it: a folder with
    a model file or of MLflow, or what pickle or joblib wrote."""

    path: str = ""
    file: str = ""
    class_name: str = ""
    run: str = ""
    output: str = ""


class RunOutput(msgspec.Struct, frozen=True):
    """The output of a run's task that a package was made of; `digest` are its bytes. The package
    outlives the run: `run_id` may be that of one that was deleted."""

    run_id: str
    run_number: int
    run_title: str
    task_id: str
    node: str
    output: str
    filename: str
    digest: str


class ServedModel(msgspec.Struct, frozen=True):
    """The package that a deployment serves, by its id, and where that came from: `source` is null
    where it was built of files."""

    id: str
    name: str
    tag: str
    number: int
    path: str
    source: RunOutput | None = None


class ModelPackage(msgspec.Struct, frozen=True):
    """A model as it was built, and how its image stands. `path` is the model file, `bundle_digest`
    are the bytes of its folder, `number` counts the builds of one name. `reference` and `image_id`
    name the image on the engine; `image` is that of `nbyard images`. `source` is the output of a
    run that it was made of, and null where that was a file."""

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
    source: RunOutput | None = None


class ModelSchema(msgspec.Struct, frozen=True):
    """The columns that a model takes, and those that it answers with; `sample` is a row that it can
    be tried with, empty where none is known."""

    input_schema: list[ModelColumn]
    output_schema: list[ModelColumn]
    sample: dict[str, Any] = {}


class ModelFilter(msgspec.Struct, frozen=True):
    """What the models that are meant have in their fields; all of it."""

    id: str = ""
    tag: str = ""
    name: str = ""
    mode: str = ""


# the first bytes of what pickle writes, or joblib in its ways of compressing
PACKED = (
    *(b"\x80", b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda", b"\x1f\x8b", b"BZh"),
    *(b"\xfd7zXZ", b"\x5d\x00\x00", b"\x04\x22\x4d\x18"),
)


def is_packed(head: bytes) -> bool:
    """Whether a file that begins so may be one that pickle (from its protocol 2 on) or joblib
    wrote."""
    return head.startswith(PACKED)


def package_name(title: str, node: str, output: str) -> str:
    """What a model is called that came out of a run of that title."""
    node = CODE_SUFFIX.sub("", node)
    plain = " ".join(filter(None, (title, node, output))).replace("/", " ").replace("\\", " ")
    return " ".join(plain.split()).strip(" -.")[:MAX_NAME].strip() or "model"


def repository_of(name: str) -> str:
    """Where the images of models of that name are, on the engine."""
    return f"{REPOSITORIES}{plain_name(name, 'model')}"


def stem_of(name: str) -> str:
    """What of the name of an image stands for a model that is called so, or like its image."""
    return plain_name(name.removeprefix("nbyard/").removeprefix("model-"), "model")


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
        "sample": model.sample,
        **({"file": model.file} if model.file else {}),
    }


def plain_columns(columns: Sequence[ModelColumn]) -> list[dict[str, Any]]:
    """Columns as they are written in JSON."""
    return [
        {"name": one.name, "type": one.type} | ({"nullable": True} if one.nullable else {})
        for one in columns
    ]
