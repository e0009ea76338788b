"""`input`, `output` and `secret`: read and store values by name, inside and outside of a run."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

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
    # An earlier call may have stored the name in another format. `input` refuses two files of one
    # name.
    for other in _files_beside(name):
        if other != target:
            _remove(os.path.join(BESIDE, other))
