"""L1-L3: environments are built beside what is there, and switched when all of it is ready."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from nbyard.dispatch.loop import Dispatcher
from nbyard.domain.callers import Caller
from nbyard.domain.environments.structs import Environment, EnvironmentChange, NewEnvironment
from nbyard.errors import Invalid
from nbyard.host import installers
from nbyard.testing.dispatcher_thread import Dispatching
from nbyard.testing.servers.index import Index
from nbyard.testing.wheels import Wheels
from nbyard.yard import Yard

ANN = Caller("ann")
ENDED = ("ready", "failed")
Built = Callable[[Environment], Environment]


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wheels: Wheels) -> Path:
    """Jupyter's, with packages that are there without any network."""
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("NBYARD_INSTALLER", "pip")
    for version in ("1.0", "2.0"):
        wheels.add("cow", version)
    wheels.add("ant", "1.0")
    return tmp_path / "data"


@pytest.fixture
def built(yard: Yard) -> Built:
    """An environment once its newest version is at its end."""

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
def test_places_that_are_allowed_stand_in_the_lock(
    yard: Yard, data: Path, built: Built, wheels: Wheels, monkeypatch: pytest.MonkeyPatch
) -> None:
    """L6: and are asked once more when the version is installed anew."""
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
        assert kernel_says(data, found, "import bee, cow; print(cow.version)") == "3.0"
        lock = found.current.lock_lines
        assert lock[0] == f"--index-url {index.simple}"
        assert [line.partition(" --")[0] for line in lock[1:]] == [
            bee, "cow==3.0", "ipykernel==6.30.0",
        ]  # fmt: skip
        assert built(yard.services.environments.change(ANN, "Cows", EnvironmentChange(add="ant")))
        found = built(yard.services.environments.change(ANN, "Cows", EnvironmentChange(version=1)))
    assert found.current.lock_lines == lock


def kernel_says(data: Path, found: Environment, code: str) -> str:
    """With the interpreter of its kernel."""
    spec = json.loads((data / "kernels" / found.kernel / "kernel.json").read_text())
    done = subprocess.run([spec["argv"][0], "-c", code], capture_output=True, check=True)
    return done.stdout.decode().strip()


def folders(yard: Yard, made: Environment) -> list[Path]:
    place = yard.store.folder / "environments" / made.current.id
    return [found for found in place.iterdir() if found.is_dir()]


def test_what_is_installed_is_locked_and_has_a_kernel(yard: Yard, data: Path, built: Built) -> None:
    found = built(make(yard, "cow<2"))
    now = found.current
    assert (now.state, now.number, found.installed, found.kernel) == ("ready", 1, 1, "nbyard-cows")
    assert [(p.name, p.version) for p in now.packages] == [("cow", "1.0"), ("ipykernel", "6.30.0")]
    assert now.digest.startswith("sha256:") and now.size_bytes
    assert kernel_says(data, found, "import cow; print(cow.version)") == "1.0"
    log = yard.services.environments.log(ANN, "Cows")
    assert "Successfully installed cow-1.0" in log.text and log.done


@pytest.mark.long
def test_a_failed_change_leaves_it_as_it_was(yard: Yard, data: Path, built: Built) -> None:
    environments = yard.services.environments
    built(make(yard, "cow<2"))
    failed = built(environments.change(ANN, "Cows", EnvironmentChange(add="ant\nnone")))
    assert (failed.current.state, failed.current.number, failed.installed) == ("failed", 2, 1)
    assert "none" in str(failed.current.reason)
    assert kernel_says(data, failed, "import cow; print(cow.version)") == "1.0"
    assert folders(yard, failed) == []
    again = built(environments.change(ANN, "Cows", EnvironmentChange(add="cow==2.0")))
    assert again.current.requirements == ["cow==2.0"], "what failed is not asked for again"
    assert kernel_says(data, again, "import cow; print(cow.version)") == "2.0"
    (change,) = environments.diff(ANN, "Cows").items
    assert (change.name, change.old, change.new) == ("cow", "1.0", "2.0")


def half_built(yard: Yard) -> tuple[Environment, Path]:
    """What a dispatcher leaves that is killed: the folder, and its row."""
    made = make(yard, "cow==1.0")
    half = yard.store.folder / f"environments/{made.current.id}/half"
    dispatcher = Dispatcher.open(yard.settings)
    try:
        assert dispatcher._environments._begin("ann", made, half)
    finally:
        dispatcher.close()
    half.mkdir(parents=True)
    assert yard.services.environments.get(ANN, made.id).current.state == "building"
    return made, half


@pytest.mark.long
def test_one_that_was_killed_half_way_is_built_anew(yard: Yard, data: Path, built: Built) -> None:
    """BI-276: by a dispatcher that is gone; nothing of it is used."""
    made, half = half_built(yard)
    found = built(made)
    assert found.current.state == "ready"
    assert folders(yard, found) == [Path(found.current.place)] and not half.exists()


def test_one_that_is_cancelled_after_it_was_killed_leaves_nothing(yard: Yard, data: Path) -> None:
    """L1."""
    made, half = half_built(yard)
    assert yard.services.environments.cancel(ANN, made.id).current.state == "failed"
    with Dispatching(yard.settings) as dispatcher:
        dispatcher.until(half.exists, lambda there: not there)


def test_one_that_is_deleted_while_it_is_built_leaves_nothing(
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
def test_one_that_is_cancelled_is_stopped(
    yard: Yard, data: Path, built: Built, monkeypatch: pytest.MonkeyPatch
) -> None:
    """L2: what was installed before stays."""
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
    assert kernel_says(data, found, "import cow; print(cow.version)") == "1.0"


@pytest.mark.long
def test_the_same_once_more_goes_on_from_the_lock(
    yard: Yard, data: Path, built: Built, wheels: Wheels, monkeypatch: pytest.MonkeyPatch
) -> None:
    """L2: what was found out and could not be installed is not found out anew, but once."""

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
def test_an_older_version_comes_back_as_it_was(
    yard: Yard, data: Path, built: Built, wheels: Wheels
) -> None:
    """L3: its lock, though something newer fits by now."""
    environments = yard.services.environments
    first = built(make(yard, "cow<2")).current
    built(environments.change(ANN, "Cows", EnvironmentChange(add="cow==2.0")))
    wheels.add("cow", "1.5")
    found = built(environments.change(ANN, "Cows", EnvironmentChange(version=1)))
    assert (found.current.number, found.current.digest) == (3, first.digest)
    assert kernel_says(data, found, "import cow; print(cow.version)") == "1.0"


@pytest.mark.long
def test_folders_of_old_versions_go(yard: Yard, data: Path, built: Built) -> None:
    """L3: those of the newest stay, and so do all locks."""
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
def test_folders_that_nobody_names_go(yard: Yard, built: Built) -> None:
    stray = yard.store.folder / "environments/gone/1234"
    stray.mkdir(parents=True)
    built(make(yard))
    assert not stray.exists()


@pytest.mark.long
def test_a_kernel_follows_what_is_ready_whoever_was_killed_before(
    yard: Yard, data: Path, built: Built
) -> None:
    """CP20: after the version was committed, or after the environment was deleted."""
    found = built(make(yard, "cow==1.0"))
    spec = data / "kernels" / found.kernel / "kernel.json"
    right = spec.read_text()
    spec.write_text(right.replace(found.current.place, f"{yard.store.folder}/before"))
    stray = data / "kernels/nbyard-gone/kernel.json"
    stray.parent.mkdir()
    stray.write_text(right.replace(found.id, "gone"))
    with Dispatching(yard.settings) as dispatcher:
        dispatcher.until(lambda: spec.read_text() == right and not stray.exists(), bool)
