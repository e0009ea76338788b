"""The base of the fault suite: a store, dispatchers that start quickly, a seed, a sample."""

import os
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from tests.support.docker_fixtures import docker_engine, python_base_image  # noqa: F401

from .place import Place, Zygote

HERE = Path(__file__).parent
SECONDS = 400
LINES = 4
# the workers of pytest-xdist inherit it
SEED = os.environ["NBYARD_TEST_SEED"]
LONG = os.environ.get("NBYARD_TEST_PROFILE") == "long"


def pytest_report_header() -> str:
    return f"faults: NBYARD_TEST_SEED={SEED}"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give each test a time limit. With the long profile all tests are long: some do more then."""
    for item in items:
        if not item.path.is_relative_to(HERE):
            continue
        if not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(SECONDS))
        if LONG:
            item.add_marker(pytest.mark.long)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """With --full, print the counted numbers of passed tests, which benchmarks/README.md
    contains."""
    for report in terminalreporter.getreports("passed") if LONG else []:
        told = [one for one in report.capstdout.splitlines() if "NBYARD_TEST_SEED" not in one]
        for line in told[-LINES:]:
            terminalreporter.write_line(f"{report.nodeid.rpartition('::')[2]}: {line}")


@pytest.fixture
def seed(request: pytest.FixtureRequest) -> random.Random:
    """Provide random numbers that NBYARD_TEST_SEED reproduces."""
    sys.stdout.write(f"NBYARD_TEST_SEED={SEED}\n")
    return random.Random(f"{SEED} {request.node.nodeid}")


@pytest.fixture(scope="session")
def zygote() -> Iterator[Zygote]:
    made = Zygote()
    yield made
    made.close()


@pytest.fixture
def bystander() -> Iterator[psutil.Process]:
    """Run work of another store, which must stay untouched."""
    marks = {"NBYARD_STORE": "0" * 36, "NBYARD_ATTEMPT_ID": "1" * 36, "NBYARD_MARK": "2" * 32}
    process = subprocess.Popen(["sleep", "infinity"], env={**os.environ, **marks})
    yield psutil.Process(process.pid)
    assert process.poll() is None, "somebody killed the work of another store"
    process.kill()
    process.wait()


@pytest.fixture
def place(
    tmp_path: Path, database_url: str, zygote: Zygote, bystander: psutil.Process
) -> Iterator[Place]:
    made = Place(tmp_path, database_url, zygote)
    yield made
    made.close()
