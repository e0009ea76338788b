"""Write the workflow of the page about comparisons; `later` is its state for the second run."""

import json
import sys
from pathlib import Path

later = "later" in sys.argv
read = "open(source_csv).read()" + (".replace('3', '30')" if later else "")


def notebook(*sources: str) -> str:
    cells: list[dict[str, object]] = [
        {"cell_type": "code", "id": f"c{place}", "metadata": {}, "source": source}
        | {"execution_count": None, "outputs": []}
        for place, source in enumerate(sources)
    ]
    cells[0]["metadata"] = {"tags": ["parameters"]}
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


Path("numbers.csv").write_text("1\n2\n3\n")
Path(".nbyardignore").unlink(missing_ok=True)
clean = "source_csv = 'numbers.csv'\noutput_csv = 'numbers_clean.csv'"
Path("clean.ipynb").write_text(
    notebook(clean, f"lines = {read}.splitlines()\nopen(output_csv, 'w').write('\\n'.join(lines))")
)
train = "scale = 1.0\ninput_csv = 'numbers_clean.csv'  # input: csv\noutput_txt = 'total.txt'"
total = "total = scale * sum(map(int, open(input_csv)))\nopen(output_txt, 'w').write(str(total))"
Path("train.ipynb").write_text(
    notebook(train, total, "import nbyard; nbyard.log_metric('total', total)")
)
nodes = {
    "clean": {"type": "executable", "path": "clean.ipynb"},
    "train": {
        "type": "executable",
        "path": "train.ipynb",
        "arguments": {"scale": {"parameter": "scale"}},
    },
}
edges = {"e": {"source": "clean", "output": "output_csv", "target": "train", "input": "input_csv"}}
meta = {"parameters": {"scale": {"type": "float", "default": 1.0}}, "id": "compared"}
document = {"version": 1, "meta": meta, "nodes": nodes, "edges": edges}
Path("train.nbflow").write_text(json.dumps(document))
