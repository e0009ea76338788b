"""In a store with several users, the engine installs environments, for each user apart."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nbyard.dockerd import Engine
from nbyard.domain.callers import Caller
from nbyard.domain.environments.structs import Environment, NewEnvironment
from nbyard.domain.runs.structs import NewRun
from nbyard.host.installers import Installer
from nbyard.images.builds import OWNER_LABEL
from nbyard.settings import Settings
from nbyard.testing.dispatcher_thread import Dispatching
from nbyard.yard import Yard

ANN, BOB = Caller("ann"), Caller("bob")
BUILD_SECONDS = 200.0


@pytest.fixture
def yard(tmp_path: Path, docker_variables: None) -> Iterator[Yard]:
    root = tmp_path / "root"
    root.mkdir()
    store = str(tmp_path / "store")
    settings = Settings(store_dir=store, inline_dispatch=True, shared=True)
    with Yard.open(settings, root, root) as made:
        yield made


def installed(yard: Yard, caller: Caller, dispatcher: Dispatching) -> Environment:
    made = yard.services.environments.create(caller, NewEnvironment("cows", "cloudpickle"))
    return dispatcher.until(
        lambda: yard.services.environments.get(caller, made.id),
        lambda found: found.current.state in ("ready", "failed"),
        BUILD_SECONDS,
    )


@pytest.fixture
def no_images(yard: Yard, docker_engine: Engine) -> Iterator[None]:
    """Remove what other tests built for these owners, and what this one builds."""

    def remove() -> None:
        for owner in (ANN, BOB):
            key = yard.store.isolation.owner_key(owner.name)
            for image in docker_engine.images_with_label(OWNER_LABEL, key):
                for name in found.names if (found := docker_engine.image(image)) else []:
                    docker_engine.remove_image(name)

    remove()
    yield
    remove()


@pytest.mark.long
@pytest.mark.timeout(900)
def test_environments_are_images_of_their_owners(
    yard: Yard, no_images: None, monkeypatch: pytest.MonkeyPatch
):
    """Two owners install the same packages: each build begins anew."""

    def no_installer(*_: object) -> None:
        raise AssertionError("an installer ran in the service")

    monkeypatch.setattr(Installer, "_run", no_installer)
    built: list[str] = []
    build = Engine.build

    def counted(engine: Engine, tag: str, *args: Any, **options: Any) -> None:
        built.append(tag)
        build(engine, tag, *args, **options)

    monkeypatch.setattr(Engine, "build", counted)
    (yard.context.files.root / "a.py").write_text("import cloudpickle; print('imported')\n")
    runs = yard.services.runs
    with Dispatching(yard.settings) as dispatcher:
        for caller in (ANN, BOB):
            made = installed(yard, caller, dispatcher)
            assert made.current.state == "ready", made.current.reason
            names = {package.name for package in made.current.packages}
            assert {"cloudpickle", "ipykernel"} <= names and "pip" not in names
            assert made.current.place == ""
        assert len(set(built)) == 2
        run = runs.create(ANN, NewRun(path="a.py", environment="cows")).id
        ended = dispatcher.until(
            lambda: runs.get(ANN, run), lambda found: found.run.finished_at, BUILD_SECONDS
        )
        assert ended.run.state == "succeeded", ended.tasks[0].failure
        assert "imported" in runs.log(ANN, run, ended.tasks[0].node).text
    assert len(built) == len(set(built)) == 3
