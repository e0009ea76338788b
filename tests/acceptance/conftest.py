"""A new user's setup: the wheel in its own environment, on a machine without Node."""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.parser import Parser
from pathlib import Path
from zipfile import ZipFile

import pytest
from packaging.requirements import Requirement
from tests.support.kept_folders import kept_folder

INSTALLING_SECONDS = 600
SOURCES = (
    *("CHANGELOG.md", "LICENSE", "MANIFEST.in", "README.md", "install.json", "pyproject.toml"),
    "setup.py",
    *("package.json", "package-lock.json", "tsconfig.json", ".npmrc"),
    *("buildtools", "jupyter_ext", "schema", "scripts", "src", "style"),
)
BUNDLE = "jupyter_ext/nbyard/labextension"
PLAIN = {"extra": ""}


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give every test time for the build, because another worker may be building."""
    ours = (item for item in items if Path(__file__).parent in item.path.parents)
    for item in ours:
        item.add_marker(pytest.mark.timeout(INSTALLING_SECONDS))


@dataclass(frozen=True)
class Installed:
    """An environment with the wheel and its dependencies, and nothing else."""

    folder: Path

    def command(self, name: str) -> str:
        return str(self.folder / "bin" / name)

    def run(self, name: str, *arguments: str, environment: Mapping[str, str] | None = None) -> str:
        return run(self.command(name), *arguments, environment=environment)


def run(*argv: str, environment: Mapping[str, str] | None = None) -> str:
    """Return what a command prints on both streams; the test fails if the command does."""
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
def sources(repository: Path) -> str:
    """Return a digest of all files from which sdist and wheel are built."""
    listing = [
        "git",
        "ls-files",
        "-z",
        "--cached",
        "--others",
        "--exclude-standard",
        "--",
        *SOURCES,
    ]
    names = set(subprocess.check_output(listing, cwd=repository, text=True).split("\0")) - {""}
    bundle = (repository / BUNDLE).rglob("*")
    names |= {str(path.relative_to(repository)) for path in bundle if path.is_file()}
    total = hashlib.sha256()
    for name in sorted(names):
        path = repository / name
        if path.is_file():
            total.update(f"{name}\0{path.stat().st_size}\0".encode())
            total.update(path.read_bytes())
    return total.hexdigest()


@pytest.fixture(scope="session")
def sdist(repository: Path, sources: str) -> Path:
    def build(folder: Path) -> None:
        run(sys.executable, "-m", "build", "--sdist", "--outdir", str(folder), str(repository))

    (file,) = kept_folder("sdist", sources, build).glob("*.tar.gz")
    return file


@pytest.fixture(scope="session")
def without_node(tmp_path_factory) -> dict[str, str]:
    """Return an environment whose PATH answers `node` and `npm` with a failure."""
    folder = tmp_path_factory.mktemp("no-node")
    for name in ("node", "npm"):
        (folder / name).write_text("#!/bin/sh\necho 'Node was used' >&2\nexit 1\n")
        (folder / name).chmod(0o755)
    return {"PATH": f"{folder}:{os.environ['PATH']}"}


@pytest.fixture(scope="session")
def wheel(sdist: Path, without_node: dict[str, str]) -> Path:
    pip = (sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps")

    def build(folder: Path) -> None:
        run(*pip, "--wheel-dir", str(folder), str(sdist), environment=without_node)

    (file,) = kept_folder("wheel", sdist.parent.name, build).glob("*.whl")
    return file


def install(name: str, wheel: Path, environment: dict[str, str], *more: str) -> Installed:
    """Create an environment with the wheel. pip installs its dependencies once a week for each list
    of them, so that a new release that does not fit is noticed. Then pip installs the wheel on top,
    and finds no dependency missing."""
    needs = [*_dependencies(wheel), *more]
    week = f"{datetime.now(UTC):%G-W%V}"
    made_by = [sys.prefix, sys.version, week, *needs]

    def install_needs(folder: Path) -> None:
        run(sys.executable, "-m", "venv", str(folder))
        pip = str(folder / "bin" / "pip")
        run(pip, "install", "--quiet", *needs, environment=environment)

    base = kept_folder(f"{name}-dependencies", "\n".join(made_by), install_needs)

    def install_wheel(folder: Path) -> None:
        _copy_environment(base, folder)
        pip = str(folder / "bin" / "pip")
        run(pip, "install", "--quiet", str(wheel), *more, environment=environment)

    return Installed(kept_folder(name, f"{base.name} {wheel.parent.name}", install_wheel))


def _dependencies(wheel: Path) -> list[str]:
    """Return the requirements of the wheel without extras."""
    with ZipFile(wheel) as archive:
        (name,) = (one for one in archive.namelist() if one.endswith(".dist-info/METADATA"))
        told = Parser().parsestr(archive.read(name).decode())
    needs = map(Requirement, told.get_all("Requires-Dist", []))
    return sorted(str(n) for n in needs if n.marker is None or n.marker.evaluate(PLAIN))


def _copy_environment(base: Path, folder: Path) -> None:
    """Copy an environment with the same files and its own scripts."""
    shutil.copytree(base, folder, symlinks=True, copy_function=os.link, dirs_exist_ok=True)
    for path in [folder / "pyvenv.cfg", *(folder / "bin").iterdir()]:
        content = b"" if path.is_symlink() else path.read_bytes()
        if bytes(base) in content:
            mode = path.stat().st_mode
            path.unlink()
            path.write_bytes(content.replace(bytes(base), bytes(folder)))
            path.chmod(mode)


@pytest.fixture(scope="session")
def installed(wheel: Path, without_node: dict[str, str]) -> Installed:
    return install("installed", wheel, without_node)


@pytest.fixture(scope="session")
def installed_on_floors(
    wheel: Path, without_node: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Installed:
    """Install the wheel with the oldest allowed version of each direct dependency."""
    needs = tmp_path_factory.mktemp("floors") / "needs.in"
    needs.write_text("\n".join(_dependencies(wheel)))
    compiling = ("uv", "pip", "compile", "--quiet", "--no-header", "--no-annotate")
    lowest = ("--resolution", "lowest-direct", "--python", sys.executable)
    return install("floors", wheel, without_node, *run(*compiling, *lowest, str(needs)).split())


@pytest.fixture(scope="session")
def floors_with_example(installed_on_floors: Installed, repository: Path) -> Installed:
    """Add the packages of the example."""
    needs = (repository / "examples/penguins/requirements.in").read_text().split()

    def add_packages(folder: Path) -> None:
        _copy_environment(installed_on_floors.folder, folder)
        run(str(folder / "bin" / "pip"), "install", "--quiet", *needs)

    sources = f"{installed_on_floors.folder.name} {needs}"
    return Installed(kept_folder("floors-example", sources, add_packages))
