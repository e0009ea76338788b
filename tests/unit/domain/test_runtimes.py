"""The names that rules use are those by which runtimes are installed."""

from nbyard.domain import runtimes
from nbyard.runtimes.process import ProcessRuntime
from nbyard.runtimes.registry import names


def test_each_name_is_that_of_a_runtime() -> None:
    assert {runtimes.PROCESS, runtimes.DOCKER, runtimes.DASK} <= set(names())
    assert ProcessRuntime.name == runtimes.PROCESS
