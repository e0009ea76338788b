"""What a stranger has: the wheel in an environment of its own, on a machine without Node."""

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

INSTALLING_SECONDS = 600


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whoever comes first has the time too that building and installing the wheel takes."""
    ours = (item for item in items if Path(__file__).parent in item.path.parents)
    if first := next(ours, None):
        first.add_marker(pytest.mark.timeout(INSTALLING_SECONDS))


@dataclass(frozen=True)
class Installed:
    """An environment with the wheel and its dependencies, and nothing else."""

    folder: Path

    def command(self, name: str) -> str:
        return str(self.folder / "bin" / name)

    def run(self, name: str, *arguments: str, environment: Mapping[str, str] | None = None) -> str:
        return run(self.command(name), *arguments, environment=environment)


def run(*argv: str, environment: Mapping[str, str] | None = None) -> str:
    """What a command prints on both streams; the test fails with it when the command does."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(
        argv,
        check=False,
        text=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**own, **(environment or {})},
    )
    assert done.returncode == 0, f"{argv} ended with {done.returncode}:\n{done.stdout}"
    return done.stdout


@pytest.fixture(scope="session")
def sdist(repository: Path, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("sdist")
    run(sys.executable, "-m", "build", "--sdist", "--outdir", str(folder), str(repository))
    (file,) = folder.glob("*.tar.gz")
    return file


@pytest.fixture(scope="session")
def without_node(tmp_path_factory) -> dict[str, str]:
    """An environment whose PATH answers `node` and `npm` with a failure."""
    folder = tmp_path_factory.mktemp("no-node")
    for name in ("node", "npm"):
        (folder / name).write_text("#!/bin/sh\necho 'Node was used' >&2\nexit 1\n")
        (folder / name).chmod(0o755)
    return {"PATH": f"{folder}:{os.environ['PATH']}"}


@pytest.fixture(scope="session")
def wheel(sdist: Path, without_node: dict[str, str], tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    pip = (sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps")
    run(*pip, "--wheel-dir", str(folder), str(sdist), environment=without_node)
    (file,) = folder.glob("*.whl")
    return file


def install(folder: Path, environment: dict[str, str], *requirements: str) -> Installed:
    run(sys.executable, "-m", "venv", str(folder))
    made = Installed(folder)
    made.run("pip", "install", "--quiet", *requirements, environment=environment)
    return made


@pytest.fixture(scope="session")
def installed(wheel: Path, without_node: dict[str, str], tmp_path_factory) -> Installed:
    return install(tmp_path_factory.mktemp("installed") / "venv", without_node, str(wheel))


@pytest.fixture(scope="session")
def installed_on_oldest_lab(wheel: Path, without_node: dict[str, str], tmp_path_factory):
    folder = tmp_path_factory.mktemp("oldest") / "venv"
    return install(folder, without_node, str(wheel), "jupyterlab~=4.4.0")
