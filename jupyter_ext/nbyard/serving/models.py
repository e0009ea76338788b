"""Loads and calls a model: a class, a folder that MLflow saved, a file of pickle or joblib."""

from __future__ import annotations

import dataclasses
import gc
import importlib
import importlib.util
import inspect
import json
import logging
import os
import pickle
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple, cast, get_args, get_origin, get_type_hints, is_typeddict

from .codec import BadAnswer, Columns, Schema, ValueRefused

JOBLIB = "joblib"
VERSION_VARIABLE = "NBYARD_MODEL_VERSION"
log = logging.getLogger("nbyard.serving")
MAX_WORDS = 500
# attributes of dataclasses, named tuples and models of pydantic
RECORD_MARKS = ("__dataclass_fields__", "_fields", "model_fields")
PLAIN_TYPES = ("int", "float", "str", "bool", "date", "datetime")


def read_pickle(path: str) -> Any:
    """Load the object in a file of pickle or joblib. Loading runs code that the file refers to.

    If joblib is installed, it loads both kinds of files. Its own files are only created where it
    is installed.

    Raises:
        Exception: The file is invalid, or the code that it refers to failed.
    """
    if importlib.util.find_spec(JOBLIB) is not None:
        return cast(Any, importlib.import_module(JOBLIB)).load(path)
    with open(path, "rb") as file:
        return pickle.load(file)


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
            return takes_frame(read_pickle(os.path.join(spec.root, spec.fields["file"])))
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
        return RowModel(model) if spec.flavour == "row" else takes_frame(model)


def typed_values(model: Any) -> list[dict[str, Any]]:
    """Return the values of a row that `predict` takes, as columns; none if one has no type."""
    try:
        parameters = inspect.signature(model.predict).parameters.values()
    except (TypeError, ValueError):  # of a compiled function
        return []
    columns = []
    for each in parameters:
        kind = getattr(each.annotation, "__name__", each.annotation)
        has_default = each.default is not each.empty
        columns.append({"name": each.name, "type": kind, "nullable": has_default})
    return columns if all(column["type"] in PLAIN_TYPES for column in columns) else []


def takes_frame(model: Any) -> Any:
    """Return the model, in a `RowModel` if its `predict` takes the values or records of rows."""
    record = _record_of(model)
    return RowModel(model, *record) if record or typed_values(model) else model


def _record_of(model: Any) -> tuple[Any, ...]:
    """Return the class of rows that `predict` takes, and whether in a list; empty for others."""
    try:
        hints = get_type_hints(model.predict)
        name = next(iter(inspect.signature(model.predict).parameters), "")
    except (TypeError, ValueError, NameError, AttributeError):  # of a compiled function
        return ()
    kind = hints.get(name)
    takes_all = get_origin(kind) in (list, Sequence, Iterable)
    record = get_args(kind)[0] if takes_all else kind
    if is_typeddict(record):
        return dict, takes_all
    is_record = isinstance(record, type) and any(hasattr(record, mark) for mark in RECORD_MARKS)
    return (record, takes_all) if is_record else ()


class RowModel:
    """A model that takes a DataFrame, around one whose `predict` takes the values of one row.

    With a `record` class, `predict` takes such a record, or all of them in a list. A missing value
    is left out where the parameter has a default. An answer is one value, or the columns as a dict,
    a dataclass or a named tuple.
    """

    def __init__(self, model: Any, record: Any = None, takes_all: bool = False):
        self._predict, self._record, self._takes_all = model.predict, record, takes_all
        declares = self._predict if record in (None, dict) else record
        parameters = inspect.signature(declares).parameters.values()
        self._defaults = {each.name for each in parameters if each.default is not each.empty}

    def predict(self, frame: Any) -> Any:
        """Return the answers for the rows of a DataFrame: a list, or a DataFrame of columns."""
        rows = [
            {n: v for n, v in row.items() if v is not None or n not in self._defaults}
            for row in frame.astype(object).where(frame.notna(), None).to_dict("records")
        ]
        records = [self._record(**row) for row in rows] if self._record else []
        if self._takes_all:
            given = self._predict(records)
        elif records:
            given = map(self._predict, records)
        else:
            given = (self._predict(**row) for row in rows)
        answers = [_plain_record(answer) for answer in given]
        if answers and isinstance(answers[0], dict):
            return cast(Any, importlib.import_module("pandas")).DataFrame(answers, dtype=object)
        return answers


def _plain_record(answer: Any) -> Any:
    if dataclasses.is_dataclass(answer) and not isinstance(answer, type):
        return dataclasses.asdict(answer)
    return answer._asdict() if hasattr(answer, "_asdict") else answer


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


class ModelFailed(Exception):
    """The model raised an exception. The message describes it without the traceback."""


class Predictor:
    """Calls a loaded model and checks its answer."""

    def __init__(self, spec: Spec, model: Any):
        self._inputs = spec.inputs
        self._outputs = spec.outputs
        self._model = model

    def __call__(self, columns: Columns) -> Columns:
        """Call the model with checked columns; return its answer as columns.

        Raises:
            ModelFailed: The model raised an exception.
            ValueRefused: The answer does not fit its schema.
        """
        try:
            answer = self._model.predict(self._inputs.frame(columns))
            return self._outputs.answer(answer, len(columns[0]))
        except ValueRefused:
            raise
        # also SystemExit, or the panic of an extension in Rust
        except BaseException as error:
            raise ModelFailed(words_of(error)) from error


def words_of(error: BaseException) -> str:
    """Describe an exception of the model without its traceback."""
    return f"the model raised {error_text(error)}"


def error_text(error: BaseException) -> str:
    """Return the class and the message of an exception."""
    text = str(error)
    message = text if len(text) <= MAX_WORDS else text[: MAX_WORDS - 1] + "…"
    name = type(error).__name__
    return f"{name}: {message}" if message else name
