"""`log_metric`: numbers that are plotted while the work runs, as lines of metrics.jsonl."""

from __future__ import annotations

import contextlib
import json
import math
import os
import time
from collections import Counter
from typing import Any

from .input_output_secret import ATTEMPT
from .value_files import Unfit, kind_of

FILE = "metrics.jsonl"
MAX_NAME = 200
# From this size in bytes on, only every n-th point of a metric is written, and finally none.
SPARSE = ((8 * 2**20, 0), (7 * 2**20, 1000), (6 * 2**20, 100), (4 * 2**20, 10))
_counts: Counter[str] = Counter()


def log_metric(name: str, value: Any, step: float | None = None) -> None:
    """Record a number under a name, optionally at a step of the work.

    Run Info plots it at once. NaN and infinities are kept. Outside of a run nothing happens.

    Raises:
        Unfit: The value or the step is not a number or beyond the range of a float, or the name
            is not a text of at most 200 characters.
    """
    if not isinstance(name, str) or not 0 < len(name) <= MAX_NAME:
        raise Unfit(f"the name of a metric is text of at most {MAX_NAME} characters")
    number, at_step = as_number(value), None if step is None else as_number(step)
    if folder := os.environ.get(ATTEMPT):
        record(folder, name, number, at_step)


def record(folder: str, name: str, value: float | str, step: float | str | None = None) -> None:
    """Append a point of a metric to the file in an attempt's folder, if there is room."""
    line = {"at": round(time.time(), 3), "name": name, "value": value}
    if step is not None:
        line["step"] = step
    written = json.dumps(line).encode() + b"\n"
    with contextlib.suppress(OSError):  # a full disk costs only this line
        os.makedirs(folder, exist_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW
        handle = os.open(os.path.join(folder, FILE), flags, 0o644)
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
