"""Notebooks as executables: what is read, what is refused, what is run."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from nbyard.domain.caching.path_mentions import code_of
from nbyard.domain.environments.structs import EnvironmentRef
from nbyard.errors import Invalid
from nbyard.kinds.notebook import NotebookKind, read_notebook, tag_text
from nbyard.kinds.protocol import OwnDefaults
from nbyard.reasons.structs import because
from nbyard.runner.attempt_folder import AttemptFolder
from nbyard.runner.work import run_notebook as runner

KIND = NotebookKind()


def notebook(
    source: str = "x = 1",
    tags: tuple[str, ...] = ("parameters",),
    kernel: str = "python3",
    **more: Any,
) -> dict[str, Any]:
    cell: dict[str, Any] = {
        "cell_type": "code",
        "id": "a",
        "metadata": {"tags": list(tags)},
        "source": source,
        "outputs": [],
        "execution_count": None,
    }
    return {
        "cells": [cell],
        "metadata": {"kernelspec": {"name": kernel, "display_name": kernel}},
        "nbformat": 4,
        "nbformat_minor": 5,
        **more,
    }


def encoded(value: Any) -> bytes:
    return json.dumps(value).encode()


def test_cells_without_metadata_run_and_are_named(tmp_path: Path) -> None:
    bare = notebook(tags=())
    bare["cells"] = [{"cell_type": "code"}, {"cell_type": "markdown"}, *notebook()["cells"]]
    del bare["metadata"]
    incomplete = because("cells-incomplete", cells=[1, 2])
    assert incomplete in KIND.read("a.ipynb", encoded(bare)).hints
    (tmp_path / "a.ipynb").write_bytes(encoded(bare))
    opened, _ = runner.read_notebook(
        AttemptFolder(str(tmp_path)), {"path": "a.ipynb", "language": "", "parameters": {"x": 2}}
    )
    assert all(cell["metadata"] is not None and "source" in cell for cell in opened["cells"])


def test_a_notebook_is_read() -> None:
    reading = KIND.read("n.ipynb", encoded(notebook("rate = 0.1  # per step")))
    assert (reading.kind, reading.language, reading.kernel) == ("notebook", "python", "python3")
    assert [(a.name, a.type, a.default, a.help) for a in reading.arguments] == [
        ("rate", "float", 0.1, "per step")
    ]
    assert reading.tag_cell is None and reading.hints == []


def test_without_parameters_cell() -> None:
    reading = KIND.read("n.ipynb", encoded(notebook(tags=())))
    assert (reading.arguments, reading.tag_cell) == ([], 0)
    assert "parameters cell" in str(reading.hints[0])


@pytest.mark.parametrize(
    ("source", "kernel", "tags", "code"),
    [
        ("import os", "python3", (), "no-constants-to-tag"),
        ("import os", "python3", ("parameters",), "parameters-cell-without-values"),
        ("library(dplyr)", "ir", (), "no-constants-to-tag"),
    ],
)
def test_a_notebook_without_constants_gets_a_hint(
    source: str, kernel: str, tags: tuple[str, ...], code: str
) -> None:
    content = encoded(notebook(source, kernel=kernel, tags=tags))
    reading = KIND.read("n.ipynb", content)
    assert reading.tag_cell is None and [hint.code for hint in reading.hints] == [code]
    example = "n_top <- 3" if kernel == "ir" else "n_top = 3"
    assert example in str(reading.hints[0])
    if not tags:
        with pytest.raises(Invalid, match="constant"):
            tag_text(content, None)


MALFORMED: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "JSON"),
    "not JSON": (b"{cells:", "JSON"),
    "truncated": (b'{"cells":[{"cell_type":"code"', "line 1"),
    "no UTF-8": (b'{"cells": "\xff"}', "UTF-8"),
    "UTF-16": (json.dumps(notebook()).encode("utf-16"), "is not UTF-8 text"),
    "an array": (b"[]", "object"),
    "a number": (b"3", "object"),
    "deep": (b'{"a":' * 50000 + b"1" + b"}" * 50000, "deeply"),
    "huge number": (b'{"a": ' + b"9" * 5000 + b"}", "notebook"),
    "no nbformat": (b'{"cells":[]}', "nbformat"),
    "nbformat 0": (encoded(notebook(nbformat=0)), "format 0"),
    "nbformat 5": (encoded(notebook(nbformat=5)), "format 5"),
    "nbformat 3": (encoded(notebook(nbformat=3, worksheets=3)), "from format 3 to 4"),
    "nbformat 2": (encoded(notebook(nbformat=2)), "from format 2 to 4"),
    "nbformat 1": (encoded(notebook(nbformat=1, cells=[3])), "from format 1 to 4"),
    "nbformat text": (encoded(notebook(nbformat="4")), "nbformat"),
    "nbformat true": (encoded(notebook(nbformat=True)), "nbformat"),
    "minor 9999": (encoded(notebook(nbformat_minor=9999)), "nbformat_minor"),
    "cells null": (encoded(notebook(cells=None)), "cells"),
    "metadata list": (encoded(notebook(metadata=[])), "metadata"),
    "cell null": (encoded(notebook(cells=[None])), "cells.0"),
    "unknown cell type": (encoded(notebook(cells=[{"cell_type": "bogus"}])), "cells.0.cell_type"),
    "source number": (encoded(notebook(cells=[{"cell_type": "code", "source": 3}])), "source"),
    "cell metadata": (encoded(notebook(cells=[{"cell_type": "raw", "metadata": 3}])), "metadata"),
    "cell tags": (
        encoded(notebook(cells=[{"cell_type": "code", "metadata": {"tags": "parameters"}}])),
        "cells.0.metadata.tags",
    ),
    "a cell's tag": (
        encoded(notebook(cells=[{"cell_type": "code", "metadata": {"tags": [1]}}])),
        "a list of texts",
    ),
    "outputs": (encoded(notebook(cells=[{"cell_type": "code", "outputs": {}}])), "outputs"),
    "kernel traversal": (encoded(notebook(kernel="../../x")), "kernel"),
    "kernel with a line": (encoded(notebook(kernel="a\nb")), "kernel"),
    "kernel number": (encoded(notebook(kernel=3)), "kernel"),  # type: ignore[arg-type]
    "syntax error": (encoded(notebook("a = 1\na = = 1")), "line 2"),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_malformed_notebooks(name: str) -> None:
    """One error with its place for each file that is no notebook."""
    content, words = MALFORMED[name]
    with pytest.raises(Invalid, match=words) as refused:
        KIND.read("n.ipynb", content)
    assert refused.value.details and len(refused.value.message) < 500


def test_harmless_oddities() -> None:
    """A byte order mark, lists of lines, twice the same id, odd metadata: all of it is read."""
    odd = notebook(source=["x = 1\n", "y = 2"])  # type: ignore[arg-type]
    odd["cells"].append({**odd["cells"][0], "metadata": {"tags": None}})
    odd["metadata"] = {"kernelspec": None, "language_info": {"name": 3}}
    reading = KIND.read("n.ipynb", b"\xef\xbb\xbf" + encoded(odd))
    assert [argument.name for argument in reading.arguments] == ["x", "y"]
    assert (reading.language, reading.kernel) == ("python", "")


@pytest.mark.parametrize(
    ("kernel", "language"), [("octave", ""), ("julia-1.9", "julia"), ("x", "")]
)
def test_other_kernels(kernel: str, language: str) -> None:
    """They are accepted. A message says if nothing can read the cell."""
    value = notebook("x <- 1", kernel=kernel)
    if kernel == "julia-1.9":
        value["metadata"]["kernelspec"]["language"] = "julia"
    reading = KIND.read("n.ipynb", encoded(value))
    assert (reading.language, reading.kernel, reading.arguments) == (language, kernel, [])
    assert reading.own is None and "in the form" in str(reading.hints[0])


def test_r() -> None:
    """Its parameters are read. If the source is no R, the description has the list."""
    reading = KIND.read("n.ipynb", encoded(notebook("alpha <- 0.1  # how fast", kernel="ir")))
    assert (reading.language, reading.kernel, reading.hints) == ("R", "ir", [])
    assert [(a.name, a.type, a.default, a.help) for a in reading.arguments] == [
        ("alpha", "float", 0.1, "how fast")
    ]
    assert reading.own == reading.arguments
    broken = KIND.read("n.ipynb", encoded(notebook("alpha <- 'open", kernel="ir")))
    assert broken.own is None and "R: line 1" in str(broken.hints[0])


def test_kernels_that_papermill_can_inspect() -> None:
    """Papermill has a translator that reads the cell for Spark's Python kernel."""
    value = notebook("x = 1  # how many", kernel="pysparkkernel")
    value["metadata"]["kernelspec"]["language"] = "spark"
    found = KIND.read("n.ipynb", encoded(value)).arguments
    assert [(argument.name, argument.help) for argument in found] == [("x", "how many")]


def test_work_injects_given_values() -> None:
    """Other arguments keep the defaults of the notebook."""
    reading = KIND.read("n.ipynb", encoded(notebook("a = 1\nb = 2.5\nc: int")))
    work = KIND.work("sub/n.ipynb", reading, {"b": 3, "c": 1}, EnvironmentRef(kernel="py311"))
    assert (work.path, work.kernel, work.language) == ("code/sub/n.ipynb", "py311", "python")
    assert work.parameters == {"b": 3.0, "c": 1}


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"x": 1, "other": 2},
        {"x": True},
        {"x": 1, "x = 1\nimport os; os.system('touch /tmp/nby_canary')\ny": 2},
    ],
)
def test_work_refuses_undeclared_values(values: dict[str, Any]) -> None:
    """A name that is code is not declared."""
    reading = KIND.read("n.ipynb", encoded(notebook("x: int")))
    with pytest.raises(Invalid, match=r"arguments\."):
        KIND.work("n.ipynb", reading, values, EnvironmentRef())


def test_the_code_digest_ignores_outputs() -> None:
    before = notebook()
    after = notebook()
    after["cells"][0] |= {"outputs": [{"output_type": "stream"}], "execution_count": 3, "id": "b"}
    after["metadata"]["widgets"] = {}
    assert KIND.code_digest(encoded(before)) == KIND.code_digest(encoded(after))
    assert KIND.code_digest(encoded(before)) != KIND.code_digest(encoded(notebook("x = 2")))


OLD = {
    1: {
        "nbformat": 1,
        "cells": [
            {"cell_type": "text", "text": "words"},
            {"cell_type": "code", "code": "x = 1\nopen('a/b')"},
        ],
    },
    2: {
        "nbformat": 2,
        "metadata": {"name": "old"},
        "worksheets": [
            {
                "cells": [
                    {"cell_type": "markdown", "source": ["words"]},
                    {
                        "cell_type": "code",
                        "language": "python",
                        "input": ["x = 1", "open('a/b')"],
                        "outputs": [],
                        "metadata": {"tags": ["parameters"]},
                    },
                ]
            }
        ],
    },
    3: {
        "nbformat": 3,
        "nbformat_minor": 0,
        "metadata": {"name": "old"},
        "worksheets": [
            {
                "cells": [
                    {"cell_type": "heading", "level": 1, "source": ["words"], "metadata": {}},
                    {
                        "cell_type": "code",
                        "input": ["x = 1\n", "open('a/b')"],
                        "outputs": [{"output_type": "pyout", "prompt_number": 1, "text": "1"}],
                        "metadata": {"tags": ["parameters"]},
                    },
                ]
            }
        ],
    },
}


@pytest.mark.parametrize("major", OLD)
def test_notebooks_of_older_formats_are_read(major: int) -> None:
    """As papermill does. The user's file is never written."""
    content = encoded(OLD[major])
    found = read_notebook(content)
    assert [(cell["cell_type"], cell["source"].lstrip("# ")) for cell in found["cells"]] == [
        ("markdown", "words"),
        ("code", "x = 1\nopen('a/b')"),
    ]
    reading = KIND.read("n.ipynb", content)
    assert [(a.name, a.default) for a in reading.arguments] == ([] if major == 1 else [("x", 1)])
    assert (reading.language, reading.kernel, reading.tag_cell) == ("python", "", None)
    assert KIND.code_digest(content) == KIND.code_digest(encoded(found))
    assert code_of("n.ipynb", content) == "x = 1\nopen('a/b')"
    with pytest.raises(Invalid, match="notebooks of format 4"):
        tag_text(content, 1)


@pytest.mark.parametrize("major", OLD)
def test_the_runner_converts_them_in_the_same_way(major: int, tmp_path: Path) -> None:
    """It cannot use our modules, and nothing there checks a notebook."""
    (tmp_path / "code").mkdir()
    path = tmp_path / "code/n.ipynb"
    path.write_bytes(encoded(OLD[major]))
    work = {"path": "code/n.ipynb", "language": "python", "parameters": {"x": 2}}
    found, places = runner.read_notebook(AttemptFolder(str(tmp_path)), work)
    kept = read_notebook(encoded(OLD[major]))["cells"]
    sources = [found["cells"][at]["source"] for at, place in enumerate(places) if place is not None]
    assert sources == [cell["source"] for cell in kept]
    assert places == ([None, 0, 1] if major == 1 else [0, 1, None])
    assert path.read_bytes() == encoded(OLD[major])
    path.write_bytes(encoded({**OLD[major], "worksheets": 3, "cells": 3}))
    with pytest.raises(runner.NotebookRefused, match="notebook-unreadable"):
        runner.read_notebook(AttemptFolder(str(tmp_path)), work)


def test_an_invalid_kernel_name_is_not_installed() -> None:
    """Another one of the language runs the notebook."""
    whole = notebook(kernel="Python [conda env:foo]")
    reading = KIND.read("n.ipynb", encoded(whole))
    assert (reading.language, reading.kernel) == ("python", "Python [conda env:foo]")
    whole["metadata"]["kernelspec"] = {"name": "R 3.5 (old)", "language": "R"}
    reading = KIND.read("n.ipynb", encoded(whole))
    assert (reading.language, reading.kernel) == ("R", "R 3.5 (old)")


@pytest.mark.parametrize(
    ("source", "kernel", "is_own"),
    [
        ("x = 1", "python3", True),
        ("x <- 1", "ir", True),
        ("x <- 'open", "ir", False),
        ("x=1", "bash", True),
        ("x=1", "octave", False),
    ],
)
def test_defaults_are_those_of_the_cell_or_of_a_description(
    source: str, kernel: str, is_own: bool
) -> None:
    """Defaults of a description must be injected."""
    content = encoded(notebook(source, kernel=kernel))
    reading = KIND.read("n.ipynb", content)
    assert KIND.has_own_defaults(reading.language, lambda: content) == is_own
    assert isinstance(KIND, OwnDefaults)


@pytest.mark.parametrize("indent", [1, 2, None])
def test_tagging_changes_nothing_else(indent: int | None) -> None:
    """The rest of the file stays unchanged."""
    before = notebook("größe = 'ü'\n", tags=())
    text = json.dumps(before, indent=indent, ensure_ascii=False) + "\n" * (indent is not None)
    tagged = tag_text(text.encode(), 0).decode()
    before["cells"][0]["metadata"]["tags"] = ["parameters"]
    assert tagged == json.dumps(before, indent=indent, ensure_ascii=False) + "\n" * (
        indent is not None
    )
    with pytest.raises(Invalid):
        tag_text(text.encode(), 7)


def test_the_first_cell_with_constants_is_tagged_without_an_index() -> None:
    book = notebook("a = 1", tags=())
    book["cells"].insert(0, {"cell_type": "markdown", "metadata": {}, "source": "# Title"})
    tagged = json.loads(tag_text(json.dumps(book).encode(), None))
    assert [cell["metadata"].get("tags") for cell in tagged["cells"]][:2] == [None, ["parameters"]]
    book["cells"] = book["cells"][:1]
    with pytest.raises(Invalid, match="constant"):
        tag_text(json.dumps(book).encode(), None)


def test_nothing_heavy_is_imported() -> None:
    """Reading a Python notebook needs neither nbformat nor papermill."""
    program = (
        "import sys; from nbyard.kinds.notebook import NotebookKind;"
        "NotebookKind().read('n.ipynb', sys.stdin.buffer.read());"
        "print({'nbformat', 'papermill', 'jupyter_client'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], input=encoded(notebook()), capture_output=True, check=True
    )
    assert done.stdout == b"set()\n"


HANDS_OVER = """
import nbyard
%matplotlib inline
table = nbyard.input("table")
rate = nbyard.input("rate", 0.1)
nbyard.output("model", fit(table, alpha, rate))
"""


def test_handoff_calls_of_a_notebook_are_ports() -> None:
    """They are listed with those of the parameters cell, and never injected."""
    whole = notebook("alpha = 1\nmodel = 'model.pkl'  # output")
    code: dict[str, Any] = {"cell_type": "code", "metadata": {}, "outputs": []}
    whole["cells"] += [{**code, "source": "%%bash\nls 'x"}, {**code, "source": HANDS_OVER}]
    reading = KIND.read("n.ipynb", encoded(whole))
    assert [(a.name, a.role, a.reach is not None) for a in reading.arguments] == [
        ("alpha", "value", False),
        ("model", "output", False),
        ("table", "input", True),
        ("rate", "value", True),
    ]
    given = {"alpha": 2, "rate": 0.5, "table": "{attempt}/inputs/table/x.csv"}
    work = KIND.work("n.ipynb", reading, given, EnvironmentRef())
    assert work.parameters == {"alpha": 2}
    assert work.handed == {"rate": 0.5, "table": "{attempt}/inputs/table/x.csv"}
