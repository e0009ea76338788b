"""The packages of a cluster, as programs on its workers list them."""

from typing import Any

import pytest

from nbyard.errors import Unavailable
from nbyard.host.kernels import LIST_PACKAGES
from nbyard.runtimes.dask import runtime, worker_functions
from nbyard.runtimes.dask.runtime import InstalledPackages

KILLED = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"


class OneWorker:
    """A cluster whose only worker is this process."""

    def workers(self, since: float) -> dict[str, Any]:
        return {"tcp://w1": {}}

    def call_all(self, addresses: list[str], verb: str, *arguments: Any) -> dict[str, Any]:
        return {address: getattr(worker_functions, verb)(*arguments) for address in addresses}


def test_a_killed_package_lister_is_started_again(monkeypatch):
    packages = InstalledPackages(OneWorker(), "here")  # type: ignore[arg-type]
    monkeypatch.setattr(runtime, "LIST_PACKAGES", KILLED)
    with pytest.raises(Unavailable):
        packages.locks()
    monkeypatch.setattr(runtime, "LIST_PACKAGES", LIST_PACKAGES)
    (lock,) = packages.locks()
    monkeypatch.setattr(runtime, "LIST_PACKAGES", KILLED)
    assert packages.locks() == [lock], "an unchanged worker lists nothing again"
