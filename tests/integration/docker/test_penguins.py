"""The example has equal results as processes and in containers."""

import contextlib
import json
import os
import shutil
import subprocess
import sys
from importlib.resources import as_file, files
from pathlib import Path

import pytest

NBYARD = [sys.executable, "-m", "nbyard.cli.main"]
CANONICAL = ("output_csv", "output_test", "metrics", "predictions")


@pytest.fixture
def penguins(tmp_path: Path, repository: Path) -> Path:
    folder = tmp_path / "penguins"
    shutil.copytree(repository / "examples/penguins", folder)
    with as_file(files("palmerpenguins") / "data" / "penguins.csv") as source:
        shutil.copyfile(source, folder / "penguins.csv")
    return folder


def run(folder: Path, settings: dict[str, str], *options: str) -> dict:
    environment = {**os.environ, **settings, "NBYARD_IDLE_SECONDS": "1"}
    command = [*NBYARD, "run", "penguins.nbflow", "--json", *options]
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def owners(folder: Path) -> set[int]:
    """Return the owners of all files below; files may disappear meanwhile."""
    found = set()
    for place, folders, names in os.walk(folder):
        for name in (*folders, *names):
            with contextlib.suppress(FileNotFoundError):
                found.add(os.lstat(os.path.join(place, name)).st_uid)
    return found


def digests(detail: dict) -> dict[str, str]:
    return {
        f"{task['node']}.{artifact['name']}": artifact["digest"]
        for task in detail["tasks"]
        for artifact in task["artifacts"]
        if artifact["name"] in CANONICAL
    }


@pytest.mark.long
@pytest.mark.leaves_running  # the dispatcher leaves by itself a second after the last run
@pytest.mark.timeout(1500)
def test_processes_and_containers_give_equal_results(
    penguins: Path, tmp_path: Path, docker_settings: dict[str, str]
) -> None:
    before = {path.name: path.read_bytes() for path in penguins.glob("*.ipynb")}
    settings = {"NBYARD_STORE_DIR": str(tmp_path / "store"), **docker_settings}
    here = run(penguins, settings)
    there = run(penguins, settings, "--runtime", "docker")
    assert len(digests(here)) == 4
    assert digests(here) == digests(there)
    assert {task["cached"] for task in there["tasks"]} == {False}
    again = run(penguins, settings, "--runtime", "docker", "-p", "seed=7")
    assert {task["cached"] for task in again["tasks"]} == {True}
    assert {path.name: path.read_bytes() for path in penguins.glob("*.ipynb")} == before
    assert owners(tmp_path / "store") == {os.getuid()}
