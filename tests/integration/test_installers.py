"""L1, L2: what requirements come to, and installing exactly that."""

import importlib.util
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from io import FileIO
from pathlib import Path

import msgspec
import pytest

from nbyard.domain.environments.structs import LockedPackage, lock_lines
from nbyard.errors import Invalid, Unavailable
from nbyard.host import installers
from nbyard.host.installers import InstallationStopped, Installer, InstallFailed
from nbyard.reasons.structs import because
from nbyard.testing.servers.index import Index
from nbyard.testing.wheels import Wheels, project

pytestmark = pytest.mark.sample(1)

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


def test_what_was_changed_since_is_not_installed(
    log: FileIO, wheels: Wheels, tmp_path: Path
) -> None:
    """pip looks again; uv has what was there in its cache."""
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
def test_what_cannot_be_is_told_in_words(
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
    """Serves `cow` 2.0; the folder that the machine is set up for has `cow` 1.0."""
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
def test_an_index_that_is_named_is_where_packages_come_from(
    installer: Installer, index: Index, tmp_path: Path, option: str
) -> None:
    """L6: also when they are installed."""
    lines = [f"{option} {index.simple}", "cow"]
    found = installer.resolve(lines)
    assert versions(found) == {"cow": "2.0", "grass": "1.0"}
    asked = len(index.asked)
    installer.install(lock_lines(lines, found), tmp_path / "made")
    assert len(index.asked) > asked or installer._uv, "uv has it in its cache"
    assert imported(tmp_path / "made", "import cow, grass; print(cow.version)") == "2.0"


def test_the_best_of_several_indexes_is_taken(
    installer: Installer, index: Index, wheels: Wheels, tmp_path: Path
) -> None:
    """L6: whichever is named first, by uv as by pip."""
    older = tmp_path / "older"
    older.mkdir()
    wheels.add("cow", "1.5").rename(older / "cow-1.5-py3-none-any.whl")
    with Index(older).served() as other:
        lines = [f"--index-url {index.simple}", f"--extra-index-url {other.simple}", "cow"]
        found = installer.resolve(lines)
        assert versions(found)["cow"] == "2.0"
        installer.install(lock_lines(lines, found), tmp_path / "made")


@pytest.mark.parametrize("place", ["web", "file"])
def test_a_wheel_is_installed_from_its_address(
    installer: Installer, index: Index, tmp_path: Path, place: str
) -> None:
    """L6: that stands in the lock, with its hash."""
    name = "cow-2.0-py3-none-any.whl"
    url = f"{index.address}/files/{name}" if place == "web" else f"file://{index.folder}/{name}"
    found = installer.resolve([f"cow @ {url}"])
    assert versions(found) == {"cow": "2.0", "grass": "1.0"}
    assert found[0].url == url and found[0].line.startswith(f"cow @ {url} --hash=sha256:")
    assert found[1].url == ""
    installer.install(lock_lines([], found), tmp_path / "made")
    assert imported(tmp_path / "made", "import cow; print(cow.version)") == "2.0"


def test_a_folder_of_wheels_is_looked_into(installer: Installer, index: Index) -> None:
    """L6."""
    found = installer.resolve([f"--find-links file://{index.folder}", "cow"])
    assert versions(found)["cow"] == "2.0"


def test_a_package_brings_no_other_by_its_address(
    installer: Installer, index: Index, wheels: Wheels
) -> None:
    """L6: nobody allowed that one."""
    need = f"cow @ {index.address}/files/cow-2.0-py3-none-any.whl"
    wheels.add("farm", "1.0", needs=[need])
    with pytest.raises(Invalid, match="cow"):
        installer.resolve(["farm"])


def test_what_an_index_asks_for_is_found_in_netrc_and_told_nobody(
    installer: Installer, index: Index, log: FileIO, tmp_path: Path
) -> None:
    """L6."""
    index.password = "s3cr3t"
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login ann password s3cr3t\n")
    (tmp_path / "netrc").chmod(0o600)
    found = installer.resolve([f"--index-url {index.simple}", "cow"])
    assert versions(found)["cow"] == "2.0"
    assert ("/simple/cow/", "ann") in index.asked
    log.seek(0)
    assert b"s3cr3t" not in log.read() + repr(found).encode()


@pytest.mark.parametrize("password", ["s3cr3t", "other"])
def test_an_index_of_pips_configuration_counts_for_both(
    installer: Installer,
    index: Index,
    log: FileIO,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    password: str,
) -> None:
    """L6: uv does not read it; and what it holds is told nobody, also when it is wrong."""
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
    with pytest.raises(InstallationStopped):
        Installer(log, wanted.is_set, "pip").resolve(["cow"])


def test_what_somebody_else_killed_is_told_as_that(
    log: FileIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    """L1: not by the last line that it printed."""
    dies = "import os; print('Downloading cow', flush=True); os.kill(os.getpid(), 9)"
    monkeypatch.setattr(installers, "_pip", lambda *_: [sys.executable, "-c", dies])
    words = r"^The installer was killed by signal 9.*memory\?$"
    with pytest.raises(InstallFailed, match=words) as killed:
        Installer(log, lambda: True, "pip").resolve(["cow"])
    assert killed.value.reason == because("installer-out-of-memory", signal=9)


def test_without_any_of_them_it_is_said(log: FileIO, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installers, "_uv", lambda: "")
    with pytest.raises(Unavailable, match="uv is not installed"):
        Installer(log, lambda: True, "uv")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(Unavailable, match="Neither uv nor pip"):
        Installer(log, lambda: True)


@pytest.mark.long
def test_a_folder_is_used_where_it_lies(
    installer: Installer, wheels: Wheels, tmp_path: Path
) -> None:
    """L6: what it needs is locked with hashes; it says itself what it is called."""
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


def test_a_folder_that_lacks_its_git_is_told_as_that(tmp_path: Path) -> None:
    """L2: setuptools-scm takes the version from there."""
    said = tmp_path / "said"
    for words, told in (("unable to detect version for /cow.", True), ("broken", False)):
        said.write_text(f"Before\nerror: LookupError: setuptools-scm was {words}\n  More\n")
        found = installers._trouble(said, 7)
        assert str(found).startswith("LookupError: setuptools-scm was")
        assert ("the folder needs its .git" in str(found)) is told


def test_a_missing_package_is_reported_once(tmp_path: Path) -> None:
    said = tmp_path / "said"
    missing = "Could not find a version that satisfies the requirement x==9 (from versions: 1)"
    said.write_text(f"ERROR: {missing}\nERROR: No matching distribution found for x==9\n")
    assert str(installers._trouble(said, 0)) == missing


def test_what_a_folder_needs_has_to_be_there(
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
