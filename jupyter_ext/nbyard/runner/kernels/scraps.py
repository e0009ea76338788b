"""Records numbers that a notebook reports with scrapbook's `glue` as metrics of the attempt.

`glue` displays each number as an output of its cell, in a format of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any

# https://nteract-scrapbook.readthedocs.io/en/latest/usage-write.html
SCRAP = "application/scrapbook.scrap."


def record_scraps(folder: str, outputs: Iterable[dict[str, Any]]) -> None:
    """Record the numbers among the outputs of a cell as metrics of the attempt in a folder."""
    for name, value in numbers_of(outputs):
        from ..handoff.metric_function import record

        record(folder, name, value)


def numbers_of(outputs: Iterable[dict[str, Any]]) -> Iterator[tuple[str, float | str]]:
    """Yield the name and value of each number that `glue` displayed in these outputs.

    Other scraps are not metrics. They stay in the executed notebook only.
    """
    for output in outputs:
        for kind, scrap in (output.get("data") or {}).items():
            if not kind.startswith(SCRAP) or not isinstance(scrap, dict):
                continue
            # imported late: most notebooks need it in their kernel only
            from ..handoff.metric_function import MAX_NAME, as_number

            name, value = scrap.get("name"), scrap.get("data")
            if not isinstance(name, str) or not 0 < len(name) <= MAX_NAME:
                continue
            if isinstance(value, int | float) and not isinstance(value, bool):
                with suppress(ValueError):  # an integer that is too large must not fail the cell
                    yield name, as_number(value)
