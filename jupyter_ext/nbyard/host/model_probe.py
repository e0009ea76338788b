"""Loads a pickled model in a separate process, to describe its inputs and outputs.

The process uses the interpreter of the task that wrote the model, with limits on time and memory.
So a harmful model cannot affect this process.
"""

import os
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import msgspec

from nbyard.domain.models.model_probes import (
    FIELD,
    HINT,
    MEMORY_BYTES,
    MODULE,
    SECONDS,
    KnownTable,
    ReportedModel,
)
from nbyard.domain.models.schema_notations import columns_of
from nbyard.domain.models.structs import plain_columns
from nbyard.errors import Invalid
from nbyard.reasons.structs import Reason

# The process gets no secrets, only what Python needs to start.
PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TZ", "LD_LIBRARY_PATH")
PLAIN = {"CUDA_VISIBLE_DEVICES": "", "PYTHONDONTWRITEBYTECODE": "1", "OMP_NUM_THREADS": "1"}


class Question(msgspec.Struct, frozen=True):
    """A request to describe a model."""

    file: Path  # the model
    code: Path  # the folder of the code that wrote it
    tables: Sequence[KnownTable]  # those that its task read
    serving: Mapping[str, str]  # sources of the module that runs in the process, by path


class _Problem(msgspec.Struct, frozen=True):
    problem: Reason | None = None


def probe_model(
    question: Question,
    interpreter: str,
    variables: Mapping[str, str],
    seconds: float = SECONDS,
    memory_bytes: int = MEMORY_BYTES,
) -> ReportedModel:
    """Load a model once with an interpreter.

    Return what the model's process reports about it.

    Raises:
        Invalid: The model cannot be loaded, does not describe its inputs, or exceeds a limit. The
            hint says what to write.
    """
    with tempfile.TemporaryDirectory(prefix="nbyard-probe-") as name:
        folder = Path(name)
        for place, text in question.serving.items():
            (folder / "lib" / place).parent.mkdir(parents=True, exist_ok=True)
            (folder / "lib" / place).write_text(text, "utf-8")
        encoded_question = encode_question(
            str(question.file), str(question.code), question.tables, memory_bytes
        )
        (folder / "question.json").write_bytes(encoded_question)
        own = {variable: os.environ[variable] for variable in PASSED_ON if variable in os.environ}
        own |= {**PLAIN, **variables, "PYTHONPATH": str(folder / "lib")}
        _run([interpreter, "-m", MODULE, "question.json", "answer.json"], folder, own, seconds)
        try:
            answer = (folder / "answer.json").read_bytes()
        except FileNotFoundError:
            lines = (folder / "log").read_text("utf-8", "replace").strip().splitlines()
            if not lines:
                raise probe_error(
                    "the process that loads and calls the model exited early; the model may need"
                    " more memory than allowed here"
                ) from None
            raise probe_error(
                f"loading the model and calling it once failed: {lines[-1][:300]}"
            ) from None
        return read_reported_model(answer)


def encode_question(
    file: str, code: str, tables: Sequence[KnownTable], memory_bytes: int = MEMORY_BYTES
) -> bytes:
    """Return the question as JSON. Both paths may be relative to the folder of the JSON file."""
    known = [
        {**msgspec.structs.asdict(table), "columns": msgspec.to_builtins(table.columns)}
        for table in tables
    ]
    question = {"file": file, "code": code, "tables": known, "memory_bytes": memory_bytes}
    return msgspec.json.encode(question)


def _run(argv: list[str], folder: Path, variables: Mapping[str, str], seconds: float) -> None:
    with (folder / "log").open("wb") as said:
        try:
            process = subprocess.Popen(
                argv,
                cwd=folder,
                env=dict(variables),
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                start_new_session=True,
            )
        except OSError as error:
            raise probe_error(
                f"{argv[0]} cannot be started to inspect the model: {error}"
            ) from None
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise probe_error(
                f"loading the model and calling it once took more than {seconds:g} s"
            ) from None
        finally:
            # Kill before waiting for the leader: until then its group id cannot be reused.
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def read_reported_model(text: bytes | str) -> ReportedModel:
    """Decode the JSON that the process with the model wrote.

    Raises:
        Invalid: The JSON reports a problem, or is invalid.
    """
    try:
        if problem := msgspec.json.decode(text, type=_Problem).problem:
            str(problem)  # what the model wrote may be nested too deeply
            raise probe_error(problem)
        reported = msgspec.json.decode(text, type=ReportedModel)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise probe_error(f"the result of inspecting the model cannot be read: {error}") from None
    for side in ("inputs", "outputs"):
        columns_of(plain_columns(getattr(reported, side)), f"{FIELD}.{side}")
    return reported


def probe_error(why: Reason | str) -> Invalid:
    """Return the error for a model whose inputs or outputs are unknown."""
    return Invalid.field(FIELD, why, hint=HINT)
