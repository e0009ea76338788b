"""`python -m nbyard.serving.model_probe QUESTION ANSWER`: inspects a pickled model.

The process loads the model and calls it once, to find its inputs and outputs.

QUESTION is a JSON file with the model's `file`, the folder of the `code` that wrote it, and the
memory limit. Its `tables` are those that the code used (`filename`, `columns` as in model.json,
`names` of all columns, `rows`). Relative paths start at the folder of the question.

The process writes ANSWER, a JSON file. It has the columns, a `sample` row, the requirements, and
the `files` of the code that the model needs. If the model cannot be described, it has only a
`problem`, a reason.
"""

from __future__ import annotations

import ast
import json
import math
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from .codec import Schema, ValueRefused
from .installed_packages import imports_of, required_packages
from .models import JOBLIB, PLAIN_TYPES, error_text, read_pickle, takes_frame, typed_values

NAMES = ("feature_names_in_", "feature_name_")
UNNAMED = "prediction"
TYPES = {bool: "bool", int: "int", float: "float", str: "str"}
KINDS = {"i": "int", "u": "int", "b": "bool", "f": "float", "M": "datetime", "U": "str"}
MAX_CLASSES = 1000
# The opcode PROTO, with which pickles begin since protocol 2.
PICKLED = b"\x80"
WITHOUT = {
    **{"int": 0, "float": 0.0, "str": "", "bool": False},
    **{"date": "2000-01-01", "datetime": "2000-01-01T00:00:00"},
}
# messages about lack of memory that are not a MemoryError
# `annot` covers both Cannot and cannot.
NO_MEMORY = ("failed to map segment", "annot allocate memory", "can't start new thread")
# raised by properties of a model that is not fitted or is of another kind
LACKS = (AttributeError, LookupError, RuntimeError, TypeError, ValueError)


# A reason as plain data: a code of nbyard's catalogue and its parameters.
Why = dict[str, Any]


def because(code: str, **params: Any) -> Why:
    """Return a reason as plain data, without the catalogue that checks it."""
    return {"code": code, "params": params}


class CannotDescribe(Exception):
    """The model cannot be described. `why` is the reason."""

    def __init__(self, why: Why):
        super().__init__(why["code"])
        self.why = why


class Table(NamedTuple):
    """A table that the code used when it created the model."""

    filename: str
    columns: list[dict[str, Any]]  # those that a model can take
    names: list[str]  # all columns
    rows: list[list[Any]]  # some rows with all columns


def main(question: str, answer: str) -> int:
    """Answer the question in a file: inspect the model and write the answer file. Return 0."""
    import resource

    asked, place = json.loads(Path(question).read_text("utf-8")), Path(answer).absolute()
    beside = Path(question).absolute().parent
    asked |= {name: str(beside / asked[name]) for name in ("file", "code")}
    most = int(asked["memory_bytes"])
    # Without the limit, a large model could make the kernel kill other processes.
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    # a crash must not leave a core dump
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        reply = inspect_model(asked)
    except CannotDescribe as error:
        reply = {"problem": error.why}
    except MemoryError:
        reply = {"problem": because("model-needs-memory")}
    place.write_text(json.dumps(reply), "utf-8")
    return 0


def inspect_model(asked: dict[str, Any]) -> dict[str, Any]:
    """Load a model, call it once and describe it. `asked` is the question, the result the answer.

    Raises:
        CannotDescribe: The model cannot be loaded, has no predict, or its columns are unknown.
    """
    sys.path.insert(0, asked["code"])
    os.chdir(asked["code"])
    model, modules = load_file(asked["file"])
    tables = [Table(**fields) for fields in asked["tables"]]
    inputs, table = inputs_of(model, tables)
    sample = sample_of(inputs, table)
    row = because("row-of-zeros")
    if table and sample:
        row = because("row-of-table", table=table.filename)
    record = sample or {column["name"]: WITHOUT[column["type"]] for column in inputs}
    outputs = outputs_of(model, predict_row(model, _whole(inputs), record, row))
    files = files_below(asked["code"])
    own = {name.partition("/")[0].removesuffix(".py") for name in files}
    # imports inside functions have not run yet, so they are read from the source
    trees = [ast.parse(Path(asked["code"], name).read_bytes()) for name in files]
    wanted = {*modules}.union(*(imports_of(tree).modules for tree in trees))
    packages = required_packages(name for name in wanted if name.partition(".")[0] not in own)
    holes = {column["name"] for column in inputs if column.get("nullable")}
    taken = _whole(inputs)
    if holes:
        record = {name: None if name in holes else value for name, value in record.items()}
        # columns stay nullable only if the model accepts null in them
        with suppress(CannotDescribe, ValueRefused):
            Schema.of(outputs).answer(predict_row(model, inputs, record, row), 1)
            taken = inputs
    return {
        "inputs": taken,
        "outputs": outputs,
        "sample": sample or {},
        "table": tables.index(table) if table else None,
        "classes": _class_labels(model),
        "requirements": packages.lines,
        "elsewhere": packages.elsewhere,
        "unknown": packages.unknown,
        "files": files,
    }


def _class_labels(model: Any) -> list[Any] | None:
    """Return the classes that a classifier predicts, None if they are too many or not JSON."""
    classes = _attribute(model, "classes_")
    classes = classes.tolist() if hasattr(classes, "tolist") else classes
    is_short = isinstance(classes, list) and len(classes) <= MAX_CLASSES
    can_be_json = is_short and all(
        type(label) in TYPES and (not isinstance(label, float) or math.isfinite(label))
        for label in classes
    )
    return classes if can_be_json else None


def load_file(file: str) -> tuple[Any, list[str]]:
    """Load a model from its file; return it and the names of modules that the file refers to.

    Raises:
        CannotDescribe: the file cannot be loaded, or the model has no predict.
    """
    named: list[tuple[str, str]] = []
    # Python raises `pickle.find_class` for each class or function that the file refers to
    # An audit hook cannot be removed, but this process loads only one model.
    sys.addaudithook(lambda event, arguments: _note(named, event, arguments))
    try:
        model = read_pickle(file)
    except (CannotDescribe, MemoryError):
        raise
    except BaseException as error:
        if lacks_memory(error):
            raise MemoryError from error
        why = because("model-unreadable", message=error_text(error))
        if isinstance(error, ModuleNotFoundError):
            where = {"module": str(error.name), "interpreter": sys.executable}
            why = because("model-module-missing", **where)
        raise CannotDescribe(why) from error
    if not callable(getattr(model, "predict", None)):
        raise CannotDescribe(because("model-without-predict", type=type(model).__name__))
    modules = [module for module, _ in named]
    # a file without pickle's first byte was compressed by joblib
    with open(file, "rb") as begun:
        is_packed = begun.read(1) != PICKLED
    return model, [*modules, *([JOBLIB] if is_packed else [])]


def lacks_memory(error: BaseException) -> bool:
    """Return whether an error means lack of memory, for example while loading a library."""
    return any(phrase in str(error) for phrase in NO_MEMORY)


def _note(named: list[tuple[str, str]], event: str, arguments: tuple[Any, ...]) -> None:
    if event != "pickle.find_class":
        return
    module, name = str(arguments[0]), str(arguments[1])
    if module == "__main__":
        raise CannotDescribe(because("model-class-in-notebook", name=name))
    named.append((module, name))


def inputs_of(model: Any, tables: list[Table]) -> tuple[list[dict[str, Any]], Table | None]:
    """Return the input columns of a model, and the first table that has all of them, or None.

    Types that the model does not declare come from the table with most of the columns.

    Raises:
        CannotDescribe: the model does not name its columns, or declares one without a type.
    """
    declared = _declared_columns(model, "input_schema") or typed_values(model)
    names = [column["name"] for column in declared]
    if not declared:
        candidates = (_attribute(model, attribute) for attribute in NAMES)
        columns = next(
            (candidate for candidate in candidates if candidate is not None and len(candidate)),
            None,
        )
        if columns is None:
            raise CannotDescribe(because("model-columns-unknown", type=type(model).__name__))
        names = [str(name) for name in columns]
    table = next((table for table in tables if {*names} <= _columns(table).keys()), None)
    if declared:
        return declared, table
    # otherwise the table with most of the columns provides their types
    nearest = max(
        tables, key=lambda other_table: len({*names} & _columns(other_table).keys()), default=EMPTY
    )
    known = _columns(table or nearest)
    return [known.get(name, {"name": name, "type": "float"}) for name in names], table


EMPTY = Table("", [], [], [])


def _columns(table: Table) -> dict[str, dict[str, Any]]:
    return {column["name"]: column for column in table.columns}


def _attribute(model: Any, name: str) -> Any:
    """Return an attribute or None. Properties of models that are not fitted may raise."""
    with suppress(*LACKS):
        return getattr(model, name, None)
    return None


def _declared_columns(model: Any, name: str) -> list[dict[str, Any]]:
    """Return the columns in an attribute of the model: a list of columns, or types by name."""
    declared = _attribute(model, name)
    if isinstance(declared, dict) and "name" not in declared:
        declared = [{"name": key, "type": value} for key, value in declared.items()]
    columns = []
    for entry in declared if isinstance(declared, list) else []:
        kind = entry.get("type") if isinstance(entry, dict) else None
        kind = kind.__name__ if isinstance(kind, type) else kind
        if kind not in PLAIN_TYPES or not isinstance(entry.get("name"), str):
            known = [*PLAIN_TYPES]
            raise CannotDescribe(because("model-column-incomplete", attribute=name, types=known))
        columns.append({"name": entry["name"], "type": kind})
    return columns


def sample_of(inputs: list[dict[str, Any]], table: Table | None) -> dict[str, Any] | None:
    """Return a record from the first row of the table that has all inputs; None if none has."""
    if table is None:
        return None
    schema = Schema.of(_whole(inputs))
    for row in table.rows:
        whole = dict(zip(table.names, row, strict=False))
        record = {column["name"]: whole.get(column["name"]) for column in inputs}
        # rows with missing values do not fit
        with suppress(ValueRefused):
            schema.read([record])
            return record
    return None


def predict_row(model: Any, inputs: list[dict[str, Any]], record: dict[str, Any], row: Why) -> Any:
    """Call the model with one row, as the server does; return its answer.

    `row` describes the row in errors.

    Raises:
        CannotDescribe: the model raised an exception.
    """
    schema = Schema.of(inputs)
    try:
        return takes_frame(model).predict(schema.frame(schema.read([record])))
    except MemoryError:
        raise
    except BaseException as error:
        why = because("model-refuses-row", row=row, message=error_text(error))
        raise CannotDescribe(why) from error


def outputs_of(model: Any, answer: Any) -> list[dict[str, Any]]:
    """Return the output columns of a model, declared or from its answer to one row.

    Raises:
        CannotDescribe: the answer has no column names, values of other types, or does not fit
            the declared columns.
    """
    outputs = _declared_columns(model, "output_schema")
    if not outputs:
        if hasattr(answer, "columns") and hasattr(answer, "iloc"):
            columns = {str(name): answer.iloc[:, at] for at, name in enumerate(answer.columns)}
        elif getattr(answer, "ndim", 1) == 1 and hasattr(answer, "__len__"):
            columns = {UNNAMED: answer}
        elif getattr(answer, "ndim", 0) == 2 and answer.shape[1] == 1:
            columns = {UNNAMED: answer[:, 0]}
        else:
            shape = getattr(answer, "shape", None)
            if shape:
                raise CannotDescribe(because("model-answers-array", shape=str(shape)))
            raise CannotDescribe(because("model-answers-without-names", type=type(answer).__name__))
        outputs = [{"name": name, "type": _type(values)} for name, values in columns.items()]
    try:
        Schema.of(outputs).answer(answer, 1)
    except ValueRefused as error:
        raise CannotDescribe(because("model-answer-unfit", message=str(error))) from error
    return outputs


def _type(values: Any) -> str:
    kind = getattr(getattr(values, "dtype", None), "kind", "O")
    if kind in KINDS:
        return KINDS[kind]
    first: Any = next(iter(values), None)
    first = first.item() if hasattr(first, "item") else first
    if type(first) not in TYPES:
        raise CannotDescribe(because("model-answers-type", type=type(first).__name__))
    return TYPES[type(first)]


def _whole(inputs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"name": column["name"], "type": column["type"]} for column in inputs]


def files_below(folder: str) -> list[str]:
    """Return the files of imported modules in a folder, relative to it."""
    start = os.path.realpath(folder) + os.sep
    sources = [getattr(module, "__file__", None) for module in list(sys.modules.values())]
    places = [source for source in sources if isinstance(source, str) and source.endswith(".py")]
    paths = {os.path.realpath(place) for place in places}
    return sorted(place.removeprefix(start) for place in paths if place.startswith(start))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
