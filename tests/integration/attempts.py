"""Attempts without a dispatcher, and what they leave in their folder."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import psutil

from nbyard.domain.attempts.structs import (
    EXECUTED,
    LOG,
    RESULT,
    RUNNER,
    Failure,
    NotebookWork,
    Result,
)
from nbyard.runtimes.protocol import Order, Runtime
from nbyard.testing.conformance.runtimes import finish, place_attempt

from ..notebooks import notebook


def place_notebook(
    folder: Path,
    *cells: str,
    kernel: str = "python3",
    language: str = "python",
    tags: Sequence[Sequence[str]] = (),
    **more: Any,
) -> Order:
    work = NotebookWork("code/n.ipynb", kernel, language, {})
    order = place_attempt(folder, "", {}, "", work=work, directory="code", **more)
    text = notebook(*cells, tags=tags, kernel=kernel, language=language)
    (order.folder / "code" / "n.ipynb").write_text(text)
    return order


def run(runtime: Runtime, order: Order) -> Result:
    """Start an attempt, and wait for its end."""
    runtime.start(order)
    return finish(runtime, order)


def failure_of(runtime: Runtime, order: Order) -> Failure:
    """Run an attempt that fails."""
    failure = run(runtime, order).failure
    assert failure is not None
    return failure


def executed(order: Order) -> list[dict[str, Any]]:
    cells: list[dict[str, Any]] = json.loads((order.folder / EXECUTED).read_text())["cells"]
    return cells


def printed(order: Order) -> Any:
    """Return what the last cell printed, parsed as JSON."""
    return json.loads("".join(executed(order)[-1]["outputs"][0]["text"]))


def log_of(order: Order) -> str:
    path = order.folder / LOG
    return path.read_text() if path.exists() else ""


def result_of(order: Order) -> Result:
    return msgspec.json.decode((order.folder / RESULT).read_bytes(), type=Result)


def supervisor_pid(order: Order) -> int:
    return int(json.loads((order.folder / RUNNER).read_text())["pid"])


def is_gone(process: psutil.Process) -> bool:
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
