"""Notebooks behave here as under papermill: the same outputs in the same cells, the same
errors, files and end."""

import importlib.resources
import json
import os
import re
import warnings
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import papermill
import pytest
from jupyter_client.kernelspec import NoSuchKernel

from nbyard.domain.callers import Caller
from nbyard.domain.runs.structs import NewRun
from nbyard.errors import Invalid, NotFound
from nbyard.settings import Settings
from nbyard.testing.dispatcher_thread import Dispatching
from nbyard.yard import Yard

from ..notebooks import notebook
from .people import DEFAULTS, OUTPUT_WIDGET, PEOPLE

ADA = Caller("ada")
ENDED = ("succeeded", "failed", "cancelled")
COLOURS = re.compile("\x1b\\[[0-9;]*m")
# what differs from one kernel to the next
PLACES = re.compile(r"/\S*/(ipykernel_\d+/\d+\.py|code|papermill|root)|0x[0-9a-f]+")

TAGS = re.compile(r"^# tag: (.+)$", re.MULTILINE)
# as under nbclient; papermill goes on behind the error as well, and fails at the end
MAY_RAISE = "may_raise"

# What papermill's own tests run, by name; not all papermill versions ship them.
SHIPPED = {
    path.name: path.read_text(encoding="utf-8")
    for path in (importlib.resources.files("papermill") / "tests" / "notebooks").iterdir()
    if path.name.endswith(".ipynb")
}
# A folder with notebooks of another suite, such as tests/files of nbclient's repository.
OTHERS = os.environ.get("NBYARD_TEST_NOTEBOOKS", "")
# It only sleeps for a minute, to be interrupted.
SLEEPS = "keyboard_interrupt.ipynb"
# Without a kernel's name; here the kernel of the language runs it.
NAMELESS = "blank-vscode.ipynb"
# Of a kernel `r` that is installed nowhere; here the kernel of the language runs it, if any.
OTHER_KERNEL = "notimplemented_translator.ipynb"
# The parameters cell is no Python: papermill fails there, here nothing is started.
NO_PYTHON = "complex_parameters.ipynb"


# It starts papermill, whose output has times and places.
RUNS_PAPERMILL = "binder.ipynb"
EXECUTED = "executed.ipynb"
Place = tuple[Yard, Dispatching, Path]


class Ending(NamedTuple):
    state: str
    cells: list[list[Any]]
    # what each widget holds, and what each changed file does
    widgets: list[Any]
    files: dict[str, bytes]


@pytest.fixture(scope="module")
def yard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("papermill")
    root = folder / "root"
    root.mkdir()
    _lay(root)
    settings = Settings(store_dir=str(folder / "store"), inline_dispatch=True, slots=2)
    with Yard.open(settings, root, root) as made, Dispatching(settings) as dispatching:
        yield made, dispatching, root


def _lay(folder: Path) -> None:
    """Write the files beside a notebook."""
    (folder / "data").mkdir()
    (folder / "lib").mkdir()
    (folder / "data/one.csv").write_text("a,b\n1,2\n")
    (folder / "lib/part.py").write_text("PART = 7\nprint('part')\n")


def _notebook(cells: Sequence[str]) -> str:
    return notebook(*cells, tags=[TAGS.findall(source) for source in cells])


def _under_papermill(folder: Path, text: str, kernel: str | None = None, **given: Any) -> Ending:
    folder.mkdir()
    _lay(folder)
    (folder / "n.ipynb").write_text(text)
    before, state = _files(folder), "succeeded"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            papermill.execute_notebook(
                *(str(folder / "n.ipynb"), str(folder.parent / "out.ipynb"), given),
                cwd=str(folder),
                kernel_name=kernel,
                language=kernel and "python",
                progress_bar=False,
            )
        except papermill.PapermillExecutionError:
            state = "failed"
    after = _files(folder)
    changed = {path: found for path, found in after.items() if before.get(path) != found}
    executed = json.loads((folder.parent / "out.ipynb").read_text())
    return Ending(state, _cells(executed), _widgets(executed), changed)


def _files(folder: Path) -> dict[str, bytes]:
    """Return all files except hidden ones and caches."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and not path.name.startswith(".")
    }


def _here(yard: Yard, dispatching: Dispatching, root: Path, text: str, **wish: Any) -> Ending:
    """Run the notebook with nbyard; the files are its declared outputs, too."""
    (root / "n.ipynb").write_text(text)
    run = yard.services.runs.create(ADA, NewRun(path="n.ipynb", force=True, **wish))
    found = dispatching.until(
        lambda: yard.services.runs.get(ADA, run.id), lambda one: one.run.state in ENDED
    )
    assert (root / "n.ipynb").read_text() == text, "the file of the user stays as it is"
    task = found.tasks[0]
    executed = yard.services.runs.cells(ADA, run.id, task.node).notebook
    assert executed is not None
    others = [(one.path, one.digest) for one in yard.services.runs.files(ADA, run.id, "main").files]
    outputs = [(one.filename, one.digest) for one in task.artifacts if one.name != EXECUTED]
    read = yard.context.blobs.path
    files = {path: read(digest).read_bytes() for path, digest in [*others, *outputs]}
    return Ending(found.run.state, _cells(executed), _widgets(executed), files)


def _cells(notebook: dict[str, Any]) -> list[list[Any]]:
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    return [[cell["execution_count"], *_joined(map(_output, cell["outputs"]))] for cell in code]


def _widgets(notebook: dict[str, Any]) -> list[Any]:
    """Return what output widgets show."""
    states = notebook["metadata"].get("widgets", {}).values()
    found = [one["state"] for state in states for one in state["state"].values()]
    return [_joined(map(_output, one["outputs"])) for one in found if "outputs" in one]


def _joined(outputs: Iterable[Any]) -> list[Any]:
    """Join printed pieces, whose boundaries depend on timing."""
    found: list[Any] = []
    for output in outputs:
        if len(output) == 2 and found and found[-1][0] == output[0] in ("stdout", "stderr"):
            found[-1] = (output[0], found[-1][1] + output[1])
        else:
            found.append(output)
    return found


def _output(output: dict[str, Any]) -> Any:
    """Return the fields of an output that do not depend on place and time."""
    if output["output_type"] == "error":
        return output["ename"], PLACES.sub("", COLOURS.sub("", output["evalue"]))
    if output["output_type"] == "stream":
        return output["name"], PLACES.sub("", "".join(output["text"]))
    plain = {kind: PLACES.sub("", "".join(data)) for kind, data in output["data"].items()}
    return output["output_type"], output.get("execution_count"), plain


@pytest.mark.leaves_running  # the threads of the dispatcher
@pytest.mark.sample(3)
@pytest.mark.parametrize("name", PEOPLE)
def test_notebook_produces_the_same_as_under_papermill(
    yard: Place, tmp_path: Path, name: str
) -> None:
    text = _notebook(PEOPLE[name])
    expected = _under_papermill(tmp_path / "papermill", text)
    if name == MAY_RAISE:
        expected = expected._replace(state="succeeded")
    assert _here(*yard, text) == expected


@pytest.mark.leaves_running
def test_defaults_of_the_notebook_are_not_injected(yard: Place, tmp_path: Path) -> None:
    """Only given values are injected, because JSON has no tuples and does not keep 1.0 apart from
    1."""
    text = _notebook(DEFAULTS)
    found = _here(*yard, text)
    assert found == _under_papermill(tmp_path / "papermill", text)
    assert found.state == "succeeded" and len(found.cells) == 2


@pytest.mark.leaves_running
def test_given_values_equal_to_defaults_are_injected(yard: Place, tmp_path: Path) -> None:
    text = _notebook(DEFAULTS)
    given: dict[str, Any] = {"n": 1.0, "of": {"a": [3]}}
    found = _here(*yard, text, parameters=given)
    assert found == _under_papermill(tmp_path / "papermill", text, **given)
    shown = " ".join(found.cells[-1][1][2]["text/plain"].split())
    assert (
        shown == "({('a', 'b'): 1, ('c', 'd'): 1}, {'a': [3]}, 1.0, 2.0, ((1, 2), (3, 4)), {1, 2})"
    )


@pytest.mark.leaves_running
def test_declared_output_equals_the_file_under_papermill(yard: Place, tmp_path: Path) -> None:
    """Its path is injected, which shifts the execution counts by one."""
    cells = ["# tag: parameters\noutput_csv = 'out.csv'", "open(output_csv, 'w').write('a\\n1\\n')"]
    text = _notebook(cells)
    found, expected = _here(*yard, text), _under_papermill(tmp_path / "papermill", text)
    assert (found.state, found.files) == (expected.state, expected.files)
    assert found.files == {"out.csv": b"a\n1\n"}
    assert len(found.cells) == len(expected.cells) + 1


@pytest.mark.leaves_running
def test_text_printed_in_an_output_widget_stays_in_the_widget(yard: Place) -> None:
    # papermill gives the same, but may wait forever:
    # see `check_after_sending` in runner/kernels/spawned_kernel.py
    found = _here(*yard, _notebook(OUTPUT_WIDGET))
    assert found.widgets == [[("stdout", "inside\n")]]
    assert found.cells[1] == [2, ("stdout", "outside\nafter\n")]


def _of_format_3() -> str:
    def code(source: list[str]) -> dict[str, Any]:
        more = {"language": "python", "collapsed": False, "metadata": {}, "prompt_number": 3}
        output = {"output_type": "stream", "stream": "stdout", "text": ["before\n"]}
        return {"cell_type": "code", "input": source, "outputs": [output], **more}

    heading = {"cell_type": "heading", "level": 2, "metadata": {}, "source": ["Title"]}
    parameters = code(["x = 1\n", "pair = (1, 2)"])
    parameters["metadata"] = {"tags": ["parameters"]}
    cells = [heading, parameters, code(["print(open('data/one.csv').read())\n", "x, pair"])]
    sheet = {"cells": cells, "metadata": {}}
    top = {"nbformat": 3, "nbformat_minor": 0, "metadata": {"name": "old"}}
    return json.dumps({**top, "worksheets": [sheet]})


@pytest.mark.leaves_running
def test_a_notebook_of_an_old_format_runs(yard: Place, tmp_path: Path) -> None:
    text = _of_format_3()
    found = _here(*yard, text, kernel="python3", parameters={"x": 2})
    assert found == _under_papermill(tmp_path / "papermill", text, "python3", x=2)
    assert found.state == "succeeded" and len(found.cells) == 3


@pytest.mark.leaves_running
def test_kernel_with_an_invalid_name_is_reported_as_not_installed(
    yard: Place, tmp_path: Path
) -> None:
    notebook = json.loads(_notebook(["1 + 1"]))
    notebook["metadata"]["kernelspec"]["name"] = "Python [conda env:foo]"
    text = json.dumps(notebook)
    found = _here(*yard, text, kernel="python3")
    assert found == _under_papermill(tmp_path / "papermill", text, "python3")
    assert found == _here(*yard, text), "the kernel of the language runs it"
    assert "[conda env:foo]" in _warning(yard[0])


def _warning(yard: Yard) -> str:
    newest = yard.services.runs.list(ADA).items[0]
    return str(yard.services.runs.get(ADA, newest.id).tasks[0].warning)


@pytest.mark.leaves_running
@pytest.mark.long
@pytest.mark.skipif(not OTHERS, reason="NBYARD_TEST_NOTEBOOKS names no folder")
@pytest.mark.parametrize("path", sorted(Path(OTHERS).glob("*.ipynb")) if OTHERS else [], ids=str)
def test_notebook_of_another_test_suite_produces_the_same(
    yard: Place, tmp_path: Path, path: Path
) -> None:
    """Papermill refuses notebooks without a kernel name, so the test adds one."""
    text = path.read_text(encoding="utf-8")
    assert _here(*yard, text) == _under_papermill(tmp_path / "papermill", text, "python3")


@pytest.mark.leaves_running
@pytest.mark.sample(3)
@pytest.mark.skipif(not SHIPPED, reason="this papermill ships no notebooks")
@pytest.mark.parametrize("name", sorted(SHIPPED.keys() - {SLEEPS}))
def test_notebook_that_papermill_ships_produces_the_same(
    yard: Place, tmp_path: Path, name: str
) -> None:
    text, place = SHIPPED[name], tmp_path / "papermill"
    if name == NO_PYTHON:
        assert _under_papermill(place, text).state == "failed"
        with pytest.raises(Invalid, match=r"\(cell 1, line 14"):
            _here(*yard, text)
    elif name in (NAMELESS, OTHER_KERNEL):
        with pytest.raises((ValueError, papermill.exceptions.PapermillException, NoSuchKernel)):
            _under_papermill(place, text)
        try:
            # to R, `None` is a name that it does not know
            expected = "failed" if name == OTHER_KERNEL else "succeeded"
            assert _here(*yard, text).state == expected
        except NotFound:
            assert name == OTHER_KERNEL
    elif name == RUNS_PAPERMILL:
        assert _here(*yard, text).state == _under_papermill(place, text).state
    else:
        assert _here(*yard, text) == _under_papermill(place, text)
