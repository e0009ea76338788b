"""A node in a container runs with the packages of its environment's lock, built into an
image on a real engine."""

import json
import subprocess
from pathlib import Path

import pytest
from packaging.version import Version
from tests.support.wheels import project

from nbyard.dockerd import Engine
from nbyard.domain.attempts.missing_modules import Missing
from nbyard.domain.environments.structs import LockedPackage
from nbyard.domain.images.structs import NewImage, Recipe
from nbyard.domain.runs.structs import NewRun, RunDetail, Task
from nbyard.reasons.structs import because
from nbyard.testing.dispatcher_thread import Dispatching
from nbyard.transfer.bundles import with_trees
from nbyard.yard import Yard

from .imaging import ANN, ended, environment, inside, yard

__all__ = ["yard"]
OWN = "import cloudpickle; print(cloudpickle.__version__)\n"
PYTHON = "import platform; print(platform.python_version())"


def with_folder(yard: Yard, name: str, folder: Path, python: str) -> None:
    """Create the rows of an environment with a package in a folder."""
    made = environment(yard, name, python=python)
    yard.settings.allowed_package_sources = [f"file://{folder.parent}"]
    cow = LockedPackage(folder.name, "3.1", folder=f"file://{folder}")
    with yard.store.write() as c:
        version = yard.store.environments.versions(c, made)[0]
        yard.store.environments.set_lock(
            c, version.id, with_trees([cow], yard.context.blobs, 2**20)
        )


def worked(yard: Yard, code: str = OWN, **node: str) -> tuple[Task, str]:
    """Run a script in a container with those packages; return its task and output."""
    root = yard.context.files.root
    (root / "s.py").write_text(code)
    asked = {"type": "executable", "path": "s.py", "runtime": "docker", "environment": "cows"}
    flow = {"version": 1, "nodes": {"n": asked | node}}
    Path(root, "flow.nbflow").write_text(json.dumps(flow))
    runs = yard.services.runs
    run = runs.create(ANN, NewRun(path="flow.nbflow")).id
    with Dispatching(yard.settings) as dispatcher:
        detail = dispatcher.until(
            lambda: runs.get(ANN, run), lambda found: found.run.finished_at is not None
        )
    log = runs.log(ANN, run, "n").text
    assert detail.run.state == "succeeded", (detail.tasks[0].reason, log)
    return detail.tasks[0], log.strip().splitlines()[-1]


def newest(engine: Engine, base: str, package: str) -> str:
    """Return the newest version of a package for which the base has a wheel."""
    wheels = inside(engine, base, "ls", "/wheels").splitlines()
    versions = (name.split("-")[1] for name in wheels if name.startswith(f"{package}-"))
    return max(versions, key=Version)


def built_from(engine: Engine, dockerfile: str, tag: str) -> str:
    words = ["docker", "--host", engine.url, "build", "--network", "none", "--tag", tag, "-"]
    subprocess.run(words, input=dockerfile, capture_output=True, check=True, text=True)
    return tag


def test_image_contains_the_locked_packages(
    yard: Yard, docker_engine: Engine, python_base_image: str
) -> None:
    """Nothing differs, so no difference is shown. An equal lock gives the same cached result."""
    version = newest(docker_engine, python_base_image, "cloudpickle")
    python = inside(docker_engine, python_base_image, "python3", "-c", PYTHON)
    environment(yard, "cows", f"cloudpickle=={version}", python=python)
    task, printed = worked(yard)
    assert printed == version
    assert task.environment is not None and task.environment.shown == "cows version 1"
    assert task.warning is None
    record = yard.services.runs.surroundings(ANN, task.run_id, "n")
    assert record.lock is not None
    assert ("cloudpickle", version) in {(one.name, one.version) for one in record.lock.packages}
    again, _ = worked(yard)
    assert again.cached


def test_differences_between_image_and_lock_are_shown(
    yard: Yard, docker_engine: Engine, python_base_image: str
) -> None:
    """Another Python than that of the lock, and additional packages."""
    joblib, cloudpickle = (
        newest(docker_engine, python_base_image, name) for name in ("joblib", "cloudpickle")
    )
    python = inside(docker_engine, python_base_image, "python3", "-c", PYTHON)
    environment(yard, "cows", f"joblib=={joblib}", python="3.9.1")
    task, _ = worked(yard)
    differences = [
        because("python-instead", found=python, locked="3.9.1"),
        because("packages-beside-lock", packages=[f"cloudpickle {cloudpickle}"]),
    ]
    assert task.warning == because(
        "lock-differs", environment="cows", number=1, differences=differences
    )


@pytest.mark.long
def test_visible_packages_of_the_base_image_are_shown(
    yard: Yard, docker_engine: Engine, python_base_image: str
) -> None:
    """The node names the image."""
    version, beside = (
        newest(docker_engine, python_base_image, name) for name in ("cloudpickle", "wcwidth")
    )
    python = inside(docker_engine, python_base_image, "python3", "-c", PYTHON)
    dockerfile = f"FROM {python_base_image}\nRUN pip install --break-system-packages wcwidth\n"
    image = built_from(docker_engine, dockerfile, "nbyard-test/beside:1")
    environment(yard, "cows", f"cloudpickle=={version}", python=python)
    task, printed = worked(yard, image=image)
    assert printed == version
    differences = [because("packages-beside-lock", packages=[f"wcwidth {beside}"])]
    assert task.warning == because(
        "lock-differs", environment="cows", number=1, differences=differences
    )


@pytest.mark.long
def test_packages_that_execute_notebooks_are_not_a_difference(
    yard: Yard, docker_engine: Engine, python_base_image: str
) -> None:
    """nbyard itself adds them."""
    version = newest(docker_engine, python_base_image, "cloudpickle")
    python = inside(docker_engine, python_base_image, "python3", "-c", PYTHON)
    environment(yard, "cows", f"cloudpickle=={version}", python=python)
    image = ended(yard, yard.services.images.build(ANN, NewImage(environment="cows")))
    assert image.state == "ready", image.reason
    task, printed = worked(yard, image=image.reference)
    assert (printed, task.warning) == (version, None)
    docker_engine.remove_image(image.reference)


@pytest.mark.long
def test_image_contains_a_local_folder_as_it_was_locked(
    yard: Yard, docker_engine: Engine, python_base_image: str, tmp_path: Path
) -> None:
    """Independent of the folder's current state; the build fetches none of it."""
    folder = project(tmp_path / "code/cow", "cow", "3.1")
    python = inside(docker_engine, python_base_image, "python3", "-c", PYTHON)
    with_folder(yard, "cows", folder, python)
    (folder / "cow.py").write_text("version = 'edited'")
    code = "import cow; print(cow.version, cow.__file__)"
    task, printed = worked(yard, code)
    version, place = printed.split()
    assert version == "3.1" and place.startswith("/opt/nbyard/")
    assert task.warning is None
    again, _ = worked(yard, code)
    assert again.cached
    with_folder(yard, "calves", folder, python)
    _, printed = worked(yard, code, environment="calves")
    assert printed.split()[0] == "edited"
    recipe = Recipe(for_notebooks=False)
    wish = NewImage(environment="calves", tag="nbyard-test/calves:1", recipe=recipe)
    image = ended(yard, yard.services.images.build(ANN, wish))
    assert image.state == "ready", image.reason
    said = inside(docker_engine, image.reference, "python3", "-c", code)
    assert said == printed
    docker_engine.remove_image(image.reference)


def test_a_retry_in_an_environment_adds_its_packages_to_each_image(
    yard: Yard, docker_engine: Engine, python_base_image: str
) -> None:
    """To the default image, and to the one that a node names."""
    version = newest(docker_engine, python_base_image, "joblib")
    python = inside(docker_engine, python_base_image, "python3", "-c", PYTHON)
    Path(yard.context.files.root, "s.py").write_text("import joblib; print(joblib.__version__)")
    node = {"type": "executable", "path": "s.py", "runtime": "docker"}
    flow = {"version": 1, "nodes": {"plain": node, "named": node | {"image": python_base_image}}}
    Path(yard.context.files.root, "flow.nbflow").write_text(json.dumps(flow))
    runs = yard.services.runs
    with Dispatching(yard.settings) as dispatcher:

        def end(run: str) -> RunDetail:
            return dispatcher.until(
                lambda: runs.get(ANN, run), lambda found: found.run.finished_at is not None
            )

        failed = end(runs.create(ANN, NewRun(path="flow.nbflow")).id)
        missing = [task.missing for task in failed.tasks]
        assert missing == [Missing("joblib", ["joblib"], "")] * 2
        environment(yard, "cows", f"joblib=={version}", python=python)
        ended = end(runs.retry(ANN, failed.run.id, environment="cows").id)
    logs = {task.node: runs.log(ANN, ended.run.id, task.node).text for task in ended.tasks}
    assert ended.run.state == "succeeded", logs
    assert all(log.strip().endswith(version) for log in logs.values())
    assert {task.environment and task.environment.shown for task in ended.tasks} == {
        "cows version 1"
    }
