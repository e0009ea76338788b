"""Environments are built beside the current version, and switched when they are complete."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.support.package_index import Index
from tests.support.wheels import Wheels

from nbyard.dispatch.loop import Dispatcher
from nbyard.domain.callers import Caller
from nbyard.domain.environments.structs import Environment, EnvironmentChange, NewEnvironment
from nbyard.errors import Invalid
from nbyard.host import installers
from nbyard.testing.dispatcher_thread import Dispatching
from nbyard.yard import Yard

ANN = Caller("ann")
ENDED = ("ready", "failed")
Built = Callable[[Environment], Environment]


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wheels: Wheels) -> Path:
    """Use Jupyter's data folder, with packages that need no network."""
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("NBYARD_INSTALLER", "pip")
    for version in ("1.0", "2.0"):
        wheels.add("cow", version)
    wheels.add("ant", "1.0")
    return tmp_path / "data"


@pytest.fixture
def built(yard: Yard) -> Built:
    """Return an environment after its newest version has ended."""

    def wait(made: Environment) -> Environment:
        with Dispatching(yard.settings) as dispatcher:
            return dispatcher.until(
                lambda: yard.services.environments.get(ANN, made.id),
                lambda found: found.current.state in ENDED,
            )

    return wait


def make(yard: Yard, *lines: str) -> Environment:
    return yard.services.environments.create(ANN, NewEnvironment("Cows", "\n".join(lines)))


@pytest.mark.long
def test_lock_contains_the_allowed_package_sources(
    yard: Yard, data: Path, built: Built, wheels: Wheels, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are checked again when the version is reinstalled."""
    for name in ("PIP_NO_INDEX", "UV_NO_INDEX", "UV_OFFLINE"):
        monkeypatch.delenv(name)
    served = wheels.folder.parent / "served"
    served.mkdir()
    for name in ("cow", "bee"):
        wheels.add(name, "3.0").rename(served / f"{name}-3.0-py3-none-any.whl")
    with Index(served).served() as index:
        yard.settings.allowed_package_sources = [index.address]
        bee = f"bee @ {index.address}/files/bee-3.0-py3-none-any.whl"
        found = built(make(yard, f"--index-url {index.simple}", "cow", bee))
        assert found.current.state == "ready", found.current.reason
        assert run_in_kernel(data, found, "import bee, cow; print(cow.version)") == "3.0"
        lock = found.current.lock_lines
        assert lock[0] == f"--index-url {index.simple}"
        assert [line.partition(" --")[0] for line in lock[1:]] == [
            bee, "cow==3.0", "ipykernel==6.30.0",
        ]  # fmt: skip
        assert built(yard.services.environments.change(ANN, "Cows", EnvironmentChange(add="ant")))
        found = built(yard.services.environments.change(ANN, "Cows", EnvironmentChange(version=1)))
    assert found.current.lock_lines == lock


def run_in_kernel(data: Path, found: Environment, code: str) -> str:
    """Run code with the interpreter of the environment's kernel."""
    spec = json.loads((data / "kernels" / found.kernel / "kernel.json").read_text())
    done = subprocess.run([spec["argv"][0], "-c", code], capture_output=True, check=True)
    return done.stdout.decode().strip()


def folders(yard: Yard, made: Environment) -> list[Path]:
    place = yard.store.folder / "environments" / made.current.id
    return [found for found in place.iterdir() if found.is_dir()]


def test_installed_environment_has_a_lock_and_a_kernel(
    yard: Yard, data: Path, built: Built
) -> None:
    found = built(make(yard, "cow<2"))
    now = found.current
    assert (now.state, now.number, found.installed, found.kernel) == ("ready", 1, 1, "nbyard-cows")
    assert [(p.name, p.version) for p in now.packages] == [("cow", "1.0"), ("ipykernel", "6.30.0")]
    assert now.digest.startswith("sha256:") and now.size_bytes
    assert run_in_kernel(data, found, "import cow; print(cow.version)") == "1.0"
    log = yard.services.environments.log(ANN, "Cows")
    assert "Successfully installed cow-1.0" in log.text and log.done


@pytest.mark.long
def test_failed_change_keeps_the_environment(yard: Yard, data: Path, built: Built) -> None:
    environments = yard.services.environments
    built(make(yard, "cow<2"))
    failed = built(environments.change(ANN, "Cows", EnvironmentChange(add="ant\nnone")))
    assert (failed.current.state, failed.current.number, failed.installed) == ("failed", 2, 1)
    assert "none" in str(failed.current.reason)
    assert run_in_kernel(data, failed, "import cow; print(cow.version)") == "1.0"
    assert folders(yard, failed) == []
    again = built(environments.change(ANN, "Cows", EnvironmentChange(add="cow==2.0")))
    assert again.current.requirements == ["cow==2.0"], "what failed is not asked for again"
    assert run_in_kernel(data, again, "import cow; print(cow.version)") == "2.0"
    (change,) = environments.diff(ANN, "Cows").items
    assert (change.name, change.old, change.new) == ("cow", "1.0", "2.0")


def half_built(yard: Yard) -> tuple[Environment, Path]:
    """Create what a killed dispatcher leaves: the folder and its row."""
    made = make(yard, "cow==1.0")
    half = yard.store.folder / f"environments/{made.current.id}/half"
    dispatcher = Dispatcher.open(yard.settings)
    try:
        assert dispatcher.environments.begin("ann", made, half)
    finally:
        dispatcher.close()
    half.mkdir(parents=True)
    assert yard.services.environments.get(ANN, made.id).current.state == "building"
    return made, half


@pytest.mark.long
def test_interrupted_build_starts_again(yard: Yard, data: Path, built: Built) -> None:
    """The dispatcher of the first build is gone, and its folder is not reused."""
    made, half = half_built(yard)
    found = built(made)
    assert found.current.state == "ready"
    assert folders(yard, found) == [Path(found.current.place)] and not half.exists()


def test_interrupted_build_that_is_cancelled_leaves_nothing(yard: Yard, data: Path) -> None:
    made, half = half_built(yard)
    assert yard.services.environments.cancel(ANN, made.id).current.state == "failed"
    with Dispatching(yard.settings) as dispatcher:
        dispatcher.until(half.exists, lambda there: not there)


def test_environment_deleted_during_its_build_leaves_nothing(
    yard: Yard, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environments = yard.services.environments
    monkeypatch.setattr(installers, "_pip", lambda *_: ["sh", "-c", "exec sleep 1000"])
    made = make(yard, "cow")
    with Dispatching(yard.settings) as dispatcher:
        dispatcher.until(
            lambda: environments.get(ANN, made.id), lambda e: e.current.state == "building"
        )
        environments.delete(ANN, made.id)
        place = yard.store.folder / "environments" / made.current.id
        dispatcher.until(lambda: place.exists(), lambda is_there: not is_there)  # noqa: PLW0108
    assert not (data / "kernels").exists()


@pytest.mark.long
def test_cancelled_build_stops(
    yard: Yard, data: Path, built: Built, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The earlier version stays installed."""
    environments = yard.services.environments
    built(make(yard, "cow==1.0"))
    with monkeypatch.context() as patch:
        patch.setattr(installers, "_pip", lambda *_: ["sh", "-c", "exec sleep 1000"])
        made = environments.change(ANN, "Cows", EnvironmentChange(add="cow==2.0"))
        with Dispatching(yard.settings) as dispatcher:
            dispatcher.until(
                lambda: environments.get(ANN, made.id), lambda e: e.current.state == "building"
            )
            found = environments.cancel(ANN, "Cows")
            dispatcher.until(lambda: folders(yard, made), lambda left: not left)
    assert (found.current.state, found.installed) == ("failed", 1)
    assert run_in_kernel(data, found, "import cow; print(cow.version)") == "1.0"


@pytest.mark.long
def test_repeated_change_continues_from_the_lock_once(
    yard: Yard, data: Path, built: Built, wheels: Wheels, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Versions that were resolved but not installed are reused once, then resolved again."""

    def fail(*_: object) -> None:
        raise Invalid("the disk was full")

    environments, again = yard.services.environments, EnvironmentChange(requirements="cow")
    with monkeypatch.context() as patch:
        patch.setattr(installers.Installer, "install", fail)
        first = built(make(yard, "cow")).current
        assert first.state == "failed" and first.packages[0].version == "2.0"
        wheels.add("cow", "3.0")
        second = built(environments.change(ANN, "Cows", again)).current
        assert second.packages == first.packages
    found = built(environments.change(ANN, "Cows", again))
    assert (found.installed, found.current.packages[0].version) == (3, "3.0")


@pytest.mark.long
def test_rollback_restores_the_lock_of_an_older_version(
    yard: Yard, data: Path, built: Built, wheels: Wheels
) -> None:
    """Although newer packages match by now."""
    environments = yard.services.environments
    first = built(make(yard, "cow<2")).current
    built(environments.change(ANN, "Cows", EnvironmentChange(add="cow==2.0")))
    wheels.add("cow", "1.5")
    found = built(environments.change(ANN, "Cows", EnvironmentChange(version=1)))
    assert (found.current.number, found.current.digest) == (3, first.digest)
    assert run_in_kernel(data, found, "import cow; print(cow.version)") == "1.0"


@pytest.mark.long
def test_folders_of_old_versions_are_deleted(yard: Yard, data: Path, built: Built) -> None:
    """Folders of the newest versions and all locks stay."""
    yard.settings.environment_versions = 1
    environments = yard.services.environments
    built(make(yard, "cow==1.0"))
    made = environments.change(ANN, "Cows", EnvironmentChange(add="cow==2.0"))
    with Dispatching(yard.settings) as dispatcher:
        dispatcher.until(
            lambda: environments.versions(ANN, "Cows").items,
            lambda found: found[0].state == "ready" and not found[1].place,
        )
        old = environments.versions(ANN, made.id).items[1]
        folder = yard.store.folder / "environments" / old.id
        dispatcher.until(
            lambda: [place for place in folder.iterdir() if place.is_dir()], lambda left: not left
        )
    assert old.packages


@pytest.mark.long
def test_unknown_environment_folders_are_deleted(yard: Yard, built: Built) -> None:
    stray = yard.store.folder / "environments/gone/1234"
    stray.mkdir(parents=True)
    built(make(yard))
    assert not stray.exists()


@pytest.mark.long
def test_kernels_are_repaired_after_a_killed_dispatcher(
    yard: Yard, data: Path, built: Built
) -> None:
    """Killed after the version was committed, or after the environment was deleted."""
    found = built(make(yard, "cow==1.0"))
    spec = data / "kernels" / found.kernel / "kernel.json"
    right = spec.read_text()
    spec.write_text(right.replace(found.current.place, f"{yard.store.folder}/before"))
    stray = data / "kernels/nbyard-gone/kernel.json"
    stray.parent.mkdir()
    stray.write_text(right.replace(found.id, "gone"))
    with Dispatching(yard.settings) as dispatcher:
        dispatcher.until(lambda: spec.read_text() == right and not stray.exists(), bool)
