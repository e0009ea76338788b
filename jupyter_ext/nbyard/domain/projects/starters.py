"""The files of a new project folder. Each starter runs without installing packages."""

import re
from collections.abc import Callable, Mapping
from typing import Any, Literal, get_args

from nbyard.domain.notebooks.writer import parameter_notebook
from nbyard.domain.parsing.canonical_json import canonical

Starter = Literal["workflow", "notebook", "script"]
STARTERS: tuple[Starter, ...] = get_args(Starter)
BARE = re.compile(r"[A-Za-z0-9_-]+")
IGNORED = ".ipynb_checkpoints/\n__pycache__/\noutputs/\n"
DATA = """day,visitors
2026-03-01,120
2026-03-02,95
2026-03-03,143
2026-03-04,101
"""
SUMMARISE = """import csv

with open(input_csv, newline="") as file:
    rows = [row for row in csv.DictReader(file) if int(row["visitors"]) >= least]
with open(output_csv, "w", newline="") as file:
    writer = csv.writer(file)
    writer.writerow(["days", "visitors", "mean"])
    total = sum(int(row["visitors"]) for row in rows)
    writer.writerow([len(rows), total, round(total / max(len(rows), 1), 1)])
print(f"{len(rows)} days, {total} visitors")
"""
REPORT = '''"""Write a report about a summary."""

import argparse
import csv

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--input-csv", required=True)
parser.add_argument("--output-report", default="report.md")
options = parser.parse_args()
with open(options.input_csv, newline="") as file:
    row = next(csv.DictReader(file))
with open(options.output_report, "w") as file:
    file.write(f"# Visitors\\n\\n{row['visitors']} visitors on {row['days']} days.\\n")
print("Report written")
'''
GREET = '''"""Greet somebody."""

import argparse

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--name", default="world")
parser.add_argument("--times", type=int, default=1)
options = parser.parse_args()
for _ in range(options.times):
    print(f"Hello, {options.name}!")
'''


def starter_files(starter: Starter, name: str, document_id: str) -> tuple[dict[str, str], str]:
    """Return the files of a new project folder by path, and the path of the file to run.

    `document_id` becomes the ID of the starter's workflow.
    """
    files, first = _MADE[starter](document_id)
    main = {"path": first, "when": "weekdays 8:00"}
    readme = f"# {name}\n\nRun it:\n\n    nbyard run {first}\n"
    common = {"nbyard.toml": project_text(name, main), ".gitignore": IGNORED, "README.md": readme}
    return {**common, ".gitattributes": "*.nbflow merge=nbyard\n", **files}, first


def project_text(name: str, schedule: Mapping[str, str]) -> str:
    """Return the text of a new nbyard.toml, with examples of other tables as comments.

    `schedule` has the keys and values of the example schedule.
    """
    lines = [
        "# What `nbyard push` sends; see `nbyard plan`.",
        "[project]",
        f"name = {_quoted(name)}",
        'description = ""',
        "",
        "[project.task]",
        'goal = ""',
        'evaluation_data = ""',
        'criteria = ""',
        "",
        # Names of schedules are unique, and each project has one by its name.
        f"# [schedules.{name if BARE.fullmatch(name) else _quoted(name)}]",
        *(f"# {key} = {_quoted(value)}" for key, value in schedule.items()),
        "",
        "# [notifications.team]  # a channel: nbyard channels create team --on none",
        '# events = ["failed", "recovered"]',
        "",
        "# [retention.recent]  # which runs are deleted every day",
        "# older_than_days = 90",
        "# keep = 20",
        "",
    ]
    return "\n".join(lines)


def _quoted(text: str) -> str:
    """Return a basic string of TOML. Checked names have no control characters."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _workflow(document_id: str) -> tuple[dict[str, str], str]:
    nodes = {
        "visitors": {"type": "dataset", "path": "visitors.csv"},
        "summarise": {"type": "executable", "path": "summarise.ipynb"},
        "report": {"type": "executable", "path": "report.py"},
    }
    document: dict[str, Any] = {
        "version": 1,
        "meta": {"id": document_id, "title": "Visitors"},
        "nodes": nodes,
        "edges": dict(
            [
                _edge("visitors", "data", "summarise", "input_csv"),
                _edge("summarise", "output_csv", "report", "input_csv"),
            ]
        ),
        "positions": {node: [300 * place, 80] for place, node in enumerate(nodes)},
    }
    files = {
        "visitors.csv": DATA,
        "summarise.ipynb": _notebook(),
        "report.py": REPORT,
        "visitors.nbflow": canonical(document),
    }
    return files, "visitors.nbflow"


def _edge(source: str, output: str, target: str, port: str) -> tuple[str, dict[str, str]]:
    edge = {"source": source, "output": output, "target": target, "input": port}
    return f"{source}.{output}->{target}.{port}", edge


def _notebook() -> str:
    parameters = (
        'input_csv = "visitors.csv"  # input: csv\n'
        'output_csv = "summary.csv"  # output: csv\n'
        "least: int = 100  # leave out days with fewer visitors"
    )
    return parameter_notebook("Summarise visitors", parameters, SUMMARISE)


_MADE: dict[Starter, Callable[[str], tuple[dict[str, str], str]]] = {
    "workflow": _workflow,
    "notebook": lambda _: (
        {"visitors.csv": DATA, "summarise.ipynb": _notebook()},
        "summarise.ipynb",
    ),
    "script": lambda _: ({"greet.py": GREET}, "greet.py"),
}
