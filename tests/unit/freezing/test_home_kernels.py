"""Environments of a shared service become kernels of a user's own server."""

import json
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from jupyter_client.kernelspec import KernelSpecManager
from msgspec.structs import replace
from tests.support.wheels import Wheels

from nbyard.blobs.file_operations import lock_exclusive, lock_file
from nbyard.domain.callers import Caller
from nbyard.domain.environments.structs import Environment, EnvironmentVersion, LockedPackage
from nbyard.errors import Busy, Conflict, Invalid, NotFound
from nbyard.freezing import home_kernels
from nbyard.freezing.home_kernels import HomeKernels
from nbyard.host.installers import Installer
from nbyard.settings import Settings

KEY = "0193f1f0-0000-7000-8000-00001a2b3c4d"
NAME = "nbyard-cows-1a2b3c4d"


class Service:
    """What the service has of one environment of ann."""

    def __init__(self) -> None:
        self.versions: list[EnvironmentVersion] = []
        self.is_visible = True
        self.environments = SimpleNamespace(get=self._get, versions=self._versions)

    def add(self, *lines: str, state: Any = "ready", **packages: str) -> None:
        locked = [LockedPackage(name, version) for name, version in packages.items()]
        number, when = len(self.versions) + 1, datetime.now(UTC)
        version = (f"v{number}", number, state, [*lines], locked, "", "", "", None, when)
        self.versions.insert(0, EnvironmentVersion(*version))

    def _get(self, environment: str) -> Environment:
        if not self.is_visible:
            raise NotFound
        installed = max((v.number for v in self.versions if v.state == "ready"), default=0)
        about = (KEY, "cows", "", "nbyard-cows", datetime.now(UTC))
        return Environment(*about, self.versions[0], installed, owner="ann")

    def _versions(self, environment: str) -> Any:
        return SimpleNamespace(items=self.versions)


@pytest.fixture
def service() -> Service:
    return Service()


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wheels: Wheels) -> Settings:
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("JUPYTER_PATH", "")
    for version in ("1.0", "2.0"):
        wheels.add("cow", version, needs=["ant"])
        wheels.add("ant", version)
    return Settings(store_dir=str(tmp_path / "store"))


@pytest.fixture
def bob(service: Service, settings: Settings) -> Iterator[HomeKernels]:
    made = HomeKernels(service, settings, "bob")
    yield made
    made.close()


def opened(home: HomeKernels) -> str:
    """Ask until the kernel is there, as clients do."""
    while not (made := home.kernel(Caller("unix"), "ann/cows")).kernel:
        pass
    return made.kernel


def versions(name: str = NAME) -> list[str]:
    """Return the versions of the packages that the kernel imports."""
    python = KernelSpecManager().get_kernel_spec(name).argv[0]
    code = "import ant, cow; print(ant.version, cow.version)"
    return subprocess.check_output([python, "-c", code], text=True, cwd="/").split()


def places(settings: Settings) -> list[str]:
    folder = settings.store_path / "kernels"
    return sorted(path.name.partition("-")[0] for path in folder.glob("*") if path.is_dir())


def test_the_lock_becomes_a_kernel(service: Service, bob: HomeKernels, settings: Settings) -> None:
    """Its versions are those of the lock, where the requirements allow newer ones."""
    service.add("cow", cow="1.0", ant="1.0")
    assert opened(bob) == NAME
    assert KernelSpecManager().get_kernel_spec(NAME).display_name == "ann/cows@1"
    assert versions() == ["1.0", "1.0"]
    lock = next(settings.store_path.glob("kernels/v1-*/requirements.lock")).read_text()
    assert lock.count("--hash=sha256:") == 3, "cow, ant and the kernel's own package"


def test_own_environments_have_no_owner_in_their_title(
    service: Service, settings: Settings
) -> None:
    service.add("cow")
    ann = HomeKernels(service, settings, "ann")
    with closing(ann):
        assert opened(ann) == NAME
    assert KernelSpecManager().get_kernel_spec(NAME).display_name == "cows@1"


def test_an_installed_version_is_not_installed_again(
    service: Service, bob: HomeKernels, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.add("cow")
    opened(bob)
    monkeypatch.setattr(home_kernels, "Installer", None)
    for home in (bob, HomeKernels(service, settings, "bob")):
        assert home.kernel(Caller("unix"), KEY).kernel == NAME


def test_the_next_version_replaces_the_kernel(
    service: Service, bob: HomeKernels, settings: Settings
) -> None:
    service.add("cow", cow="1.0", ant="1.0")
    opened(bob)
    service.add("cow", cow="2.0", ant="1.0")
    opened(bob)
    assert versions() == ["1.0", "2.0"]
    assert KernelSpecManager().get_kernel_spec(NAME).display_name == "ann/cows@2"
    assert places(settings) == ["v2"]


def test_a_failed_version_leaves_nothing_and_the_kernel_as_it_was(
    service: Service, bob: HomeKernels, settings: Settings, wheels: Wheels
) -> None:
    service.add("cow", cow="1.0", ant="1.0")
    opened(bob)
    service.add("cow", "bee", bee="1.0")
    for _ in range(2):
        with pytest.raises(Invalid, match="bee"):
            opened(bob)
        assert places(settings) == ["v1"] and versions() == ["1.0", "1.0"]
    wheels.add("bee", "1.0")
    opened(bob)
    assert places(settings) == ["v2"]


def test_another_archive_than_that_of_the_lock_is_refused(
    service: Service, bob: HomeKernels, settings: Settings
) -> None:
    service.add("cow")
    locked = [LockedPackage("cow", "1.0", (f"sha256:{'0' * 64}",))]
    service.versions[0] = replace(service.versions[0], packages=locked)
    with pytest.raises(Invalid, match=r"cow 1\.0"):
        opened(bob)
    assert places(settings) == []


def test_sources_need_to_be_allowed_here(
    service: Service, bob: HomeKernels, settings: Settings, wheels: Wheels
) -> None:
    wheels.add("bee", "1.0")
    service.add(f"bee @ file://{wheels.folder}/bee-1.0-py3-none-any.whl")
    with pytest.raises(Invalid, match="allowed_package_sources"):
        opened(bob)
    settings.allowed_package_sources = [f"file://{wheels.folder}"]
    assert opened(bob) == NAME


def test_who_lost_access_keeps_the_kernel_and_gets_no_version(
    service: Service, bob: HomeKernels
) -> None:
    service.add("cow", cow="1.0", ant="1.0")
    opened(bob)
    service.is_visible = False
    with pytest.raises(NotFound):
        opened(bob)
    assert versions() == ["1.0", "1.0"]


@pytest.mark.parametrize("state", ["building", "failed"])
def test_the_newest_installed_version_is_used(
    service: Service, bob: HomeKernels, state: str
) -> None:
    service.add("cow", state="failed")
    with pytest.raises(Conflict):
        opened(bob)
    service.add("cow", cow="1.0", ant="1.0")
    service.add("cow", cow="2.0", ant="1.0", state=state)
    opened(bob)
    assert versions() == ["1.0", "1.0"]


def test_the_last_line_of_the_installer_is_the_progress(
    service: Service, bob: HomeKernels, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Requests for a version that is being installed start nothing."""
    service.add("cow")
    resolving, resolved = Future[None](), Future[list[LockedPackage]]()

    class Slow(Installer):
        def resolve(self, requirements: Any) -> list[LockedPackage]:
            self._log_line("Resolving packages")
            resolving.set_result(None)
            packages = resolved.result()
            return [*packages, *super().resolve(requirements)]

    monkeypatch.setattr(home_kernels, "Installer", Slow)
    monkeypatch.setattr(home_kernels, "LOOK_SECONDS", 0.0)
    first = bob.kernel(Caller("unix"), KEY)
    assert (first.kernel, first.number) == ("", 1)
    resolving.result()
    again = bob.kernel(Caller("unix"), KEY)
    assert (again.kernel, again.progress) == ("", "Resolving packages")
    resolved.set_result([])
    assert opened(bob) == NAME


def test_a_cancelled_installation_leaves_nothing_and_can_be_repeated(
    service: Service, bob: HomeKernels, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.add("cow")
    resolving = threading.Event()

    class Endless(Installer):
        def resolve(self, requirements: Any) -> list[LockedPackage]:
            resolving.set()
            self._run(["sleep", "600"])
            raise AssertionError

    with monkeypatch.context() as patch:
        patch.setattr(home_kernels, "Installer", Endless)
        patch.setattr(home_kernels, "LOOK_SECONDS", 0.0)
        assert bob.kernel(Caller("unix"), KEY).kernel == ""
        assert resolving.wait(60)
        assert bob.kernel(Caller("unix"), "ann/cows", cancel=True).kernel == ""
        with pytest.raises(Conflict, match="cancelled"):
            opened(bob)
    assert places(settings) == [] and NAME not in KernelSpecManager().find_kernel_specs()
    assert opened(bob) == NAME


@pytest.mark.parametrize("key", [KEY, "ann/cows"])
def test_deleting_an_environment_removes_its_kernel(
    service: Service, bob: HomeKernels, settings: Settings, key: str
) -> None:
    service.add("cow")
    opened(bob)
    for other in ("cows", "ann/cow", "ann/cows@1", NAME):
        bob.remove(other)
        assert NAME in KernelSpecManager().find_kernel_specs()
    bob.remove(key)
    assert NAME not in KernelSpecManager().find_kernel_specs()
    with closing(HomeKernels(service, settings, "ann")) as ann:
        opened(ann)
        ann.remove("ann/cows")
        assert NAME not in KernelSpecManager().find_kernel_specs()


def test_two_servers_of_a_user_do_not_install_at_once(
    service: Service, bob: HomeKernels, settings: Settings
) -> None:
    service.add("cow")
    folder = settings.store_path / "kernels"
    folder.mkdir(parents=True)
    with (
        lock_file(f"{folder}/lock") as fd,
        pytest.raises(Busy),
    ):
        assert lock_exclusive(fd)
        opened(bob)
    assert opened(bob) == NAME


def test_an_uninstalled_kernel_is_installed_again(
    service: Service, bob: HomeKernels, settings: Settings, tmp_path: Path
) -> None:
    """As with `jupyter kernelspec uninstall`. What another installation left is deleted."""
    service.add("cow")
    name = opened(bob)
    KernelSpecManager().remove_kernel_spec(name)
    (settings.store_path / "kernels/v0-killed").mkdir()
    assert opened(bob) == name
    assert places(settings) == ["v1"]
    spec = json.loads((tmp_path / "data/kernels" / name / "kernel.json").read_text())
    assert spec["metadata"]["nbyard"] == {"environment": KEY}
