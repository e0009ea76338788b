"""What the code of a node calls: `input`, `output`, `secret`, `port`, `log_metric`, `executable`.

Each also works outside of a run.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import re
import time
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar, overload

from .value_files import (
    FOLDER,
    MEDIA_TYPES,
    Form,
    NotGiven,
    Unfit,
    form_of,
    is_data,
    kind_of,
    read_value,
)

ATTEMPT, SECRETS = "NBYARD_ATTEMPT", "NBYARD_SECRETS"
PLACE = "{attempt}/"
LITERAL = re.compile(r"\{(\{+attempt)")
# A file beside an output that describes its value.
TYPE = ".type.json"
# The folder in the working directory that is used outside of a run.
BESIDE = "handoff"
_NOTHING: Any = object()
F = TypeVar("F", bound=Callable[..., Any])
PORT = "NBYARD_PORT"
METRICS = "metrics.jsonl"
MAX_METRIC_NAME = 200
# From this size in bytes on, only every n-th point of a metric is written, and finally none.
SPARSE = ((8 * 2**20, 0), (7 * 2**20, 1000), (6 * 2**20, 100), (4 * 2**20, 10))
_counts: Counter[str] = Counter()


def input(name: str, default: Any = _NOTHING, *, type: Any = None) -> Any:
    """Return the input of that name: a value, or the content of a file.

    A file is read by its extension: Parquet as the data frame it was written from, JSON, text,
    bytes (.bin) and arrays (.npy). Any other file or folder is returned as `pathlib.Path`. With
    `type`, a file is returned as `pathlib.Path`, `bytes` or a data frame of another library.

    Outside of a run, the input is `handoff/NAME.*` in the working directory, or else the default. A
    default that is a `pathlib.Path` is read like an input file. So is a text if `type` asks for a
    file.

    Raises:
        NotGiven: There is no input of that name and no default.
        Unfit: The file cannot be read in this way.
    """
    _check(name)
    task = _task()
    if task is not None:
        given = _input_of_run(task, name)
    else:
        filenames = _files_beside(name)
        if len(filenames) > 1:
            raise Unfit(f"{BESIDE} holds several files for {name!r}: {', '.join(filenames)}")
        given = Path(BESIDE, filenames[0]) if filenames else _NOTHING
    given = default if given is _NOTHING else given
    if given is _NOTHING:
        if task is None:
            place = os.path.join(os.getcwd(), BESIDE)
            message = f"there is no {name}.* in {place}, and no default: nbyard.input({name!r}, …)"
        elif not task["work"] or task["work"]["kind"] == "function":
            message = f"a function takes {name!r} as a parameter, and returns what it makes"
        else:
            message = f"this run received no value for {name!r}, and there is no default"
        raise NotGiven(message)
    if isinstance(given, str) and (type is Path or is_data(type)):
        given = Path(given)
    if isinstance(given, Path):
        return read_value(os.fspath(given), type)
    if type not in (None, Path) and not isinstance(given, type):
        raise Unfit(f"the input {name!r} is {kind_of(given)}, where {type.__name__} is wanted")
    return given


def secret(name: str) -> Any:
    """Return the secret of that name: a token as text, or the fields of a login as a dict.

    Secrets are not part of the record of a run. Outside of a run, the secret is the environment
    variable of that name, or of that name in capitals.

    Raises:
        NotGiven: The run has no credential under that name.
    """
    _check(name)
    folder = os.environ.get(SECRETS)
    if folder:
        # A token is the file NAME, a login with several fields is NAME.json.
        for place in (os.path.join(folder, name), os.path.join(folder, f"{name}.json")):
            if os.path.exists(place):
                return _of_secret(place)
    if not os.environ.get(ATTEMPT):
        for variable in (name, name.upper()):
            if variable in os.environ:
                return os.environ[variable]
        raise NotGiven(f"no environment variable {name} or {name.upper()} contains the secret")
    raise NotGiven(f"this run received no credential for {name!r}")


def output(name: str, value: Any) -> None:
    """Store a value as the output of that name. A second call replaces the first value.

    `input` returns an equal value. Formats:

    - Data frames (pandas, polars, pyarrow) become Parquet.
    - Arrays become .npy, figures PNG.
    - Dicts, lists and numbers become JSON.
    - Text and bytes are stored as they are.
    - A path stands for the file or folder itself.

    The output is written whole or not at all. Outside of a run it is written to `handoff/NAME.*` in
    the working directory.

    Raises:
        NotGiven: The run has no such output.
        Unfit: The value cannot be stored, or is of another kind than declared.
    """
    _check(name)
    task, form = _task(), form_of(value)
    if task is None:
        _write_beside(name, form)
        return
    declared = task["outputs"].get(name)
    if declared is None:
        known = ", ".join(task["outputs"]) or "none"
        message = "write its name out in the call, or declare it"
        raise NotGiven(f"this run has no output {name!r} (it has: {known}): {message}")
    wanted = declared.get("format") or form.format
    if form.format not in ("", wanted):  # plain files fit any format
        shown = "a folder" if form.format == FOLDER else f"as {form.format}"
        raise Unfit(
            f"the output {name!r} is declared as {wanted} and would be handed over {shown}:"
            f" change what is declared, or write a {wanted} and hand over its path"
        )
    path = os.path.join(os.environ[ATTEMPT], declared["path"])
    _write(form, path)
    description = {"format": form.format, "filename": form.filename, **form.description}
    description["media_type"] = MEDIA_TYPES.get(form.format, "")
    with open(os.path.join(os.path.dirname(path), TYPE), "w", encoding="utf-8") as file:
        json.dump(description, file)


def _check(name: str) -> None:
    if not isinstance(name, str) or not name.isidentifier():
        raise Unfit(f"{name!r} is no name: use letters, digits and _, not starting with a digit")


def _task() -> dict[str, Any] | None:
    """Return the task of the run, None outside of a run."""
    folder = os.environ.get(ATTEMPT)
    if not folder:
        return None
    try:
        with open(os.path.join(folder, "task.json"), encoding="utf-8") as file:
            return dict(json.load(file))
    except FileNotFoundError:
        # The folder of one call of a function worker has no task.json.
        return {"work": {}, "outputs": {}}


def _input_of_run(task: dict[str, Any], name: str) -> Any:
    work = task["work"]
    given = {**work.get("parameters", {}), **work.get("handed", {})}
    # The parameter of an output holds the path to write to, which is no input.
    if name not in given or name in task["outputs"]:
        return _NOTHING
    value = given[name]
    if isinstance(value, str) and value.startswith(f"{PLACE}inputs/{name}/"):
        return Path(os.environ[ATTEMPT], value[len(PLACE) :])
    if isinstance(value, str) and value.startswith(f"{PLACE}secrets/"):
        return _of_secret(os.path.join(os.environ[ATTEMPT], value[len(PLACE) :]))
    return _as_given(value)


def _as_given(value: Any) -> Any:
    """Return a parameter value of task.json as the user wrote it.

    Where the user's text looked like the placeholder `{attempt}`, task.json has one more brace.
    """
    if isinstance(value, str):
        return LITERAL.sub(r"\1", value)
    if isinstance(value, list):
        return [_as_given(item) for item in value]
    if isinstance(value, dict):
        return {_as_given(key): _as_given(item) for key, item in value.items()}
    return value


def _of_secret(path: str) -> Any:
    with open(path, encoding="utf-8") as file:
        text = file.read()
    return json.loads(text) if path.endswith(".json") else text


def _write(form: Form, path: str) -> None:
    """Write a file or folder atomically, replacing an earlier one."""
    folder, name = os.path.split(path)
    os.makedirs(folder, exist_ok=True)
    part = os.path.join(folder, f".{name}.{os.getpid()}.part")
    try:
        form.write(part)
        # rename(2) replaces neither a folder with entries, nor a file by a folder.
        if os.path.isdir(path) or os.path.isdir(part):
            _remove(path)
        os.replace(part, path)
    finally:
        _remove(part)


def _remove(path: str) -> None:
    if os.path.isdir(path) and not os.path.islink(path):
        import shutil

        shutil.rmtree(path)
    elif os.path.lexists(path):
        os.unlink(path)


def _files_beside(name: str) -> list[str]:
    try:
        names = os.listdir(BESIDE)
    except (FileNotFoundError, NotADirectoryError):
        return []
    return sorted(
        filename for filename in names if filename == name or filename.startswith(f"{name}.")
    )


def _write_beside(name: str, form: Form) -> None:
    suffix = os.path.splitext(form.filename)[1] if form.filename else f".{form.format}"
    target = name if form.format == FOLDER else f"{name}{suffix}"
    try:
        _write(form, os.path.join(BESIDE, target))
    except Unfit:
        if not os.listdir(BESIDE):
            os.rmdir(BESIDE)
        raise
    # An earlier call may have stored the name in another format. `input` refuses two such files.
    for other in _files_beside(name):
        if other != target:
            _remove(os.path.join(BESIDE, other))


@overload
def executable(function: F) -> F: ...


@overload
def executable(*, outputs: Mapping[str, str] | None = None) -> Callable[[F], F]: ...


def executable(
    function: F | None = None, *, outputs: Mapping[str, str] | None = None
) -> F | Callable[[F], F]:
    """Mark a function as a node of workflows. The function itself stays unchanged.

    `outputs` names the function's outputs, each with its file format ("csv", "json", "txt" …, empty
    for any). It is read from the source, so it must be written out there.

    If an output has the name of a parameter, the function writes it to the path in that argument.
    All other outputs are the return value: one alone, or several as a dict by name or a tuple in
    order.
    """
    if function is not None:
        return function
    return lambda decorated: decorated


def port(name: str = "") -> int:
    """Return the number of the port declared under a name. Without a name, of the only port.

    In a run, the link of that name works as soon as the work answers on this port. A process
    listens on 127.0.0.1, a container on every address (`NBYARD_HOST` has the address). Outside of a
    run this returns 0, with which servers choose a free port.

    Raises:
        NotGiven: The run has no port of that name.
    """
    variable = f"{PORT}_{name.upper().replace('-', '_')}" if name else PORT
    port_text = os.environ.get(variable)
    if port_text:
        return int(port_text)
    if not os.environ.get(ATTEMPT):
        return 0
    known = sorted(key[len(PORT) + 1 :].lower() for key in os.environ if key.startswith(f"{PORT}_"))
    message = f"no port {name!r} is declared" if name else "no port is declared, or several are"
    raise NotGiven(f"{message} for this run (it has: {', '.join(known) or 'none'})")


def log_metric(name: str, value: Any, step: float | None = None) -> None:
    """Record a number under a name, optionally at a step of the work.

    Run Info plots it at once. NaN and infinities are kept. Outside of a run nothing happens.

    Raises:
        Unfit: The value or the step is not a number or beyond the range of a float, or the name
            is not a text of at most 200 characters.
    """
    if not isinstance(name, str) or not 0 < len(name) <= MAX_METRIC_NAME:
        raise Unfit(f"the name of a metric is text of at most {MAX_METRIC_NAME} characters")
    number, at_step = as_number(value), None if step is None else as_number(step)
    if folder := os.environ.get(ATTEMPT):
        record_metric(folder, name, number, at_step)


def record_metric(
    folder: str, name: str, value: float | str, step: float | str | None = None
) -> None:
    """Append a point of a metric to the file in an attempt's folder, if there is room."""
    line = {"at": round(time.time(), 3), "name": name, "value": value}
    if step is not None:
        line["step"] = step
    written = json.dumps(line).encode() + b"\n"
    with contextlib.suppress(OSError):  # a full disk costs only this line
        os.makedirs(folder, exist_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW
        handle = os.open(os.path.join(folder, METRICS), flags, 0o644)
        try:
            size = os.fstat(handle).st_size
            every = next((each for least, each in SPARSE if size >= least), 1)
            _counts[name] += 1
            if every and _counts[name] % every == 0:
                os.write(handle, written)  # at once, as several processes may write
        finally:
            os.close(handle)


def as_number(value: Any) -> float | int | str:
    """Return a number. NaN and infinities become texts, as JSON has no such numbers.

    Raises:
        Unfit: the value is not a number, or an integer beyond the range of a float.
    """
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise Unfit(f"a metric is a number, not {kind_of(value)}") from None
    except OverflowError:
        raise Unfit("a metric is a number between -1.8e308 and 1.8e308") from None
    if not math.isfinite(number):
        return str(number)
    return value if type(value) is int else number
