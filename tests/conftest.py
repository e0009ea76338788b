"""What holds for every test: a clean environment, and nothing left running afterwards."""

import contextlib
import gc
import itertools
import os
import random
import signal
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import psutil
import pytest
from tests.support.compiled_statements import share_compiled_statements
from tests.support.kept_readers import keep_readers, kept_processes
from tests.support.postgres import FOLDERS

pytest_plugins = ["tests.support.fixtures"]
REPOSITORY = Path(__file__).resolve().parent.parent
PATIENCE_SECONDS = 20.0
TASKS = Path("/proc/self/task")
SLOW_FIXTURES = {"bench", "dispatcher"}  # a whole dispatcher

# a shell starts what it keeps in the background deaf to these
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGQUIT, signal.SIG_DFL)

# the daily examples are always the same, so that a failure means a change; --full draws its own
hypothesis.settings.register_profile("fast", deadline=None, max_examples=15, derandomize=True)
hypothesis.settings.register_profile("quick", deadline=None, max_examples=20, derandomize=True)
hypothesis.settings.register_profile("long", deadline=None, max_examples=2000)
PROFILE = os.environ.get("NBYARD_TEST_PROFILE", "quick")
hypothesis.settings.load_profile(PROFILE)
# the same holds for the samples and the chances of a check
DRAWN = str(random.SystemRandom().randrange(10**6)) if PROFILE == "long" else "1"
# the workers of pytest-xdist inherit it
SEED = os.environ["NBYARD_TEST_SEED"] = os.environ.get("NBYARD_TEST_SEED") or DRAWN


class Failures:
    """Name each test that fails at once: a lane of many minutes shows its reports at its end."""

    def __init__(self, terminal: pytest.TerminalReporter) -> None:
        self._terminal = terminal

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self._terminal.ensure_newline()
            self._terminal.write_line(f"{report.nodeid} failed ({report.when})")


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    if terminal := config.pluginmanager.get_plugin("terminalreporter"):
        config.pluginmanager.register(Failures(terminal))


share_compiled_statements()
keep_readers()
gc.disable()  # thousands of tests are collected, and none of them becomes garbage


def pytest_collection_finish() -> None:
    """Leave what was collected alone: else each garbage collection goes through all of it."""
    gc.freeze()
    gc.set_threshold(50_000)  # the usual 700 takes a sixth of the processor time of unit tests
    gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what `--fast` leaves out, and put long tests first."""
    for item in items:
        call = getattr(item, "callspec", None)
        if "postgres" in getattr(item, "fixturenames", ()) or (
            call and "postgresql" in map(str, call.params.values())
        ):
            item.add_marker("postgresql")
            _refuse_outside_of_lane(item)
        if SLOW_FIXTURES & set(getattr(item, "fixturenames", ())):
            item.add_marker("slow")
    _refuse_shared_names(items)
    _mark_long_cases(items)
    # if a long test came last, the other workers would wait for it
    items.sort(key=lambda item: item.get_closest_marker("first") is None)


def _refuse_outside_of_lane(item: pytest.Item) -> None:
    """The lane `postgresql` collects some folders of the unit tests only."""
    units = REPOSITORY / "tests/unit"
    is_there = any(item.path.is_relative_to(units / folder) for folder in FOLDERS)
    if item.path.is_relative_to(units) and not is_there:
        raise pytest.UsageError(f"{item.nodeid} is in no lane: add its folder to FOLDERS")


def _refuse_shared_names(items: list[pytest.Item]) -> None:
    """Of tests with the same name, pytest-xdist would run only one."""
    names = Counter(item.nodeid for item in items)
    if shared := [name for name, count in names.items() if count > 1]:
        raise pytest.UsageError(f"several tests have the name {', '.join(shared)}")


def _mark_long_cases(items: list[pytest.Item], profile: str = PROFILE) -> None:
    """Mark as `long` all cases of a test with `sample(n)`, except n that the seed chooses.

    With --full all of them are: its lanes run only tests that are `long`.
    """
    groups: dict[str, list[pytest.Item]] = defaultdict(list)
    for item in items:
        if item.get_closest_marker("sample"):
            groups[item.nodeid.partition("[")[0]].append(item)
    for name, group in sorted(groups.items()):
        marker = group[0].get_closest_marker("sample")
        assert marker
        count = 0 if profile == "long" else min(marker.args[0], len(group))
        chosen = random.Random(f"{SEED} {name}").sample(range(len(group)), count)
        for place, item in enumerate(group):
            if place not in chosen:
                item.add_marker(pytest.mark.long)


@pytest.fixture(scope="session")
def repository() -> Path:
    return REPOSITORY


@pytest.fixture(scope="session")
def homes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Paths of new homes. `mktemp` would list thousands of folders for each."""
    folder = tmp_path_factory.mktemp("homes")
    return (folder / str(number) for number in itertools.count())


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, homes: Iterator[Path]) -> None:
    """No setting, server or store of whoever runs the tests is seen by them."""
    for name in list(os.environ):
        if name.startswith(("NBYARD_", "JUPYTER")) and not name.startswith("NBYARD_TEST_"):
            monkeypatch.delenv(name)
    home = next(homes)
    home.mkdir(mode=0o700)
    for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR"):
        monkeypatch.setenv(name, str(home / name.lower()))


@pytest.fixture(autouse=True)
def nothing_left_running(request: pytest.FixtureRequest) -> Iterator[None]:
    """A test that leaves a thread or child process behind fails (see marker leaves_running)."""
    for name in {"database_url", "bare_database_url"} & set(request.fixturenames):
        request.getfixturevalue(name)  # its server is there for the whole session
    before = _running()
    yield
    if request.node.get_closest_marker("leaves_running"):
        return
    end = time.monotonic() + PATIENCE_SECONDS
    while (left := _running() - before) and time.monotonic() < end:
        time.sleep(0.02)
    assert not left, f"left running: {', '.join(sorted(left))}"


def _running() -> set[str]:
    threads = {f"thread {t.name} ({t.ident})" for t in threading.enumerate() if not t.daemon}
    return threads | {_describe(pid) for pid in set(_children()) - kept_processes()}


def _children() -> list[int]:
    """Return the ids of our child processes. psutil reads the whole process table: milliseconds."""
    if not (TASKS / str(os.getpid()) / "children").exists():
        return [child.pid for child in psutil.Process().children()]
    # the kernel may omit a child while another one ends
    while (pids := _listed()) != _listed():
        pass
    return pids


def _listed() -> list[int]:
    texts = []
    for path in TASKS.glob("*/children"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # a thread that ended
            texts.append(path.read_text())
    return sorted(int(pid) for text in texts for pid in text.split())


def _describe(pid: int) -> str:
    try:
        return f"process {pid} ({psutil.Process(pid).name()})"
    except psutil.NoSuchProcess:
        return f"process {pid} (ended)"
