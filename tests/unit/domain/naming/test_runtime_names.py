"""The names that rules use are those by which runtimes are installed."""

from nbyard.domain.naming import runtime_names
from nbyard.host.entry_points import entry_points_of
from nbyard.runtimes.process import ProcessRuntime
from nbyard.runtimes.protocol import GROUP


def test_each_name_is_that_of_a_runtime() -> None:
    names = {runtime_names.PROCESS, runtime_names.DOCKER, runtime_names.DASK}
    assert names <= set(entry_points_of(GROUP))
    assert ProcessRuntime.name == runtime_names.PROCESS
