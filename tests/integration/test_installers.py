"""Resolving requirements, and installing exactly the resolved versions."""

import importlib.util
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from io import FileIO
from pathlib import Path

import msgspec
import pytest
from tests.support.package_index import Index
from tests.support.wheels import Wheels, project

from nbyard.domain.environments.structs import LockedPackage, lock_lines
from nbyard.errors import Invalid, Unavailable
from nbyard.host import installers
from nbyard.host.installers import InstallationStopped, Installer, InstallFailed
from nbyard.reasons.structs import because

pytestmark = pytest.mark.sample(1)

Make = Callable[..., Installer]


@pytest.fixture
def log(tmp_path: Path) -> Iterator[FileIO]:
    with open(tmp_path / "log", "w+b", buffering=0) as file:
        yield file


@pytest.fixture(params=["pip", "uv"])
def installer(request: pytest.FixtureRequest, log: FileIO) -> Installer:
    if request.param == "uv" and not installers.find_uv():
        pytest.skip("uv is not installed")
    return Installer(log, lambda: True, request.param)


def imported(folder: Path, code: str) -> str:
    done = subprocess.run([folder / "bin/python", "-c", code], capture_output=True, check=True)
    return done.stdout.decode().strip()


def versions(packages: list[LockedPackage]) -> dict[str, str]:
    return {package.name: package.version for package in packages}


def test_requirements_resolve_to_hashed_versions_and_install(
    installer: Installer, log: FileIO, wheels: Wheels, tmp_path: Path
) -> None:
    wheels.add("cow", "1.0")
    wheels.add("cow", "2.0", needs=["grass>=1", "never; python_version < '3'"])
    wheels.add("grass", "1.5")
    found = installer.resolve(["cow>=1", "grass<2; python_version > '3'"])
    log.seek(0)
    assert log.readline() == b"Resolving packages\n"
    assert versions(found) == {"cow": "2.0", "grass": "1.5"}
    assert all(each.startswith("sha256:") for package in found for each in package.hashes)
    installer.install(lock_lines([], found), tmp_path / "made")
    assert imported(tmp_path / "made", "import cow, grass; print(cow.version)") == "2.0"


def test_wheel_that_changed_since_the_lock_is_refused(
    log: FileIO, wheels: Wheels, tmp_path: Path
) -> None:
    """This needs pip, which reads the wheel again; uv uses its cache."""
    installer = Installer(log, lambda: True, "pip")
    wheels.add("cow", "1.0")
    found = installer.resolve(["cow"])
    wheels.add("cow", "1.0", needs=["ipykernel"])
    with pytest.raises(Invalid):
        installer.install(lock_lines([], found), tmp_path / "made")


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (["none"], "none"),
        (["cow==3"], "cow"),
        (["cow==1.0", "cow==2.0"], "cow"),
        ([f"cow==1.0 --hash=sha256:{'0' * 64}"], "none of the requested hashes"),
    ],
)
def test_unresolvable_requirements_are_explained(
    installer: Installer, wheels: Wheels, lines: list[str], told: str
) -> None:
    wheels.add("cow", "1.0")
    wheels.add("cow", "2.0")
    with pytest.raises(Invalid) as refused:
        installer.resolve(lines)
    assert told in refused.value.message
    assert "Traceback" not in refused.value.message


@pytest.fixture
def index(wheels: Wheels, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Index]:
    """Serve `cow` 2.0; the configured folder of the machine contains `cow` 1.0."""
    for name in ("PIP_NO_INDEX", "UV_NO_INDEX", "UV_OFFLINE"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    served = tmp_path / "served"
    served.mkdir()
    wheels.add("cow", "2.0", needs=["grass"]).rename(served / "cow-2.0-py3-none-any.whl")
    wheels.add("cow", "1.0")
    wheels.add("grass", "1.0")
    with Index(served).served() as index:
        yield index


@pytest.mark.parametrize("option", ["--index-url", "--extra-index-url"])
def test_packages_come_from_the_named_index(
    installer: Installer, index: Index, tmp_path: Path, option: str
) -> None:
    """While resolving and while installing."""
    lines = [f"{option} {index.simple}", "cow"]
    found = installer.resolve(lines)
    assert versions(found) == {"cow": "2.0", "grass": "1.0"}
    asked = len(index.asked)
    installer.install(lock_lines(lines, found), tmp_path / "made")
    assert len(index.asked) > asked or installer.uv, "uv has it in its cache"
    assert imported(tmp_path / "made", "import cow, grass; print(cow.version)") == "2.0"


def test_best_version_of_several_indexes_is_used(
    installer: Installer, index: Index, wheels: Wheels, tmp_path: Path
) -> None:
    """In any order of the indexes, with uv and with pip."""
    older = tmp_path / "older"
    older.mkdir()
    wheels.add("cow", "1.5").rename(older / "cow-1.5-py3-none-any.whl")
    with Index(older).served() as other:
        lines = [f"--index-url {index.simple}", f"--extra-index-url {other.simple}", "cow"]
        found = installer.resolve(lines)
        assert versions(found)["cow"] == "2.0"
        installer.install(lock_lines(lines, found), tmp_path / "made")


@pytest.mark.parametrize("place", ["web", "file"])
def test_wheel_is_installed_from_its_url(
    installer: Installer, index: Index, tmp_path: Path, place: str
) -> None:
    """The lock contains the URL and the hash."""
    name = "cow-2.0-py3-none-any.whl"
    url = f"{index.address}/files/{name}" if place == "web" else f"file://{index.folder}/{name}"
    found = installer.resolve([f"cow @ {url}"])
    assert versions(found) == {"cow": "2.0", "grass": "1.0"}
    assert found[0].url == url and found[0].line.startswith(f"cow @ {url} --hash=sha256:")
    assert found[1].url == ""
    installer.install(lock_lines([], found), tmp_path / "made")
    assert imported(tmp_path / "made", "import cow; print(cow.version)") == "2.0"


def test_packages_come_from_a_folder_of_wheels(installer: Installer, index: Index) -> None:
    found = installer.resolve([f"--find-links file://{index.folder}", "cow"])
    assert versions(found)["cow"] == "2.0"


def test_dependency_on_a_url_that_is_not_allowed_is_refused(
    installer: Installer, index: Index, wheels: Wheels
) -> None:
    """The user allowed the package, but not this URL."""
    need = f"cow @ {index.address}/files/cow-2.0-py3-none-any.whl"
    wheels.add("farm", "1.0", needs=[need])
    with pytest.raises(Invalid, match="cow"):
        installer.resolve(["farm"])


def test_index_login_comes_from_netrc_and_is_not_shown(
    installer: Installer, index: Index, log: FileIO, tmp_path: Path
) -> None:
    index.password = "s3cr3t"
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login ann password s3cr3t\n")
    (tmp_path / "netrc").chmod(0o600)
    found = installer.resolve([f"--index-url {index.simple}", "cow"])
    assert versions(found)["cow"] == "2.0"
    assert ("/simple/cow/", "ann") in index.asked
    log.seek(0)
    assert b"s3cr3t" not in log.read() + repr(found).encode()


@pytest.mark.parametrize("password", ["s3cr3t", "other"])
def test_index_of_the_pip_configuration_applies_to_pip_and_uv(
    installer: Installer,
    index: Index,
    log: FileIO,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    password: str,
) -> None:
    """Uv does not read it itself. Its login is never shown, also when it is wrong."""
    index.password = password
    address = index.simple.replace("//", "//ann:s3cr3t@")
    (tmp_path / "pip.conf").write_text(f"[global]\nextra-index-url = {address}\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))
    monkeypatch.setenv("PIP_INDEX_URL", f"{index.address}/nothing")
    monkeypatch.delenv("UV_FIND_LINKS")
    told = ""
    try:
        found = installer.resolve(["cow==2.0"])
        assert password == "s3cr3t" and versions(found)["cow"] == "2.0"
    except Invalid as refused:
        assert password == "other"
        told = refused.message
    assert any(name == "ann" for _, name in index.asked)
    log.seek(0)
    assert b"s3cr3t" not in log.read() + told.encode()


def test_log_has_no_colours_although_force_color_is_set(
    log: FileIO, installer: Installer, wheels: Wheels, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    wheels.add("cow", "1.0")
    with pytest.raises(Invalid, match="none"):
        installer.resolve(["none"])
    log.seek(0)
    assert b"\x1b" not in log.read()


def test_required_hashes_are_checked(installer: Installer, wheels: Wheels) -> None:
    wheels.add("cow", "1.0")
    (package,) = installer.resolve(["cow"])
    assert installer.resolve([package.line, "ipykernel"])[0] == package


def test_cancelled_installation_is_killed(
    log: FileIO, wheels: Wheels, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = threading.Event()
    wanted.set()
    forever = "import time; time.sleep(1000)"
    monkeypatch.setattr(installers, "_pip", lambda *_: [sys.executable, "-c", forever])
    threading.Timer(0.5, wanted.clear).start()
    with pytest.raises(InstallationStopped):
        Installer(log, wanted.is_set, "pip").resolve(["cow"])


def test_installer_killed_from_outside_is_reported_as_killed(
    log: FileIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message is not the last printed line."""
    dies = "import os; print('Downloading cow', flush=True); os.kill(os.getpid(), 9)"
    monkeypatch.setattr(installers, "_pip", lambda *_: [sys.executable, "-c", dies])
    words = r"^The installer was killed by signal 9.*memory\?$"
    with pytest.raises(InstallFailed, match=words) as killed:
        Installer(log, lambda: True, "pip").resolve(["cow"])
    assert killed.value.reason == because("installer-out-of-memory", signal=9)


def test_missing_installers_are_reported(log: FileIO, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installers, "find_uv", lambda: "")
    with pytest.raises(Unavailable, match="uv is not installed"):
        Installer(log, lambda: True, "uv")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(Unavailable, match="Neither uv nor pip"):
        Installer(log, lambda: True)


@pytest.mark.long
def test_local_folder_is_installed_in_place(
    installer: Installer, wheels: Wheels, tmp_path: Path
) -> None:
    """Its dependencies are locked with hashes, and the folder declares its own name."""
    wheels.add("grass", "1.5")
    folder = project(tmp_path / "code/cow", "cow", "3.1", ["grass>=1"])
    lines = [f"-e file://{folder}", "cow"]
    found = installer.resolve(lines)
    assert versions(found) == {"cow": "3.1", "grass": "1.5"}
    assert (found[0].folder, found[0].hashes, found[0].url) == (f"file://{folder}", (), "")
    assert found[1].hashes and not found[1].folder
    locked = [msgspec.structs.replace(found[0], tree=f"tree:{'a' * 64}"), found[1]]
    made = tmp_path / "made"
    installer.install(lock_lines(lines, locked), made)
    assert imported(made, "import cow, grass; print(cow.version, grass.version)") == "3.1 1.5"
    (folder / "cow.py").write_text("version = 'edited'")
    assert imported(made, "import cow; print(cow.version)") == "edited"


def test_missing_git_data_of_a_folder_is_explained(tmp_path: Path) -> None:
    """Setuptools-scm reads the version from it."""
    said = tmp_path / "said"
    for words, told in (("unable to detect version for /cow.", True), ("broken", False)):
        said.write_text(f"Before\nerror: LookupError: setuptools-scm was {words}\n  More\n")
        found = installers.reason_in_log(said, 7)
        assert str(found).startswith("LookupError: setuptools-scm was")
        assert ("needs its .git" in str(found)) is told


def test_a_missing_package_is_reported_once(tmp_path: Path) -> None:
    said = tmp_path / "said"
    missing = "Could not find a version that satisfies the requirement x==9 (from versions: 1)"
    said.write_text(f"ERROR: {missing}\nERROR: No matching distribution found for x==9\n")
    assert str(installers.reason_in_log(said, 0)) == missing


def test_missing_dependency_of_a_local_folder_is_refused(
    installer: Installer, wheels: Wheels, tmp_path: Path
) -> None:
    folder = project(tmp_path / "cow", "cow", "3.1", ["none>=7"])
    with pytest.raises(Invalid, match="none"):
        installer.resolve([f"-e file://{folder}"])
    with pytest.raises(Invalid, match="elsewhere"):
        installer.resolve([f"-e file://{tmp_path}/elsewhere"])
    other = project(tmp_path / "calf", "calf", "1.0", [f"cow @ file://{folder}"])
    with pytest.raises(Invalid, match="cow"):
        installer.resolve([f"-e file://{other}"])
