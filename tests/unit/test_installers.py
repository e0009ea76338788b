"""L1, L2: what requirements come to, and installing exactly that."""

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from io import FileIO
from pathlib import Path

import pytest

from nbyard import installers
from nbyard.domain.environments import LockedPackage
from nbyard.errors import Invalid, Unavailable
from nbyard.installers import Installer, Stopped
from nbyard.testing.wheels import Wheels

Make = Callable[..., Installer]


@pytest.fixture
def log(tmp_path: Path) -> Iterator[FileIO]:
    with open(tmp_path / "log", "w+b", buffering=0) as file:
        yield file


@pytest.fixture(params=["pip", "uv"])
def installer(request: pytest.FixtureRequest, log: FileIO) -> Installer:
    if request.param == "uv" and not installers._uv():
        pytest.skip("uv is not installed")
    return Installer(log, lambda: True, request.param)


def imported(folder: Path, code: str) -> str:
    done = subprocess.run([folder / "bin/python", "-c", code], capture_output=True, check=True)
    return done.stdout.decode().strip()


def versions(packages: list[LockedPackage]) -> dict[str, str]:
    return {package.name: package.version for package in packages}


def test_exact_versions_with_hashes_are_found_and_installed(
    installer: Installer, wheels: Wheels, tmp_path: Path
) -> None:
    wheels.add("cow", "1.0")
    wheels.add("cow", "2.0", needs=["grass>=1", "never; python_version < '3'"])
    wheels.add("grass", "1.5")
    found = installer.resolve(["cow>=1", "grass<2; python_version > '3'"])
    assert versions(found) == {"cow": "2.0", "grass": "1.5"}
    assert all(each.startswith("sha256:") for package in found for each in package.hashes)
    installer.install(found, tmp_path / "made")
    assert imported(tmp_path / "made", "import cow, grass; print(cow.version)") == "2.0"


def test_what_was_changed_since_is_not_installed(
    log: FileIO, wheels: Wheels, tmp_path: Path
) -> None:
    """pip looks again; uv has what was there in its cache."""
    installer = Installer(log, lambda: True, "pip")
    wheels.add("cow", "1.0")
    found = installer.resolve(["cow"])
    wheels.add("cow", "1.0", needs=["ipykernel"])
    with pytest.raises(Invalid):
        installer.install(found, tmp_path / "made")


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (["none"], "none"),
        (["cow==3"], "cow"),
        (["cow==1.0", "cow==2.0"], "cow"),
        ([f"cow==1.0 --hash=sha256:{'0' * 64}"], "none of the hashes"),
    ],
)
def test_what_cannot_be_is_told_in_words(
    installer: Installer, wheels: Wheels, lines: list[str], told: str
) -> None:
    wheels.add("cow", "1.0")
    wheels.add("cow", "2.0")
    with pytest.raises(Invalid) as refused:
        installer.resolve(lines)
    assert told in refused.value.message
    assert "Traceback" not in refused.value.message


def test_words_are_plain_where_colours_are_wished_for(
    log: FileIO, installer: Installer, wheels: Wheels, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    wheels.add("cow", "1.0")
    with pytest.raises(Invalid, match="none"):
        installer.resolve(["none"])
    log.seek(0)
    assert b"\x1b" not in log.read()


def test_hashes_that_are_asked_for_are_checked(installer: Installer, wheels: Wheels) -> None:
    wheels.add("cow", "1.0")
    (package,) = installer.resolve(["cow"])
    assert installer.resolve([package.line, "ipykernel"])[0] == package


def test_what_is_not_wanted_any_more_is_killed(
    log: FileIO, wheels: Wheels, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = threading.Event()
    wanted.set()
    forever = "import time; time.sleep(1000)"
    monkeypatch.setattr(installers, "_pip", lambda *_: [sys.executable, "-c", forever])
    threading.Timer(0.5, wanted.clear).start()
    with pytest.raises(Stopped):
        Installer(log, wanted.is_set, "pip").resolve(["cow"])


def test_without_any_of_them_it_is_said(log: FileIO, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installers, "_uv", lambda: "")
    with pytest.raises(Unavailable, match="no uv"):
        Installer(log, lambda: True, "uv")
    monkeypatch.setattr(installers, "_has_pip", lambda: False)
    with pytest.raises(Unavailable, match="neither uv nor pip"):
        Installer(log, lambda: True)
