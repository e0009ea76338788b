"""A version without its folder is installed again from its lock."""

import shutil
from pathlib import Path

import msgspec
import pytest
from tests.support.fake_runtime_bench import Bench
from tests.support.wheels import Wheels

from nbyard.dispatch.environments.controller import new_place, version_in_place
from nbyard.domain.callers import Caller
from nbyard.domain.environments.references import UsedEnvironment
from nbyard.domain.environments.structs import LockedPackage, NewEnvironment
from nbyard.errors import Invalid, NotFound, Unavailable

ANN = Caller("ann")


@pytest.fixture
def used(bench: Bench, wheels: Wheels) -> UsedEnvironment:
    """A version that is ready, of which nothing but its lock is there."""
    from nbyard.host.installers import Installer

    wheels.add("cow", "1.0")
    environments = bench.yard.services.environments
    made = environments.create(ANN, NewEnvironment("cows", "cow"))
    with open(wheels.folder / "log", "w+b", buffering=0) as log:
        locked: list[LockedPackage] = Installer(log, lambda: True).resolve(["cow"])
    with bench.store.write() as c:
        move = bench.store.environments.move
        move(c, "ann", made.current.id, "building", place="")
        move(c, "ann", made.current.id, "ready", packages=msgspec.to_builtins(locked))
    (bench.store.folder / f"environments/{made.current.id}").mkdir(parents=True)
    return UsedEnvironment(made.id, "cows", made.current.id, 1, "")


def test_a_missing_installation_is_restored_once(bench, used):
    found = version_in_place(bench.context, used)
    assert list(Path(found.place).glob("lib/python3*/site-packages/cow.py"))
    assert version_in_place(bench.context, used) == found
    shutil.rmtree(found.place)
    assert version_in_place(bench.context, used).place != found.place


def test_a_failed_installation_leaves_no_folder(bench, used, wheels):
    for path in wheels.folder.glob("cow*"):
        path.unlink()
    with pytest.raises(Invalid, match="cow"):
        version_in_place(bench.context, used)
    folder = bench.store.folder / "environments" / used.version_id
    assert not [path for path in folder.iterdir() if path.is_dir()] and not bench.context.building


def test_a_deleted_environment_is_refused(bench, used):
    bench.yard.services.environments.delete(ANN, "cows")
    with pytest.raises(NotFound, match="environment cows was deleted"):
        version_in_place(bench.context, used)


def test_a_leaving_dispatcher_installs_nothing(bench, used):
    bench.context.stopping.set()
    with pytest.raises(Unavailable, match="cows version 1 must"):
        version_in_place(bench.context, used)


def test_a_failed_installation_removes_its_folder(bench, tmp_path):
    with pytest.raises(OSError, match="full"), new_place(bench.context, tmp_path / "v") as place:
        assert place.is_dir() and place in bench.context.building
        raise OSError("full")
    assert not place.exists() and not bench.context.building
