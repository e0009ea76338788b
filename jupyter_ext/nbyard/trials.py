"""Asks a pickled model what it takes and answers: in a process of its own, with the interpreter of
the step that made it, within bounds of time and memory. Whatever the file does, it does there."""

import os
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from nbyard.domain.column_types import columns_of
from nbyard.domain.models import ModelColumn, plain_columns
from nbyard.errors import Invalid

SECONDS = 120.0
MEMORY_BYTES = 8 << 30
# It gets no secrets: only what Python needs to start.
PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TZ", "LD_LIBRARY_PATH")
PLAIN = {"CUDA_VISIBLE_DEVICES": "", "PYTHONDONTWRITEBYTECODE": "1", "OMP_NUM_THREADS": "1"}
MODULE = "nbyard.serving.trying"
FIELD = "output"
HINT = (
    "Or write a model file (nervosum.yaml) for a class whose __init__ loads this file: it says"
    " what the model takes and what it needs."
)


class KnownTable(msgspec.Struct, frozen=True):
    """A table that was at hand when the model was made: its name, its columns as a model may take
    them, and of all its columns some rows."""

    filename: str
    columns: list[ModelColumn]
    names: list[str]
    rows: list[list[Any]]


class Question(msgspec.Struct, frozen=True):
    """The `file` of the model, the folder of the `code` beside which it was made, and the tables
    that the step read; `serving` are the sources of what asks, by their paths."""

    file: Path
    code: Path
    tables: Sequence[KnownTable]
    serving: Mapping[str, str]


class Told(msgspec.Struct, frozen=True):
    """What a model said of itself. `files` are those of the code that it needs, `elsewhere` and
    `unknown` packages and modules that no image can be given by their names."""

    inputs: list[ModelColumn]
    outputs: list[ModelColumn]
    sample: dict[str, Any]
    table: str
    classes: list[Any] | None
    requirements: list[str]
    elsewhere: list[str]
    unknown: list[str]
    files: list[str]


class _Problem(msgspec.Struct, frozen=True):
    problem: str = ""


def ask(
    question: Question,
    interpreter: str,
    variables: Mapping[str, str],
    seconds: float = SECONDS,
    memory_bytes: int = MEMORY_BYTES,
) -> Told:
    """Load the model there and ask it once.

    Raises:
        Invalid: it cannot be loaded, does not say what it takes, or needs too much; the hint says
            what to write.
    """
    with tempfile.TemporaryDirectory(prefix="nbyard-trial-") as name:
        folder = Path(name)
        for place, text in question.serving.items():
            (folder / "lib" / place).parent.mkdir(parents=True, exist_ok=True)
            (folder / "lib" / place).write_text(text, "utf-8")
        (folder / "question.json").write_bytes(_encoded(question, memory_bytes))
        own = {one: os.environ[one] for one in PASSED_ON if one in os.environ}
        own |= {**PLAIN, **variables, "PYTHONPATH": str(folder / "lib")}
        _run([interpreter, "-m", MODULE, "question.json", "answer.json"], folder, own, seconds)
        return _answer(folder)


def _encoded(question: Question, memory_bytes: int) -> bytes:
    columns = [msgspec.to_builtins(one.columns) for one in question.tables]
    tables = [
        {"filename": one.filename, "columns": found, "names": one.names, "rows": one.rows}
        for one, found in zip(question.tables, columns, strict=True)
    ]
    told = {"file": str(question.file), "code": str(question.code), "tables": tables}
    return msgspec.json.encode(told | {"memory_bytes": memory_bytes})


def _run(words: list[str], folder: Path, variables: Mapping[str, str], seconds: float) -> None:
    with (folder / "log").open("wb") as said:
        try:
            process = subprocess.Popen(
                words,
                cwd=folder,
                env=dict(variables),
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                start_new_session=True,
            )
        except OSError as error:
            raise _refused(f"{words[0]} cannot be started to look at it: {error}") from None
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise _refused(f"loading it and asking it once took more than {seconds:g} s") from None
        finally:
            # Before the leader is waited for: until then its group's number is nobody else's.
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _answer(folder: Path) -> Told:
    try:
        text = (folder / "answer.json").read_bytes()
    except FileNotFoundError:
        raise _refused(_last_words(folder / "log")) from None
    try:
        problem = msgspec.json.decode(text, type=_Problem).problem
        told = None if problem else msgspec.json.decode(text, type=Told)
    except msgspec.MsgspecError as error:
        raise _refused(f"what it says of itself cannot be understood: {error}") from None
    if told is None:
        raise _refused(problem)
    for side in ("inputs", "outputs"):
        columns_of(plain_columns(getattr(told, side)), f"{FIELD}.{side}")
    return told


def _last_words(log: Path) -> str:
    lines = log.read_text("utf-8", "replace").strip().splitlines()
    said = f": {lines[-1][:300]}" if lines else "; it may need more memory than it may have here"
    return f"loading it and asking it once broke off{said}"


def _refused(words: str) -> Invalid:
    return Invalid.field(FIELD, words, hint=HINT)
