"""Calls a function in a Python file, as task.json says.

This process is a child of the supervisor. It reports its progress through a pipe.

Writes the return value of a function to the files of its outputs.
"""

from __future__ import annotations

import contextlib
import decimal
import enum
import importlib.util
import inspect
import json
import os
import shutil
import sys
import traceback
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from .. import handoff
from ..attempt_folder import AttemptFolder, BadTask
from ..handoff import value_files
from ..handoff.value_files import ARRAY, FOLDER, JSON, PICTURE, TABLE, Unfit, form_of, kind_of
from ..pythonpath_shim import import_by_name
from ..reasons import because, raised
from .python_literals import TIMES, six_digits
from .status_pipe import Report


def by_output(value: Any, names: Sequence[str]) -> dict[str, Any]:
    """Return the value of each output, from the value that the function returned.

    Raises:
        Unfit: The value does not match the declared outputs.
    """
    if not names:
        if value is not None:
            raise Unfit(f"it returned {kind_of(value)}, and declares no output for that")
        return {}
    if len(names) == 1:
        return {names[0]: value}
    if isinstance(value, Mapping) and set(value) == set(names):
        return {name: value[name] for name in names}
    if isinstance(value, (tuple, list)) and len(value) == len(names):
        return {name: value[place] for place, name in enumerate(names)}
    raise Unfit(f"it returned {kind_of(value)}; a dict or tuple of {', '.join(names)} is needed")


def write_output(value: Any, file_format: str, path: str) -> None:
    """Write the file or folder of one output to `path`.

    In every format, bytes are written as they are, and a returned path is copied.

    Raises:
        Unfit: The value cannot be written in this format.
    """
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if isinstance(value, os.PathLike):
        _copy_returned_path(os.fspath(value), file_format, path)
        return
    if file_format == FOLDER:
        raise Unfit(f"it returned {kind_of(value)}, where the path of a folder is needed")
    if file_format in (TABLE, ARRAY, PICTURE) and not isinstance(value, (bytes, bytearray)):
        form = form_of(value)
        if form.format != file_format:
            raise Unfit(f"it returned {kind_of(value)}, which cannot be written as {file_format}")
        form.write(path)
        return
    if not isinstance(value, (bytes, bytearray, memoryview)):
        if file_format == JSON:
            if value is None:
                raise Unfit("it returned nothing")
            try:
                value = json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
            except (TypeError, ValueError, RecursionError) as error:
                raise Unfit(
                    f"it returned {kind_of(value)}, which is not valid JSON: {error}"
                ) from None
        elif isinstance(value, str):
            value = value.encode("utf-8", "surrogatepass")
        else:
            needed = "text, bytes or the path of a file"
            message = f"it returned {kind_of(value)}, which cannot be written"
            raise Unfit(f"{message} as {file_format or 'a file'}: {needed} is needed")
    with open(path, "wb") as file:
        file.write(value)


def _copy_returned_path(given: str, file_format: str, path: str) -> None:
    """Copy the file or folder that the function returned, unless it is at `path` already."""
    shown = f"it returned the path {given}"
    if os.path.isdir(given) != (file_format == FOLDER) or not os.path.exists(given):
        raise Unfit(f"{shown}, which is not a {'folder' if file_format == FOLDER else 'file'}")
    if os.path.exists(path) and os.path.samefile(given, path):
        return
    try:
        if file_format == FOLDER:
            shutil.copytree(given, path, dirs_exist_ok=True)
        else:
            shutil.copyfile(given, path)
    except (OSError, shutil.Error) as error:
        raise Unfit(f"{shown}, which cannot be read: {error}") from None


# The folder of the runner, whose frames a traceback leaves out.
RUNNER = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
POSITIONAL = inspect.Parameter.POSITIONAL_ONLY
COLLECTIONS = (list, tuple, set, frozenset)
UNIONS = (typing.Union, getattr(types, "UnionType", typing.Union))  # `X | Y` since 3.10
Failure = dict  # as in result.json


class CallFailed(Exception):
    """A call failed. `failure` is the failure as in result.json."""

    def __init__(self, failure: dict[str, Any]) -> None:
        super().__init__(failure["reason"]["code"])
        self.failure = failure


def main(path: str, descriptor: int) -> int:
    """Call the function of the attempt in the folder `path`, and report its result.

    `descriptor` is the pipe for reports. Return the exit status.
    """
    report, folder = Report(descriptor), AttemptFolder(path)
    try:
        task = folder.task()
        work = task["work"]
        functions = Functions(folder.inside(work["path"]))
        report.stage("running")
        functions.call(folder, work, task["outputs"])
        failure = None
    except CallFailed as error:
        failure = error.failure
    except BadTask as error:
        reason = because("task-unusable", problem=str(error))
        failure = {"kind": "preparation", "reason": reason}
    report.end(failure)
    return 0


class Functions:
    """The functions of one file, which is imported once.

    Raises:
        CallFailed: The file cannot be imported.
    """

    def __init__(self, path: str) -> None:
        self._file = os.path.basename(path)
        sys.argv = [path]
        import_by_name()
        sys.path.insert(0, os.path.dirname(path))
        if importlib.util.find_spec("nbyard") is None:
            sys.modules["nbyard"] = handoff  # provides its decorators where nbyard is not installed
        name = self._file.rpartition(".")[0]
        # A file such as json.py must not replace the module that other code imports.
        if name in sys.modules:
            name += "_"
        with LoggedErrors():
            spec = importlib.util.spec_from_file_location(name, path)
            assert spec is not None and spec.loader is not None
            self._module = sys.modules[name] = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(self._module)
        self._known: dict[str, _Function] = {}

    def call(self, folder: AttemptFolder, work: dict[str, Any], outputs: dict[str, Any]) -> None:
        """Call the function named in `work`, and write its results to the attempt folder.

        `work` has the function's name and parameters, as in task.json. The function itself writes
        the outputs that are among its parameters. `outputs` has the paths of all outputs.

        Raises:
            CallFailed: The function raised an exception or returned unexpected values.
            BadTask: An output is outside the folder.
        """
        name = work["function"]
        function = self._known.get(name)
        if function is None:
            function = self._known[name] = self._function(name)
        given = folder.expand(work["parameters"])
        for parameter in work["files"]:
            if isinstance(given[parameter], str):
                with LoggedErrors():
                    given[parameter] = function.input_value(parameter, given[parameter])
        places = {output: folder.inside(outputs[output]["path"]) for output in outputs}
        for parameter in places.keys() & function.names:
            is_folder = outputs[parameter].get("format") == value_files.FOLDER
            os.makedirs(
                places[parameter] if is_folder else os.path.dirname(places[parameter]),
                exist_ok=True,
            )
            given[parameter] = Path(places[parameter])
        with LoggedErrors():
            value = function(given)
            returned = [output for output in outputs if output not in function.names]
            for parameter, output_value in by_output(value, returned).items():
                write_output(
                    output_value, outputs[parameter].get("format") or "", places[parameter]
                )

    def _function(self, name: str) -> _Function:
        attribute = getattr(self._module, name, None)
        if not callable(attribute):
            reason = because("function-missing", file=self._file, function=name)
            raise CallFailed({"kind": "error", "reason": reason})
        return _Function(attribute)


class _Function:
    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function
        try:
            parameters = inspect.signature(function).parameters
        except (TypeError, ValueError):
            parameters = {}  # type: ignore[assignment]
        self.names = parameters.keys()
        # Annotations may name types that only type checkers import.
        self._hints: dict[str, Any] = {}
        with contextlib.suppress(NameError, AttributeError, TypeError, ValueError, SyntaxError):
            self._hints = typing.get_type_hints(function)
        self._first = [
            parameter.name for parameter in parameters.values() if parameter.kind is POSITIONAL
        ]

    def input_value(self, name: str, path: str) -> Any:
        """Return an input for the function: data if its annotation is a data class, else a path.

        Raises:
            Unfit: The file cannot be read as that class.
        """
        wanted = self._hints.get(name)
        return value_files.read_value(path, wanted) if value_files.is_data(wanted) else Path(path)

    def __call__(self, given: dict[str, Any]) -> Any:
        given = {name: typed_value(value, self._hints.get(name)) for name, value in given.items()}
        if not self._first:
            return self._function(**given)
        first = [given.pop(name) for name in self._first if name in given]
        return self._function(*first, **given)


def typed_value(value: Any, hint: Any) -> Any:
    """Return a JSON value as its annotation says: a date, a decimal number, an Enum's member.

    Values of other types stay as they are.
    """
    kind, inner = typing.get_origin(hint) or hint, typing.get_args(hint)
    if isinstance(value, list) and kind in COLLECTIONS:
        is_row = kind is tuple and len(inner) == len(value) and ... not in inner
        hints = inner if is_row else (*inner[:1], None)[:1] * len(value)
        return kind(map(typed_value, value, hints))
    if isinstance(value, dict) and kind is dict and inner:
        return {key: typed_value(item, inner[1]) for key, item in value.items()}
    if kind in UNIONS and not (str in inner and isinstance(value, str)):
        typed = [typed_value(value, each) for each in inner]
        changed = (item for item in typed if item != value or type(item) is not type(value))
        return next(changed, value)
    return _typed_scalar(value, hint) if isinstance(hint, type) else value


def _typed_scalar(value: Any, hint: type) -> Any:
    if not isinstance(value, (str, int, float)):
        return value
    if issubclass(hint, enum.Enum):
        return hint[str(value)] if str(value) in hint.__members__ else hint(value)
    if hint is decimal.Decimal:
        return decimal.Decimal(str(value))
    if isinstance(value, str) and hint in TIMES.values():
        return hint.fromisoformat(six_digits(value))  # type: ignore[attr-defined]
    return value


class LoggedErrors:
    """Turns exceptions inside its block into `CallFailed` and prints their traceback to the log."""

    def __enter__(self) -> None:
        return

    def __exit__(self, _: object, error: BaseException | None, where: TracebackType | None) -> None:
        if isinstance(error, CallFailed):
            return
        failure: dict[str, Any] = {}
        if isinstance(error, value_files.Unfit):
            failure = {"kind": "contract", "reason": because("value-unfit", text=str(error))}
            sys.stderr.write(f"{error}\n")
        elif isinstance(error, SystemExit):
            code = error.code if isinstance(error.code, int) else int(error.code is not None)
            reason = because("function-exited", exit_code=code)
            failure = {"kind": "exit-code", "reason": reason, "exit_code": code}
            sys.stderr.write(f"the function raised SystemExit (exit code {code})\n")
        elif error is not None:
            ours = (RUNNER, "<frozen importlib")
            while where is not None and where.tb_frame.f_code.co_filename.startswith(ours):
                where = where.tb_next
            traceback_text = "".join(traceback.format_exception(type(error), error, where))
            last = traceback.format_exception_only(type(error), error)[-1].strip()
            failure = {
                "kind": "error",
                "reason": raised(last.splitlines()[0] if last else type(error).__name__),
                "error_name": type(error).__name__,
                "traceback": traceback_text,
            }
            sys.stderr.write(traceback_text)
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
        if failure:
            raise CallFailed(failure) from None
