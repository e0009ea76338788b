"""The prepared parent: its forks equal started processes, and work also runs without it."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from nbyard.reasons.structs import because
from nbyard.runtimes.process import ProcessRuntime
from nbyard.runtimes.protocol import Order
from nbyard.runtimes.supervisor_parents import NO_ATTEMPT, Parents
from nbyard.testing.conformance.runtimes import STORE, finish, place_attempt, wait_until

from .attempts import (
    executed,
    is_gone,
    log_of,
    place_notebook,
    printed,
    supervisor_pid,
)

pytestmark = pytest.mark.sample(1)

Run = Callable[..., Any]
KERNEL_THREADS = 2


class Counted(Parents):
    """A parent that counts its forks."""

    forked = 0

    def __init__(self, python: str = sys.executable, ready_kernels: int = 0, **pool: int) -> None:
        super().__init__(python, ready_kernels=ready_kernels, **pool)
        self._keeps_ready = ready_kernels > 0
        self._asked = 0

    def supervise(self, *request: Any) -> bool:
        done = super().supervise(*request)
        self.forked += done
        return done

    def standing(self) -> set[int]:
        """Return the ready supervisors, which must exist after the first notebook."""
        is_first, self._asked = self._asked != self.pid, self.pid
        if is_first or not self._keeps_ready:
            return set()
        process = psutil.Process(self.pid)
        wait_until(lambda: is_gone(process) or any(map(is_ready, process.children())))
        return set() if is_gone(process) else {one.pid for one in process.children()}

    @property
    def pid(self) -> int:
        """Return the process ID of the parent for notebooks."""
        return self.of_notebooks.pid


@pytest.fixture(scope="module", params=["forked", "ready"])
def parent(request: pytest.FixtureRequest) -> Iterator[Counted]:
    """Provide a parent that forks on demand, or ahead of demand."""
    parent = Counted(ready_kernels=1 if request.param == "ready" else 0, ready_bytes=1 << 30)
    ProcessRuntime(parents=parent).prepare_notebooks(STORE)
    yield parent
    parent.close()


@pytest.fixture
def daemons(tmp_path: Path) -> Iterator[tuple[Counted, ProcessRuntime, Order]]:
    """Run an attempt with child processes, one of which has neither its mark nor its session."""
    parent = Counted()
    runtime = ProcessRuntime(parents=parent)
    runtime.open(STORE)
    order = place_attempt(tmp_path, "setsid env -i sleep 1000 & sleep 1001", {}, "")
    runtime.start(order)
    wait_until(lambda: len(below(supervisor(order))) >= 3)
    assert parent.forked == 1
    started = below(supervisor(order))
    yield parent, runtime, order
    runtime.stop(order, because("text", text="the test is over"))
    runtime.close()
    for process in filter(psutil.Process.is_running, started):
        process.kill()


def supervisor(order: Order) -> psutil.Process:
    return psutil.Process(supervisor_pid(order))


def below(process: psutil.Process) -> list[psutil.Process]:
    return process.children(recursive=True)


def is_ready(process: psutil.Process) -> bool:
    """Return whether it waits with a kernel whose outputs are received."""
    try:
        if process.environ().get("NBYARD_ATTEMPT_ID") != NO_ATTEMPT:
            return False
        return any(one.num_threads() >= KERNEL_THREADS for one in below(process))
    except psutil.Error:
        return False


@pytest.fixture
def run(tmp_path: Path, parent: Counted) -> Run:
    """Run the cells of a notebook in a fork; return the last printed text, parsed as JSON."""

    def run(
        *cells: str, environment: dict[str, str] | None = None, forked: bool = True, **files: str
    ) -> Any:
        runtime = ProcessRuntime(parents=parent if forked else None)
        order = place_notebook(tmp_path, *cells, environment=environment or {})
        for name, text in files.items():
            (order.folder / "code" / f"{name}.py").write_text(text)
        plain = not any(name.startswith("PYTHON") for name in environment or {})
        standing = parent.standing() if forked and plain else set()
        runtime.start(order)
        result = finish(runtime, order)
        assert result.failure is None, result.failure
        assert not standing or supervisor_pid(order) in standing
        return printed(order)

    return run


TELL = "import json, os, sys, random\n"


def test_notebook_runs_in_a_fork_of_the_parent(run: Run, parent: Counted):
    before = parent.forked
    assert run(TELL + "print(json.dumps(1))") == 1
    assert parent.forked == before + 1


def test_no_state_leaks_between_notebooks(run: Run):
    """Variables, environment, working directory, modules, open files and exit handlers."""
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


def test_modules_of_the_runner_are_not_loaded_in_the_kernel(run: Run):
    """A file of the project wins over a module of the runner, as in a started kernel."""
    found = run(
        TELL + "import attr, nbformat",
        "print(json.dumps([attr.own, nbformat.own, 'nbclient' in sys.modules,"
        " any(name.startswith('nbyard') for name in sys.modules)]))",
        attr="own = 1",
        nbformat="own = 2",
    )
    assert found == [1, 2, False, False]


def test_packages_loaded_by_the_runner_can_be_imported(run: Run):
    found = run(
        TELL + "import jsonschema, jsonschema_specifications, nbclient",
        "jsonschema.validate({'a': 1}, {'type': 'object'}); print(json.dumps(1))",
    )
    assert found == 1


def test_forked_kernel_equals_a_started_one(run: Run):
    """The same paths, modules, options, signals, limits, standard files, names and history.

    Only the debugger is missing, which no client could reach."""
    look = (
        TELL + "import signal, resource, locale, gc",
        "print(json.dumps({'path': sys.path, 'flags': str(sys.flags), 'stdin': sys.stdin.read(),"
        " 'argv': sys.argv[0].rpartition('/')[2].removesuffix('.py'), 'name': __name__,"
        " 'signals': [str(signal.getsignal(s)).partition(' at ')[0] for s in signal.Signals],"
        " 'limits': resource.getrlimit(resource.RLIMIT_NOFILE), 'warn': sys.warnoptions,"
        " 'modules': sorted({m.partition('.')[0] for m in sys.modules"
        " if not m.startswith(('debugpy', '_pydev', 'pydev', '_cython_'))}"
        " - sys.stdlib_module_names),"
        " 'variables': sorted(v for v in os.environ if v[:3] in ('NBY', 'JPY')),"
        " 'seen': [In, Out, sorted(dir()), get_ipython().execution_count,"
        " sorted(get_ipython().extension_manager.loaded), get_ipython().kernel.execution_count,"
        " sys.displayhook.__class__.__name__, get_ipython() is type(get_ipython())._instance],"
        " 'gc': gc.get_threshold(), 'dirs': len(_dh),"
        " 'env': sorted(v for v in os.environ if v[:2] not in ('PY', 'JU')),"
        " 'here': [str(_dh[0]) == os.getcwd(), get_ipython().starting_dir == os.getcwd()],"
        " 'own': open('/proc/self/environ').read().count(os.environ['NBYARD_ATTEMPT_ID']) > 0,"
        " 'mark': os.environ['NBYARD_MARK'] in open('/proc/self/environ').read(),"
        " 'session': os.getsid(0) == os.getpid(), 'locale': locale.getlocale()}))",
    )
    assert run(*look) == run(*look, forked=False)


def test_output_of_child_processes_appears_once_in_its_cell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.delenv("PYTEST_CURRENT_TEST")  # with it, ipykernel leaves them their streams
    runtime = ProcessRuntime(parents=(parent := Counted()))
    runtime.open(STORE)
    say = "print({0}, 'by itself'); os.system('echo {0} a ünïcode child')"
    cells = ["import os", *(f"{say.format(n)};" for n in range(20))]
    order = place_notebook(tmp_path, *cells)
    runtime.start(order)
    assert finish(runtime, order).failure is None
    parent.close()
    told = [f"{n} by itself\n{n} a ünïcode child\n" for n in range(20)]
    assert ["".join(cell["outputs"][0]["text"]) for cell in executed(order)[1:]] == told
    assert log_of(order) == "".join(told)


def test_exit_handlers_run(run: Run, tmp_path: Path):
    mark = tmp_path / "ended"
    run(f"import atexit, pathlib; atexit.register(pathlib.Path({str(mark)!r}).touch); print(1)")
    assert mark.exists()


@pytest.mark.long
def test_startup_variables_of_python_take_effect(run: Run):
    cell = TELL + "print(json.dumps([hash('nbyard'), os.environ['PYTHONHASHSEED']]))"
    found = [run(cell, environment={"PYTHONHASHSEED": "7"}) for _ in range(2)]
    assert found[0] == found[1]
    assert found[0][1] == "7"


@pytest.mark.leaves_running
def test_killed_parent_is_replaced(run: Run, parent: Counted):
    run("print(1)")
    before = psutil.Process(parent.pid)
    before.kill()
    wait_until(lambda: is_gone(before))
    assert run("print(2)") == 2
    run("print(3)")
    assert parent.pid != before.pid


def test_parent_stops_with_the_dispatcher():
    parent = Counted()
    ProcessRuntime(parents=parent).prepare_notebooks(STORE)
    process = psutil.Process(parent.pid)
    parent.close()
    wait_until(lambda: is_gone(process))


def test_parent_kills_processes_of_a_killed_supervisor(
    daemons: tuple[Counted, ProcessRuntime, Order],
):
    """This includes processes that only their descent identifies."""
    _, runtime, order = daemons
    work = below(supervisor(order))
    supervisor(order).kill()
    wait_until(lambda: all(map(is_gone, work)))
    assert runtime.poll(order).state == "lost"


@pytest.mark.leaves_running
def test_parent_without_a_dispatcher_still_guards_its_attempts(
    daemons: tuple[Counted, ProcessRuntime, Order],
):
    """The attempt continues after the dispatcher stopped, and leaves nothing when it is killed."""
    parent, runtime, order = daemons
    process = psutil.Process(parent.of_commands.pid)
    runtime.close()
    assert runtime.poll(order).state == "running" and not is_gone(process)
    work = below(supervisor(order))
    supervisor(order).kill()
    wait_until(lambda: all(map(is_gone, [*work, process])))


@pytest.mark.leaves_running
def test_supervisor_of_a_killed_parent_has_its_own_guard(
    daemons: tuple[Counted, ProcessRuntime, Order],
):
    """Both are killed, one after the other."""
    parent, runtime, order = daemons
    watched = supervisor(order)
    before = set(below(watched))
    psutil.Process(parent.of_commands.pid).kill()
    wait_until(lambda: len(set(below(watched)) - before) == 1)
    watched.kill()
    wait_until(lambda: all(is_gone(process) for process in before if process.name() == "sh"))
    wait_until(lambda: runtime.poll(order).state == "lost")


def test_attempts_run_without_a_prepared_parent(tmp_path: Path):
    """Work is also done if the parent cannot start."""
    parent = Counted(python="/nowhere/python")
    runtime = ProcessRuntime(parents=parent)
    orders = [place_attempt(tmp_path, "echo done", {}, "") for _ in range(4)]
    for order in orders:
        runtime.start(order)
        assert finish(runtime, order).state == "succeeded"
    assert parent.forked == 0
