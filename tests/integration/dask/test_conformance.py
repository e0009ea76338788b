"""The suite that every runtime must pass, on workers that see nbyard's folders and on others."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from nbyard.runtimes.dask import DaskRuntime
from nbyard.runtimes.protocol import Order, Runtime
from nbyard.settings import Settings
from nbyard.testing.conformance.runtimes import Supervised, wait_until

from .ground import Ground

pytestmark = pytest.mark.leaves_running  # scheduler and worker serve the whole module


def marked(order: Order) -> list[psutil.Process]:
    """Return everything that has the mark of the attempt."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("NBYARD_MARK") == order.mark and process.status() != "zombie":
                found.append(process)
        except psutil.Error:
            continue
    return found


class OnDask(Supervised):
    """The conformance suite on Dask."""

    where = ""

    @pytest.fixture
    def runtime(self, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[DaskRuntime]:
        found: Ground = request.getfixturevalue(self.where)
        made = DaskRuntime(Settings(store_dir=str(tmp_path), dask_address=found.address))
        yield made
        made.close()

    def lose(self, runtime: Runtime, order: Order) -> None:
        """Kill the supervisor; no part of the work may remain."""
        wait_until(lambda: bool(marked(order)))
        for process in marked(order):
            parent = process.parent()
            if parent is not None and "--foreground" in parent.cmdline():
                os.kill(parent.pid, signal.SIGKILL)
        wait_until(lambda: not marked(order))


@pytest.mark.long
class TestDaskRuntime(OnDask):
    """Workers that see nbyard's folders."""

    where = "dask_ground"


class TestDaskRuntimeThatDoesNotSeeOurFiles(OnDask):
    """Workers that do not see nbyard's folders."""

    where = "far_ground"
