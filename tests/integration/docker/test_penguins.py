"""The example has equal results as processes and in containers."""

import contextlib
import os
from pathlib import Path

import pytest

from ..penguins import Penguins, digests


def owners(folder: Path) -> set[int]:
    """Return the owners of all files below; files may disappear meanwhile."""
    found = set()
    for place, folders, names in os.walk(folder):
        for name in (*folders, *names):
            with contextlib.suppress(FileNotFoundError):
                found.add(os.lstat(os.path.join(place, name)).st_uid)
    return found


@pytest.mark.long
@pytest.mark.leaves_running  # the dispatcher leaves by itself a second after the last run
@pytest.mark.timeout(1500)
def test_processes_and_containers_give_equal_results(
    tmp_path: Path, repository: Path, docker_settings: dict[str, str]
) -> None:
    penguins = Penguins(tmp_path, repository, docker_settings)
    before = {path.name: path.read_bytes() for path in penguins.folder.glob("*.ipynb")}
    here, there = penguins.run(), penguins.run("--runtime", "docker")
    assert len(digests(here)) == 4
    assert digests(here) == digests(there)
    assert {task["cached"] for task in there["tasks"]} == {False}
    again = penguins.run("--runtime", "docker", "-p", "seed=7")
    assert {task["cached"] for task in again["tasks"]} == {True}
    assert {path.name: path.read_bytes() for path in penguins.folder.glob("*.ipynb")} == before
    assert owners(penguins.store) == {os.getuid()}
