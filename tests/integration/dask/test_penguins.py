"""The example has equal results as processes and on a cluster."""

from pathlib import Path

import pytest

from .ground import ground
from .penguins import Penguins, digests


@pytest.mark.long
@pytest.mark.leaves_running  # the dispatcher leaves by itself a second after the last run
@pytest.mark.timeout(600)
def test_processes_and_a_cluster_give_equal_results(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, repository: Path
) -> None:
    """Workers with and without access to nbyard's files are used, and the dispatcher is killed
    meanwhile."""
    with ground() as cluster:
        cluster.start_worker(hidden=tmp_path_factory.getbasetemp())
        penguins = Penguins(tmp_path, repository, {"NBYARD_DASK_ADDRESS": cluster.address})
        here = penguins.run()
        running = penguins.start("--runtime", "dask")
        penguins.kill_dispatcher()
        there = penguins.end(running)
        assert len(digests(here)) == 4
        assert digests(here) == digests(there)
        assert {task["cached"] for task in there["tasks"]} == {False}
        assert {len(task["attempts"]) for task in there["tasks"]} == {1}
        again = penguins.run("--runtime", "dask")
        assert {task["cached"] for task in again["tasks"]} == {True}
