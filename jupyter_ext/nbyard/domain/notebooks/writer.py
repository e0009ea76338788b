"""Notebooks that nbyard generates (nbformat 4.5)."""

import json

from nbyard.domain.datasets.table_descriptions import TableInfo

# Readers of polars, which comes with nbyard, and of pandas, which may be missing.
# Data with gaps often contains NA, as R writes it.
# By default, polars infers types from 100 rows, and then fails at the first fraction after whole
# numbers.
GAPS = 'null_values=["", "NA", "NaN"], infer_schema_length=None'
READERS = {
    "csv": (f"read_csv({{}}, {GAPS})", "read_csv(path)"),
    "tsv": (f'read_csv({{}}, separator="\\t", {GAPS})', 'read_csv(path, sep="\\t")'),
    "jsonl": ("read_ndjson({}, infer_schema_length=None)", "read_json(path, lines=True)"),
    "json": ("read_json({}, infer_schema_length=None)", "read_json(path)"),
    "parquet": ("read_parquet({})", "read_parquet(path)"),
    "arrow": ("read_ipc({})", "read_feather(path)"),
    "excel": ("read_excel({})", "read_excel(path)"),
}
MAX_NAMED = 20


def opening_notebook(
    name: str, dataset_id: str, filename: str, file_format: str, table: TableInfo | None = None
) -> str:
    """Return the text of a notebook whose first code cell opens a dataset.

    The code uses the delimiter, encoding and text columns of the `table`, which the import of the
    dataset detected.
    """
    place = f'path = Path(os.environ["NBYARD_RESOURCES"], {dataset_id!r}, {filename!r})'
    lines = ["import os", "from pathlib import Path", ""]
    if file_format in READERS:
        polars, pandas = READERS[file_format]
        if table is not None and file_format in ("csv", "tsv"):
            polars, pandas = _text_readers(table)
        if table is not None and file_format == "excel":
            polars = pandas = f", sheet_name={_quoted(table.sheet)}"
            if table.skipped_lines:
                polars += f', read_options={{"header_row": {table.skipped_lines}}}'
                pandas += f", header={table.skipped_lines}"
            polars, pandas = f"read_excel({{}}{polars})", f"read_excel(path{pandas})"
        # polars interprets a path with such characters as a pattern
        source = "path.read_bytes()" if set(filename) & set("*?[") else "path"
        if table is not None and table.is_irregular:  # polars refuses such a file
            lines += ["import pandas", "", place, f"df = pandas.{pandas}", "df.head()"]
        else:
            lines += ["import polars as pl", "", place]
            lines += [f"df = pl.{polars.replace('{}', source, 1)}"]
            lines += [f"# with pandas, where it is: import pandas; df = pandas.{pandas}"]
            lines += ["df.head()"]
    else:
        lines += [place, "path"]
    return notebook_text([(name, "\n".join(lines))])


def _text_readers(table: TableInfo) -> tuple[str, str]:
    """Return the calls of polars and of pandas that read a CSV or TSV file.

    The calls declare text columns, because 0049 would become 49.
    """
    polars = pandas = ""
    if table.delimiter != ",":
        polars += f", separator={_quoted(table.delimiter)}"
        pandas += f", sep={_quoted(table.delimiter)}"
    if not table.encoding.startswith("utf-8"):
        polars += f", encoding={_quoted(table.encoding)}"
        pandas += f", encoding={_quoted(table.encoding)}"
    if table.skipped_lines:
        polars += f", skip_lines={table.skipped_lines}"
        pandas += f", skiprows={table.skipped_lines}"
    if table.decimal_comma:
        polars, pandas = f"{polars}, decimal_comma=True", f'{pandas}, decimal=","'
    texts = [_quoted(column.name) for column in table.columns if column.type == "string"]
    if 0 < len(texts) <= MAX_NAMED:
        polars += f", schema_overrides={{{', '.join(f'{name}: pl.String' for name in texts)}}}"
        pandas += f", dtype={{{', '.join(f'{name}: str' for name in texts)}}}"
    return f"read_csv({{}}{polars}, {GAPS})", f"read_csv(path{pandas})"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def notebook_text(cells: list[tuple[str, str]]) -> str:
    """Return a Python notebook as text. `cells` are pairs of a heading and code."""
    made = []
    for index, (heading, code) in enumerate(cells):
        made.append(_cell("markdown", f"heading-{index}", f"# {heading}"))
        made.append(_cell("code", f"code-{index}", code))
    return _python_notebook(made)


def parameter_notebook(heading: str, parameters: str, code: str) -> str:
    """Return a Python notebook with a heading, the cell of its parameters, and its code."""
    tagged = _cell("code", "parameters", parameters)
    tagged["metadata"] = {"tags": ["parameters"]}
    return _python_notebook(
        [_cell("markdown", "heading", f"# {heading}"), tagged, _cell("code", "code", code)]
    )


def _python_notebook(cells: list[dict[str, object]]) -> str:
    return json.dumps(
        {
            "cells": cells,
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
