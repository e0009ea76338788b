"""The names that rules use are those by which runtimes are installed."""

from nbyard.domain.naming import runtime_names
from nbyard.runtimes.process import ProcessRuntime
from nbyard.runtimes.protocol import installed_names


def test_each_name_is_that_of_a_runtime() -> None:
    assert {runtime_names.PROCESS, runtime_names.DOCKER, runtime_names.DASK} <= set(
        installed_names()
    )
    assert ProcessRuntime.name == runtime_names.PROCESS
