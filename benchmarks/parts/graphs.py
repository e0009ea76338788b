"""Create workflow documents of any size: a dataset followed by notebooks."""

import json
from pathlib import Path
from typing import Any, Literal

import nbformat

Shape = Literal["chain", "fan", "layered"]
SHAPES: tuple[Shape, ...] = ("chain", "fan", "layered")
SOURCE = "source"
COLUMNS = 25


def document(nodes: int, shape: Shape) -> dict[str, Any]:
    """Return a dataset with notebooks after it, in the given shape.

    They form a chain, all follow the dataset, or they form layers. A layer has about the square
    root of their number.
    """
    names = [SOURCE, *(f"n{number:05d}" for number in range(1, nodes))]
    back = {"chain": 1, "fan": nodes, "layered": max(1, int(nodes**0.5))}[shape]
    edges = {}
    for place, target in enumerate(names[1:], start=1):
        source = names[max(0, place - back)]
        output = "data" if source == SOURCE else "output_csv"
        edges[f"{source}.{output}->{target}.input_csv"] = {
            "source": source,
            "output": output,
            "target": target,
            "input": "input_csv",
        }
    return {
        "version": 1,
        "meta": {"id": "00000000-0000-4000-8000-000000000001"},
        "nodes": {
            SOURCE: {"type": "dataset", "path": "data.csv"},
            **{name: {"type": "executable", "path": "step.ipynb"} for name in names[1:]},
        },
        "edges": edges,
        "positions": {
            name: [place % COLUMNS * 300, place // COLUMNS * 160]
            for place, name in enumerate(names)
        },
    }


def write(folder: Path, nodes: int, shape: Shape) -> Path:
    """Write the document and its files, and return its path."""
    cells = ["input_csv: str = ''\noutput_csv: str = 'out.csv'\nalpha = 1", "print(alpha)"]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells])
    notebook.cells[0].metadata["tags"] = ["parameters"]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook.metadata["kernelspec"] = kernel
    nbformat.write(notebook, folder / "step.ipynb")
    (folder / "data.csv").write_text("a\n1\n")
    path = folder / f"{shape}-{nodes}.nbflow"
    path.write_text(json.dumps(document(nodes, shape)))
    return path
