"""Notebooks that nbyard writes itself (nbformat 4.5)."""

import json

READERS = {
    "csv": "pd.read_csv(path)",
    "tsv": 'pd.read_csv(path, sep="\\t")',
    "jsonl": "pd.read_json(path, lines=True)",
    "json": "pd.read_json(path)",
    "parquet": "pd.read_parquet(path)",
    "arrow": "pd.read_feather(path)",
    "excel": "pd.read_excel(path)",
}


def opening_notebook(name: str, dataset_id: str, filename: str, file_format: str) -> str:
    """A notebook whose first cell opens the dataset wherever the kernel runs."""
    reader = READERS.get(file_format)
    lines = ["import os", "from pathlib import Path", ""]
    if reader:
        lines.insert(2, "import pandas as pd")
        lines.insert(2, "")
    lines.append(f'path = Path(os.environ["NBYARD_RESOURCES"], {dataset_id!r}, {filename!r})')
    lines += [f"df = {reader}", "df.head()"] if reader else ["path"]
    return notebook([(name, "\n".join(lines))])


def notebook(cells: list[tuple[str, str]]) -> str:
    """Text of a Python notebook; each cell is a heading and its code."""
    made = []
    for index, (heading, code) in enumerate(cells):
        made.append(_cell("markdown", f"heading-{index}", f"# {heading}"))
        made.append(_cell("code", f"code-{index}", code))
    return json.dumps(
        {
            "cells": made,
            "metadata": {
                "kernelspec": {
                    "name": "python3",
                    "display_name": "Python 3 (ipykernel)",
                    "language": "python",
                },
                "language_info": {"name": "python"},
            },
            "nbformat": 4,
            "nbformat_minor": 5,
        },
        indent=1,
        ensure_ascii=False,
    )


def _cell(kind: str, cell_id: str, source: str) -> dict[str, object]:
    cell: dict[str, object] = {
        "cell_type": kind,
        "id": cell_id,
        "metadata": {},
        "source": source.splitlines(keepends=True),
    }
    if kind == "code":
        cell |= {"execution_count": None, "outputs": []}
    return cell
