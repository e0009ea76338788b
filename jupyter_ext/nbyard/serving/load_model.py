"""Loads the model: a class, a folder that MLflow saved, or a file of pickle or joblib."""

from __future__ import annotations

import gc
import importlib
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from .codec import BadAnswer, Schema
from .pickles import read_pickle

VERSION_VARIABLE = "NBYARD_MODEL_VERSION"


class Spec(NamedTuple):
    """The content of model.json. `root` is the folder of the model file."""

    name: str
    version: str
    root: str
    flavour: str
    src: str
    module: str
    class_name: str
    inputs: Schema
    outputs: Schema
    fields: dict[str, Any]


def read_spec(text: str, root: str) -> Spec:
    """Parse the text of model.json. A deployment sets the version that its image's name has."""
    fields = json.loads(text)
    fields["version"] = os.environ.get(VERSION_VARIABLE) or fields["version"]
    return Spec(
        name=fields["name"],
        version=fields["version"],
        root=root,
        flavour=fields["flavour"],
        src=fields["src"],
        module=fields["module"],
        class_name=fields["class"],
        inputs=Schema.of(fields["input_schema"]),
        outputs=Schema.of(fields["output_schema"], BadAnswer),
        fields=fields,
    )


class NoModel(Exception):
    """The model could not be loaded. The message has the reason."""


def load_model(spec: Spec) -> Any:
    """Load the model, an object with `predict`. Its folder becomes the working directory.

    The folder `src` may be a package. Its modules are imported by their paths from the folder of
    the model file. They can import each other as `src.other`, as `.other` or as `other`.

    Raises:
        NoModel: The class does not exist, or has no method predict.
    """
    os.chdir(spec.root)
    with _without_collector():
        if spec.flavour == "mlflow":
            return importlib.import_module("mlflow.pyfunc").load_model(spec.root)
        if spec.flavour == "pickle":
            # the file may refer to modules beside it
            sys.path.insert(0, spec.root)
            return read_pickle(os.path.join(spec.root, spec.fields["file"]))
        parts = [] if spec.src == "." else spec.src.split("/")
        sys.path[:0] = [os.path.join(spec.root, *parts), spec.root]
        is_package = all(part.isidentifier() for part in parts)
        name = ".".join([*(parts if is_package else []), spec.module])
        model_class = getattr(importlib.import_module(name), spec.class_name, None)
        if model_class is None:
            raise NoModel(f"{name} has no class {spec.class_name}")
        model = model_class()
        if not callable(getattr(model, "predict", None)):
            raise NoModel(f"{spec.class_name} has no method predict")
        return model


@contextmanager
def _without_collector() -> Iterator[None]:
    """Pause garbage collection during imports, and exclude the loaded objects from it afterwards.

    Imported modules have many objects, which stay in memory. Collecting them would take a
    twentieth of the loading time, and the same time at exit.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was_enabled:
            gc.enable()
