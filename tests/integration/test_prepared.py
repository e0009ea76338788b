"""The prepared parent: what it forks is as fresh as what is started, and nobody has to have it."""

import json
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from nbyard.domain.attempts import EXECUTED, NotebookWork
from nbyard.runtimes.prepared import PreparedParent
from nbyard.runtimes.process import ProcessRuntime
from nbyard.runtimes.protocol import Order
from nbyard.testing.conformance_runtimes import STORE, finish, place_attempt, wait_until

Run = Callable[..., Any]


class Counted(PreparedParent):
    """Tells whether it was taken at its word."""

    forked = 0

    def supervise(self, *request: Any) -> bool:
        done = super().supervise(*request)
        self.forked += done
        return done

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid


@pytest.fixture(scope="module")
def parent() -> Iterator[Counted]:
    parent = Counted()
    ProcessRuntime(prepared=parent).open(STORE)
    yield parent
    parent.close()


@pytest.fixture
def run(tmp_path: Path, parent: Counted) -> Run:
    """Run the cells of a notebook in a fork; what the last one printed, as JSON."""

    def run(
        *cells: str, environment: dict[str, str] | None = None, forked: bool = True, **files: str
    ) -> Any:
        runtime = ProcessRuntime(prepared=parent if forked else None)
        work = NotebookWork("code/n.ipynb", "python3", "python", {})
        order = place_attempt(
            tmp_path, "", {}, "", work=work, directory="code", environment=environment or {}
        )
        for name, text in files.items():
            (order.folder / "code" / f"{name}.py").write_text(text)
        write_notebook(order, cells)
        runtime.start(order)
        result = finish(runtime, order)
        assert result.failure is None, result.failure
        return printed(order)

    return run


def write_notebook(order: Order, cells: tuple[str, ...]) -> None:
    written: list[dict[str, Any]] = [
        {
            "cell_type": "code",
            "id": f"c{number}",
            "metadata": {},
            "source": source,
            "outputs": [],
            "execution_count": None,
        }
        for number, source in enumerate(cells)
    ]
    notebook = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": written}
    (order.folder / "code" / "n.ipynb").write_text(json.dumps(notebook))


def printed(order: Order) -> Any:
    cells = json.loads((order.folder / EXECUTED).read_text())["cells"]
    return json.loads("".join(cells[-1]["outputs"][0]["text"]))


TELL = "import json, os, sys, random\n"


def test_forks_are_taken(run: Run, parent: Counted):
    before = parent.forked
    assert run(TELL + "print(json.dumps(1))") == 1
    assert parent.forked == before + 1


def test_no_state_leaks_from_one_notebook_to_the_next(run: Run):
    """Variables, environment, working directory, modules, open files, what was registered."""
    run(
        "x = 1; import os, sys, builtins, sqlite3, colorsys",
        "os.environ['LEAK'] = '1'; builtins.leak = 1; sys.path.append('/leak')",
        "file = open('left-open', 'w'); os.chdir('/'); print(1)",
    )
    found = run(
        TELL + "import builtins",
        "print(json.dumps({'x': 'x' in dir(), 'env': 'LEAK' in os.environ, 'cwd': os.getcwd(),"
        " 'built': hasattr(builtins, 'leak'), 'path': '/leak' in sys.path,"
        " 'modules': 'colorsys' in sys.modules,"
        " 'files': [p for p in map(os.readlink, filter(os.path.islink,"
        " (f'/proc/self/fd/{n}' for n in os.listdir('/proc/self/fd')))) if 'left' in p]}))",
    )
    assert found.pop("cwd").endswith("/code")
    assert found == {**dict.fromkeys(("x", "env", "built", "path", "modules"), False), "files": []}


def test_random_streams_differ(run: Run):
    draw = TELL + "import secrets, tempfile, uuid\n"
    draw += "print(json.dumps([random.random(), secrets.token_hex(4), tempfile.mktemp(),"
    draw += " str(uuid.uuid4())]))"
    first, second = run(draw), run(draw)
    assert all(a != b for a, b in zip(first, second, strict=True))


def test_modules_of_the_runner_are_none_of_the_kernel(run: Run):
    """A file of the project wins over what only the runner needs, as in a started kernel."""
    found = run(
        TELL + "import attr, nbformat",
        "print(json.dumps([attr.own, nbformat.own, 'nbclient' in sys.modules,"
        " any(name.startswith('nbyard') for name in sys.modules)]))",
        attr="own = 1",
        nbformat="own = 2",
    )
    assert found == [1, 2, False, False]


def test_libraries_that_the_runner_had_loaded_can_be_imported(run: Run):
    found = run(
        TELL + "import jsonschema, nbclient, rfc3987_syntax",
        "jsonschema.validate({'a': 1}, {'type': 'object'}); print(json.dumps(1))",
    )
    assert found == 1


def test_it_is_the_kernel_that_would_have_been_started(run: Run):
    """The same paths, modules, options, signals, limits and standard files."""
    look = (
        TELL + "import signal, resource, locale, gc",
        "print(json.dumps({'path': sys.path, 'flags': str(sys.flags), 'stdin': sys.stdin.read(),"
        " 'argv': sys.argv[0].rpartition('/')[2].removesuffix('.py'), 'name': __name__,"
        " 'signals': [str(signal.getsignal(s)).partition(' at ')[0] for s in signal.Signals],"
        " 'limits': resource.getrlimit(resource.RLIMIT_NOFILE), 'warn': sys.warnoptions,"
        " 'modules': sorted({m.partition('.')[0] for m in sys.modules}"
        " - sys.stdlib_module_names),"
        " 'variables': sorted(v for v in os.environ if v[:3] in ('NBY', 'JPY', 'PYD')),"
        " 'gc': gc.get_threshold(),"
        " 'session': os.getsid(0) == os.getpid(), 'locale': locale.getlocale()}))",
    )
    assert run(*look) == run(*look, forked=False)


def test_what_is_registered_for_the_end_is_run(run: Run, tmp_path: Path):
    mark = tmp_path / "ended"
    run(f"import atexit, pathlib; atexit.register(pathlib.Path({str(mark)!r}).touch); print(1)")
    assert mark.exists()


def test_a_variable_that_python_reads_at_its_start_is_honoured(run: Run):
    cell = TELL + "print(json.dumps([hash('nbyard'), os.environ['PYTHONHASHSEED']]))"
    found = [run(cell, environment={"PYTHONHASHSEED": "7"}) for _ in range(2)]
    assert found[0] == found[1]
    assert found[0][1] == "7"


@pytest.mark.leaves_running
def test_a_parent_that_was_killed_is_replaced(run: Run, parent: Counted):
    run("print(1)")
    before = parent.pid
    os.kill(before, signal.SIGKILL)
    assert run("print(2)") == 2
    run("print(3)")
    assert parent.pid != before


def test_it_leaves_with_the_dispatcher():
    parent = Counted()
    ProcessRuntime(prepared=parent).open(STORE)
    process = psutil.Process(parent.pid)
    parent.close()
    wait_until(lambda: not process.is_running() or process.status() == psutil.STATUS_ZOMBIE)


def test_without_one_attempts_are_started(tmp_path: Path):
    """Where it cannot come up, work is done none the less."""
    parent = Counted(python="/nowhere/python")
    runtime = ProcessRuntime(prepared=parent)
    orders = [place_attempt(tmp_path, "echo done", {}, "") for _ in range(4)]
    for order in orders:
        runtime.start(order)
        assert finish(runtime, order).state == "succeeded"
    assert parent.forked == 0
