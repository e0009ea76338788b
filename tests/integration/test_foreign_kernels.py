"""A ready kernel of another environment equals the kernel that would have been started, or it is
not used."""

import contextlib
import os
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from nbyard.domain.attempts.structs import METRICS
from nbyard.testing.conformance.runtimes import STORE, wait_until

from .attempts import executed, printed
from .foreign import OWN, Environment, Serves, Yard, one, run_while_ending, serves

__all__ = ["one", "serves"]

TELL = "import json, os\n"
# What differs from one attempt to the next.
VOLATILE = ("NBYARD_ATTEMPT", "NBYARD_ATTEMPT_ID", "NBYARD_MARK", "JUPYTER_RUNTIME_DIR")
# zmq opens them when it needs them.
OPENED = ("socket", "anon_inode")
LOOK = (
    "before = set(globals()), dict(Out), list(In), get_ipython().execution_count",
    TELL
    + """
import ctypes, gc, locale, resource, signal, sys, threading
shell, block = get_ipython(), open('/proc/self/environ').read()
death = ctypes.c_int()
ctypes.CDLL(None).prctl(2, ctypes.byref(death), 0, 0, 0)
files = [f'/proc/self/fd/{n}' for n in os.listdir('/proc/self/fd')]
kinds = [os.readlink(file).partition(':')[0] for file in files if os.path.islink(file)]
# a thread of IPython opens the history once more, and its folder while it writes
kinds = [kind for kind in kinds if not kind.endswith(('-journal', 'profile_default'))]
kinds = [kind for n, kind in enumerate(kinds) if kind[0] != '/' or kind not in kinds[:n]]
print(json.dumps({
    'names': sorted(before[0]), 'out': before[1], 'in': before[2], 'count': before[3],
    'hidden': sorted(shell.user_ns_hidden), 'result': shell.last_execution_result is not None,
    'modules': sorted(sys.modules), 'path': sys.path, 'program': [sys.executable, sys.prefix],
    'argv': [os.path.basename(word) for word in sys.argv], 'flags': str(sys.flags),
    'warn': sys.warnoptions, 'name': __name__, 'stdin': sys.stdin.read(),
    'cwd': [os.getcwd(), os.environ['PWD']] == [os.environ['NBYARD_ATTEMPT'] + '/code'] * 2,
    'umask': os.umask(0o22),
    'here': [str(place) == os.getcwd() for place in (*_dh, shell.starting_dir)],
    'variables': {k: v for k, v in os.environ.items() if k not in VOLATILE},
    'parent': os.environ['JPY_PARENT_PID'] == str(os.getppid()), 'death': death.value,
    'told': [len(os.environ[name]) for name in ('NBYARD_ATTEMPT_ID', 'NBYARD_MARK')],
    'block': [block.count(os.environ[name]) > 0 for name in ('NBYARD_ATTEMPT_ID', 'NBYARD_MARK')],
    'signals': [str(signal.getsignal(s)).partition(' at ')[0] for s in signal.Signals],
    'blocked': sorted(signal.pthread_sigmask(signal.SIG_BLOCK, ())),
    'limits': [resource.getrlimit(getattr(resource, name)) for name in dir(resource)
               if name.startswith('RLIMIT_')],
    'files': sorted(kind for kind in kinds if kind not in OPENED),
    'threads': sorted(one.name.rstrip('0123456789') for one in threading.enumerate()),
    'group': [os.getpgid(0) == os.getpid(), os.getsid(0) == os.getpid(), os.nice(0)],
    'gc': gc.get_threshold(), 'locale': locale.getlocale(),
}))
""".replace("VOLATILE", str((*VOLATILE, "JPY_PARENT_PID", "PWD"))).replace("OPENED", str(OPENED)),
)  # fmt: skip


@pytest.fixture
def data(environment: Environment, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Use Jupyter's data folder with the installed kernel; the user has an IPython profile."""
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.delenv("PYTEST_CURRENT_TEST")  # with it, ipykernel watches no files
    data = Path(os.environ["JUPYTER_DATA_DIR"])
    environment.declare(data)
    return data


@pytest.fixture
def yard(data: Path, tmp_path: Path) -> Iterator[Yard]:
    yard = Yard(tmp_path, STORE)
    yield yard
    yard.close()


def test_ready_kernel_runs_the_next_notebook(serves: Serves) -> None:
    assert serves()


def test_ready_kernel_equals_a_started_one(
    yard: Yard, one: psutil.Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Modules, names, history, variables, paths, signals, limits, files and threads."""
    monkeypatch.delenv("PYTEST_CURRENT_TEST")
    ready = yard.run(*LOOK)
    assert yard.is_ready_one(ready, [one])
    started = yard.run(*LOOK, started=True)
    was, is_now = printed(started), printed(ready)
    assert {name: (was[name], is_now[name]) for name in was if was[name] != is_now[name]} == {}
    counts = [[cell["execution_count"] for cell in executed(order)] for order in (ready, started)]
    assert counts == [[1, 2], [1, 2]]


def test_ready_kernel_returns_the_same_outputs(yard: Yard, one: psutil.Process) -> None:
    cells = (
        "import sys; print('one'); print('two', file=sys.stderr); 3",
        "_, __, In, Out",
        "%history\n%who",
        "!echo $NBYARD_RUN_ID",
        "a = 5\nprint(_i, _ii); a",
    )
    orders = yard.run(*cells), yard.run(*cells, started=True)
    assert yard.is_ready_one(orders[0], [one])
    ready, started = map(executed, orders)
    assert [cell["outputs"] for cell in ready] == [cell["outputs"] for cell in started]


@pytest.mark.sample(1)
@pytest.mark.parametrize("started", [False, True], ids=["ready", "started"])
def test_ready_kernel_passes_data_without_nbyard_installed(
    yard: Yard, one: psutil.Process, started: bool
) -> None:
    """The copied runner provides the functions."""
    cell = "import nbyard\nnbyard.log_metric('n', 1)\nimport json"
    order = yard.run(
        cell, "print(json.dumps([nbyard.input('x', 3), nbyard.__file__]))", started=started
    )
    given, place = printed(order)
    assert given == 3 and place.endswith("runner/handoff/__init__.py")
    assert '"name": "n", "value": 1' in (order.folder / METRICS).read_text()


@pytest.mark.long
def test_no_state_leaks_between_notebooks(yard: Yard, one: psutil.Process) -> None:
    yard.run(
        "x = 1; import os, sys, builtins, colorsys",
        "os.environ['LEAK'] = '1'; builtins.leak = 1; sys.path.append('/leak')",
        "file = open('left-open', 'w'); os.chdir('/')",
    )
    standing = yard.standing()
    found = yard.run(
        TELL + "import builtins, sys",
        "print(json.dumps(['x' in dir(), 'LEAK' in os.environ, hasattr(builtins, 'leak'),"
        " '/leak' in sys.path, 'colorsys' in sys.modules, os.path.exists('left-open')]))",
    )
    assert yard.is_ready_one(found, standing)
    assert printed(found) == [False] * 6


@pytest.mark.long
def test_random_streams_differ(yard: Yard, one: psutil.Process) -> None:
    draw = TELL + "import random, secrets, tempfile, uuid\n"
    draw += "print(json.dumps([random.random(), secrets.token_hex(4), tempfile.mktemp(),"
    draw += " str(uuid.uuid4()), hash('nbyard')]))"
    drawn = []
    for _ in range(2):
        standing = yard.standing()
        drawn.append(yard.run(draw))
        assert yard.is_ready_one(drawn[-1], standing)
    first, second = map(printed, drawn)
    assert all(a != b for a, b in zip(first, second, strict=True))


@pytest.mark.long
def test_user_history_contains_the_cells_of_the_notebook(
    yard: Yard, one: psutil.Process, tmp_path: Path
) -> None:
    yard.run("x = 'seen'")
    assert sorted(asked(tmp_path, "SELECT source FROM history")) == sorted(
        [OWN["python"], "x = 'seen'"]
    )


def asked(folder: Path, question: str) -> list[Any]:
    """Query the history that kernels keep for their user."""
    history = sqlite3.connect(folder / "ipython" / "profile_default" / "history.sqlite")
    with contextlib.closing(history):
        return [first for (first,) in history.execute(question)]


@pytest.mark.long
def test_exit_handlers_run(yard: Yard, one: psutil.Process, tmp_path: Path) -> None:
    mark = tmp_path / "ended"
    yard.run(f"import atexit, pathlib; atexit.register(pathlib.Path({str(mark)!r}).touch)")
    assert mark.exists()


@pytest.mark.long
def test_new_distribution_replaces_the_ready_kernel(
    environment: Environment, serves: Serves, yard: Yard
) -> None:
    package = environment.packages / "just_installed"
    package.mkdir()
    try:
        (package / "__init__.py").touch()
        assert not serves()
        assert yard.run("import just_installed")
    finally:
        shutil.rmtree(package)


@pytest.mark.long
def test_changed_kernelspec_replaces_the_ready_kernel(
    environment: Environment, serves: Serves, yard: Yard, data: Path
) -> None:
    environment.declare(data, env={"ADDED": "1"})
    assert not serves()
    standing = yard.standing()
    found = yard.run(TELL + "print(json.dumps(os.environ['ADDED']))")
    assert yard.is_ready_one(found, standing) and printed(found) == "1"


@pytest.mark.long
@pytest.mark.parametrize("name", ["ipython_config.py", "startup/10-own.py"])
def test_startup_files_of_the_user_run_for_the_attempt(
    serves: Serves, yard: Yard, tmp_path: Path, name: str
) -> None:
    """Files that are newer than the kernel run as well. A waiting kernel runs none."""
    ran = tmp_path / "ran"
    file = tmp_path / "ipython" / "profile_default" / name
    text = "import os; open({!r}, 'a').write(os.environ.get('NBYARD_ATTEMPT', 'none') + os.linesep)"
    file.write_text(text.format(str(ran)))
    assert not serves()
    orders = [yard.run_own() for _ in range(2)]
    assert ran.read_text().splitlines()[1:] == [str(order.folder) for order in orders]
    assert len(ran.read_text().splitlines()) == 3


@pytest.mark.long
def test_startup_variables_of_python_take_effect(serves: Serves) -> None:
    assert not serves(environment={"PYTHONHASHSEED": "7"})


@pytest.mark.long
def test_project_module_wins_over_a_module_imported_by_the_kernel(
    serves: Serves,
) -> None:
    assert not serves(files=["comm.py"])


@pytest.mark.long
def test_kernel_that_depends_on_its_attempt_is_started_anew(
    environment: Environment, yard: Yard, data: Path
) -> None:
    environment.declare(data, env={"PLACE": "${NBYARD_ATTEMPT}/x"})
    order = yard.run(TELL + "print(json.dumps(os.environ['PLACE']))")
    assert printed(order) == f"{order.folder}/x"
    assert not yard.has_others()


@pytest.mark.long
@pytest.mark.parametrize("part", ["runner", "kernel"])
def test_ready_kernel_that_dies_when_claimed_does_not_fail_the_run(
    yard: Yard, one: psutil.Process, part: str
) -> None:
    """The notebook runs in it, or in another kernel."""
    run_while_ending(yard, one, part)


@pytest.mark.long
def test_memory_of_a_ready_kernel_counts(data: Path, tmp_path: Path) -> None:
    """This includes its kernel process: the first one is measured when ready, and stopped; no other
    is started."""
    yard = Yard(tmp_path, STORE, budget=40 << 20)
    try:
        for started in (2, 3, 4):
            yard.run_own()
            wait_until(lambda: yard.parent.children() == [])
            assert len(asked(tmp_path, "SELECT session FROM sessions")) == started
    finally:
        yard.close()
