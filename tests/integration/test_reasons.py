"""Every node shows why it ran or was skipped. Real files, kernels and processes."""

import json
import re
import site
import venv
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from nbyard.domain.callers import Caller
from nbyard.domain.runs.structs import NewRun, RunDetail
from nbyard.settings import Settings
from nbyard.testing.dispatcher_thread import Dispatching
from nbyard.yard import Yard

ADA = Caller("ada")
ENDED = ("succeeded", "failed", "cancelled")
UNCHANGED = re.compile(r"nothing (that it reads )?changed since run \d+")
PARAMETERS = "alpha = 0.1\nbeta = 2\ninput_csv = 'sales.csv'\noutput_csv = 'first.csv'"
WORK = "open(output_csv, 'w').write(f'{alpha > 0} {beta} {open(input_csv).read()}')"
REACH = {"kind": "variable", "variable": "SOURCE"}
PASSING_ON: list[dict[str, Any]] = [
    {"name": "source", "role": "input", "format": "csv", "reach": REACH},
    {"name": "out", "role": "output", "reach": {"kind": "variable", "variable": "OUT"}},
]


class Ground:
    """A notebook on its own kernel, and a script that reads the notebook's output."""

    def __init__(self, packages: Path, yard: Yard, dispatching: Dispatching):
        self.root = yard.context.files.root
        self.packages = packages
        self._yard = yard
        self._dispatching = dispatching
        self.notebook: dict[str, Any] = {
            "cells": [
                _cell("code", PARAMETERS, tags=["parameters"]),
                _cell("markdown", "What this does."),
                _cell("code", WORK),
            ],
            "metadata": {
                "kernelspec": {"name": "own", "display_name": "own", "language": "python"}
            },
            "nbformat": 4,
            "nbformat_minor": 5,
        }
        self.first: dict[str, Any] = {
            "type": "executable",
            "path": "first.ipynb",
            "arguments": {name: {"parameter": name} for name in ("alpha", "beta")},
        }
        (self.root / "second.sh").write_text('cat "$SOURCE" > "$OUT"\n')
        told = {"version": 1, "arguments": PASSING_ON}
        (self.root / "second.sh.nbexec").write_text(json.dumps(told))
        self.write("data/sales.csv", "one\n")

    def write(self, name: str, text: str) -> None:
        (self.root / name).parent.mkdir(exist_ok=True)
        (self.root / name).write_text(text)

    def install(self, name: str, version: str | None) -> None:
        """Write the metadata of an installed distribution; None removes it."""
        for old in self.packages.glob(f"{name}-*.dist-info"):
            for file in old.iterdir():
                file.unlink()
            old.rmdir()
        if version is not None:
            folder = self.packages / f"{name}-{version}.dist-info"
            folder.mkdir(parents=True)
            text = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
            (folder / "METADATA").write_text(text)
            (folder / "RECORD").write_text(f"{name}.py,sha256=abc,3\n")

    def run(self, **wish: Any) -> RunDetail:
        self.write("first.ipynb", json.dumps(self.notebook))
        nodes = {
            "sales": {"type": "dataset", "path": "data/sales.csv"},
            "first": self.first,
            "second": {"type": "executable", "path": "second.sh"},
        }
        edges = {
            "a": _edge("sales", "data", "first", "input_csv"),
            "b": _edge("first", "output_csv", "second", "source"),
        }
        declared = {
            "alpha": {"type": "float", "default": 0.1},
            "beta": {"type": "int", "default": 2},
        }
        whole = {"version": 1, "meta": {"parameters": declared}, "nodes": nodes, "edges": edges}
        self.write("flow.nbflow", json.dumps(whole))
        runs = self._yard.services.runs
        made = runs.create(ADA, NewRun(path="flow.nbflow", **wish))
        return self._dispatching.until(
            lambda: runs.get(ADA, made.id), lambda detail: detail.run.state in ENDED
        )

    def remove_runs(self) -> None:
        runs = self._yard.services.runs
        for run in runs.list(ADA).items:
            runs.delete(ADA, run.id)


def _cell(kind: str, source: str, tags: list[str] | None = None) -> dict[str, Any]:
    made: dict[str, Any] = {"cell_type": kind, "id": f"{kind}-{len(source)}", "source": source}
    made["metadata"] = {"tags": tags} if tags else {}
    return made | ({"outputs": [], "execution_count": None} if kind == "code" else {})


def _edge(source: str, output: str, target: str, name: str) -> dict[str, str]:
    return {"source": source, "output": output, "target": target, "input": name}


@pytest.fixture
def ground(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ground]:
    """Provide a kernel in an environment of its own, which also sees the packages of the tests."""
    venv.create(tmp_path / "venv", symlinks=True)
    (packages,) = (tmp_path / "venv").glob("lib/python3*/site-packages")
    (packages / "ours.pth").write_text("\n".join(site.getsitepackages()))
    spec = tmp_path / "data" / "kernels" / "own"
    spec.mkdir(parents=True)
    interpreter = str(tmp_path / "venv/bin/python")
    argv = [interpreter, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    told = {"argv": argv, "display_name": "own", "language": "python"}
    (spec / "kernel.json").write_text(json.dumps(told))
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "data"))
    root = tmp_path / "root"
    root.mkdir()
    config = Settings(store_dir=str(tmp_path / "store"), inline_dispatch=True)
    with Yard.open(config, root, root) as yard, Dispatching(config) as dispatching:
        yield Ground(packages, yard, dispatching)


FORCED = "the cache was ignored on request"
Change = Callable[[Ground], dict[str, Any] | None]
# what is done before a run, and what its two nodes say: the whole reason, or None for unchanged
CASES: list[tuple[str, Change, str | None, str | None]] = [
    ("nothing ran yet", lambda g: None, "no earlier result", "no earlier result"),
    ("nothing changed", lambda g: None, None, None),
    ("one value, and the same comes out", lambda g: {"parameters": {"alpha": 0.2}},
     "alpha changed 0.1 → 0.2", None),
    ("two values", lambda g: {"parameters": {"alpha": 0.3, "beta": 3}},
     "alpha changed 0.2 → 0.3; beta changed 2 → 3", "the data of source changed"),
    ("back to what it was", lambda g: None, None, None),
    ("other bytes", lambda g: g.write("data/sales.csv", "two\n"),
     "the data of input_csv changed", "the data of source changed"),
    ("the same bytes, saved again", lambda g: g.write("data/sales.csv", "two\n"), None, None),
    ("a package more", lambda g: g.install("fancy", "1.0"),
     "its environment gained fancy 1.0", None),
    ("another version of it", lambda g: g.install("fancy", "2.0"),
     "its environment has fancy 2.0 instead of 1.0", None),
    ("a package less, as before", lambda g: g.install("fancy", None), None, None),
    ("prose", lambda g: g.notebook["cells"][1].update(source="In other words."), None, None),
    ("ids of cells", lambda g: g.notebook["cells"][2].update(id="another"), None, None),
    ("outputs", lambda g: g.notebook["cells"][2].update(execution_count=7), None, None),
    ("code that makes the same", lambda g: g.notebook["cells"][2].update(source=WORK + "  # x"),
     "its code changed", None),
    ("a file beside the code", lambda g: g.write("features.py", "x = 1\n"),
     "the file features.py is new", "the file features.py is new"),
    ("force", lambda g: {"force": True}, FORCED, FORCED),
    ("no cache", lambda g: g.first.update(cache="off"), "its cache is off", None),
    ("a pin, forced", lambda g: {"force": True, "pins": {"first": "1"}},
     "pinned to the result of run 1", FORCED),
    ("the cache again", lambda g: g.first.pop("cache") and None, None, None),
    ("all records removed", lambda g: g.remove_runs(),
     "no earlier result", "no earlier result"),
]  # fmt: skip


@pytest.mark.timeout(400)
def test_every_node_shows_why_it_ran_or_was_skipped(ground: Ground) -> None:
    """Twenty runs of one workflow."""
    for what, change, *wanted in CASES:
        detail = ground.run(**(change(ground) or {}))
        assert detail.run.state == "succeeded", (what, detail)
        for task, words in zip(detail.tasks, wanted, strict=True):
            reason = task.why.removeprefix("runs because ")
            if words is None:
                assert UNCHANGED.fullmatch(reason), (what, reason)
            else:
                assert reason == words, (what, reason)
            is_hit = reason == task.why != "no earlier result"
            assert task.cached == is_hit, (what, task.why)
