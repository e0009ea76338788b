"""Notebook files of format 4."""

import json
from collections.abc import Sequence
from typing import Any

PARAMETERS = ["parameters"]


def notebook(
    *sources: str,
    tags: Sequence[Sequence[str]] = (),
    kernel: str = "python3",
    language: str = "python",
) -> str:
    """Return the text of a notebook of code cells; `tags` are those of the first cells."""
    tagged = [*tags, *([[]] * len(sources))]
    cells: list[dict[str, Any]] = [
        {
            "cell_type": "code",
            "id": f"c{at}",
            "metadata": {"tags": list(tagged[at])},
            "source": source,
            "outputs": [],
            "execution_count": None,
        }
        for at, source in enumerate(sources)
    ]
    spec = {"kernelspec": {"name": kernel, "display_name": kernel, "language": language}}
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": spec, "cells": cells})
