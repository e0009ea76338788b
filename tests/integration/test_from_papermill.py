"""E1, R1: notebooks of people give here what they give under papermill: the same outputs in the
same cells, the same errors, the same end."""

import json
import re
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import papermill
import pytest

from nbyard.domain.callers import Caller
from nbyard.domain.runs import NewRun
from nbyard.settings import Settings
from nbyard.testing.dispatching import Dispatching
from nbyard.yard import Yard

from .people import PEOPLE

ADA = Caller("ada")
ENDED = ("succeeded", "failed", "cancelled")
COLOURS = re.compile("\x1b\\[[0-9;]*m")
# what differs from one kernel to the next
PLACES = re.compile(r"/\S*/(ipykernel_\d+/\d+\.py|code|papermill|root)|0x[0-9a-f]+")

TAGS = re.compile(r"^# tag: (.+)$", re.MULTILINE)
# as under nbclient; papermill goes on behind the error as well, and fails at the end
MAY_RAISE = "may_raise"

Ending = tuple[str, list[list[Any]]]


@pytest.fixture(scope="module")
def yard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Yard, Dispatching, Path]]:
    folder = tmp_path_factory.mktemp("papermill")
    root = folder / "root"
    root.mkdir()
    _lay(root)
    settings = Settings(store_dir=str(folder / "store"), inline_dispatch=True, slots=2)
    with Yard.open(settings, root, root) as made, Dispatching(settings) as dispatching:
        yield made, dispatching, root


def _lay(folder: Path) -> None:
    """The files beside a notebook."""
    (folder / "data").mkdir()
    (folder / "lib").mkdir()
    (folder / "data/one.csv").write_text("a,b\n1,2\n")
    (folder / "lib/part.py").write_text("PART = 7\nprint('part')\n")


def _notebook(cells: list[str]) -> str:
    made: list[dict[str, Any]] = [
        {
            "cell_type": "code",
            "id": f"c{place}",
            "metadata": {"tags": TAGS.findall(source)},
            "source": source,
            "outputs": [],
            "execution_count": None,
        }
        for place, source in enumerate(cells)
    ]
    kernel = {"kernelspec": {"name": "python3", "display_name": "p", "language": "python"}}
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": kernel, "cells": made})


def _under_papermill(folder: Path, text: str) -> Ending:
    folder.mkdir()
    _lay(folder)
    (folder / "n.ipynb").write_text(text)
    state = "succeeded"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            papermill.execute_notebook(
                *(str(folder / "n.ipynb"), str(folder.parent / "out.ipynb")),
                cwd=str(folder),
                progress_bar=False,
            )
        except papermill.PapermillExecutionError:
            state = "failed"
    return state, _cells(json.loads((folder.parent / "out.ipynb").read_text()))


def _here(yard: Yard, dispatching: Dispatching, root: Path, text: str) -> Ending:
    (root / "n.ipynb").write_text(text)
    run = yard.services.runs.create(ADA, NewRun(path="n.ipynb", force=True))
    found = dispatching.until(
        lambda: yard.services.runs.get(ADA, run.id), lambda one: one.run.state in ENDED
    )
    executed = yard.services.runs.cells(ADA, run.id, found.tasks[0].node).notebook
    assert executed is not None
    return found.run.state, _cells(executed)


def _cells(notebook: dict[str, Any]) -> list[list[Any]]:
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    return [[cell["execution_count"], *_joined(map(_output, cell["outputs"]))] for cell in code]


def _joined(outputs: Iterable[Any]) -> list[Any]:
    """What was printed comes in pieces, as time has it."""
    found: list[Any] = []
    for output in outputs:
        if len(output) == 2 and found and found[-1][0] == output[0] in ("stdout", "stderr"):
            found[-1] = (output[0], found[-1][1] + output[1])
        else:
            found.append(output)
    return found


def _output(output: dict[str, Any]) -> Any:
    """What of an output does not depend on where and when it was made."""
    if output["output_type"] == "error":
        return output["ename"], PLACES.sub("", COLOURS.sub("", output["evalue"]))
    if output["output_type"] == "stream":
        return output["name"], PLACES.sub("", "".join(output["text"]))
    plain = {kind: PLACES.sub("", "".join(data)) for kind, data in output["data"].items()}
    return output["output_type"], output.get("execution_count"), plain


@pytest.mark.leaves_running  # the threads of the dispatcher
@pytest.mark.sample(6)
@pytest.mark.parametrize("name", PEOPLE)
def test_a_notebook_gives_what_it_gives_under_papermill(
    yard: tuple[Yard, Dispatching, Path], tmp_path: Path, name: str
) -> None:
    text = _notebook(PEOPLE[name])
    state, cells = _under_papermill(tmp_path / "papermill", text)
    if name == MAY_RAISE:
        state = "succeeded"
    assert _here(*yard, text) == (state, cells)
