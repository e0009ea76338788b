"""Numbers that a notebook records with scrapbook: `glue` displays them as outputs of its cell."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

# https://nteract-scrapbook.readthedocs.io/en/latest/usage-write.html
SCRAP = "application/scrapbook.scrap."


def record_scraps(folder: str, outputs: Iterable[dict[str, Any]]) -> None:
    """Record the numbers among the outputs of a cell as metrics of the attempt in a folder."""
    for name, value in numbers_of(outputs):
        from ..handoff import metric_function  # most notebooks need it in their kernel only

        metric_function.record(folder, name, metric_function.as_number(value))


def numbers_of(outputs: Iterable[dict[str, Any]]) -> Iterator[tuple[str, float]]:
    """Yield names and values of glued numbers. Other scraps are part of the notebook only."""
    for output in outputs:
        for kind, scrap in (output.get("data") or {}).items():
            if not kind.startswith(SCRAP) or not isinstance(scrap, dict):
                continue
            name, value = scrap.get("name"), scrap.get("data")
            if not isinstance(name, str) or not 0 < len(name) <= 200 or isinstance(value, bool):
                continue
            if isinstance(value, int | float):
                yield name, value
