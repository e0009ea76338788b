"""Images of environments and Dockerfiles, built by the dispatcher on a real engine."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from tests.support.images import tiny_image as tiny
from tests.support.private_engine import PrivateEngine, why_no_engine

from nbyard.dockerd import STORE, Engine
from nbyard.domain.ids import new_id
from nbyard.domain.images.structs import ImageName, NamedImage, NewImage, PulledImage, Recipe
from nbyard.errors import Conflict
from nbyard.images.builds import IMAGE_LABEL
from nbyard.store.images import ImageRow
from nbyard.testing.dispatcher_thread import Dispatching
from nbyard.yard import Yard

from .bench import until
from .imaging import ANN, Built, built, ended, environment, inside, log_of, yard
from .registry import Registry, is_there

__all__ = ["built", "yard"]
REMOVAL_SECONDS = 250.0  # an engine under load takes its time


def test_environment_image_does_not_run_as_root(
    yard: Yard, docker_engine: Engine, built: Built, python_base_image: str
) -> None:
    """The image has the packages without the build tools, and the record has ID, tag and size."""
    wheels = inside(docker_engine, python_base_image, "ls", "/wheels").splitlines()
    version = next(name.split("-")[1] for name in wheels if name.startswith("joblib-"))
    environment(yard, "Sea Cows", f"joblib=={version}")
    project = yard.context.files.root / "project"
    project.mkdir()
    (project / "a.txt").write_text("moo")
    (project / "local.nbvars").write_text("TOKEN=secret")
    recipe = Recipe(
        uid=1089,
        gid=1090,
        variables={"SOUND": "moo moo"},
        labels={"team": "sea"},
        for_notebooks=False,
        project="project",
        own='LABEL own="yes"\n',
    )
    found = built(environment="Sea Cows", recipe=recipe)
    assert (found.state, found.reference) == ("ready", "nbyard/sea-cows:1"), found.reason
    image = docker_engine.image("nbyard/sea-cows:1")
    assert image is not None
    assert (image.id, image.size_bytes) == (found.image_id, found.size_bytes)
    told = {"team": "sea", "own": "yes", IMAGE_LABEL: "environment", STORE: yard.store.id}
    told |= {"nbyard.environment": "Sea Cows", "nbyard.version": "1"}
    assert told.items() <= image.labels.items()
    code = "import joblib, os; print(joblib.__version__, os.getuid(), os.getgid())"
    code += "; print(open('/project/a.txt').read(), os.environ['SOUND'])"
    said = inside(docker_engine, found.reference, "python3", "-c", code)
    assert said.split() == [version, "1089", "1090", "moo", "moo", "moo"]
    assert "Step 1/" in log_of(yard, found) and "local.nbvars" in log_of(yard, found)
    assert found.reason and found.reason.params["names"] == ["local.nbvars"]
    assert inside(docker_engine, found.reference, "ls", "/project").split() == ["a.txt"]
    again = built(environment="Sea Cows")
    assert again.recipe == recipe, "what was chosen stays"
    assert (again.cached, again.image_id, again.digest) == (True, found.image_id, found.digest)
    assert [one.id for one in yard.services.images.list(ANN).items] == [again.id]


def test_image_without_packages_needs_no_network_and_no_python(
    yard: Yard, docker_engine: Engine, built: Built, tiny_image: str
) -> None:
    environment(yard, "empty")
    found = built(environment="empty", recipe=Recipe(base=tiny_image, for_notebooks=False))
    assert found.state == "ready", found.reason
    assert inside(docker_engine, found.reference, "id", "-u") == "65534"


def test_failed_build_names_its_line_and_leaves_nothing(
    yard: Yard, docker_engine: Engine, built: Built, tiny_image: str
) -> None:
    file = yard.context.files.root / "Dockerfile"
    file.write_text(
        f"FROM {tiny_image} AS a\nLABEL {IMAGE_LABEL}={yard.store.id}\n\n"
        "RUN echo one && \\\n    echo moo >&2\n"
        "FROM a\nRUN echo 'ERROR: no cow' && test -d /nowhere\n"
    )
    found = built(path="Dockerfile", tag="cows:1")
    assert found.state == "failed"
    assert found.failed_line is not None and found.failed_line.line == 7
    assert "no cow (exit code" in str(found.reason)
    assert "moo" in log_of(yard, found)
    assert docker_engine.images_with_label(IMAGE_LABEL, yard.store.id, untagged=True) == []
    assert not docker_engine.image_id("cows:1")
    file.write_text("FROM scratch\nFROB x\n")
    broken = built(path="Dockerfile", tag="cows:1")
    assert broken.failed_line is not None and broken.failed_line.text == "FROB x"
    assert [one.id for one in yard.services.images.list(ANN).items] == [broken.id]


def test_dockerfile_copies_secrets_only_if_it_names_them(
    yard: Yard, docker_engine: Engine, built: Built, tiny_image: str
) -> None:
    root = yard.context.files.root
    (root / "tls.pem").write_text("secret")
    (root / "Dockerfile").write_text(f"FROM {tiny_image}\nCOPY tls.pem /tls.pem\n")
    refused = built(path="Dockerfile", tag="cows:1")
    assert refused.state == "failed" and "!PATH" in str(refused.reason)
    assert "tls.pem" in log_of(yard, refused)
    (root / ".nbyardignore").write_text("!tls.pem\n")
    found = built(path="Dockerfile", tag="cows:1")
    assert (found.state, found.reason) == ("ready", None)
    assert inside(docker_engine, found.reference, "cat", "/tls.pem") == "secret"


def test_missing_base_image_is_reported(yard: Yard, built: Built) -> None:
    environment(yard, "empty")
    found = built(environment="empty", recipe=Recipe(base="nowhere.invalid/python:3"))
    assert found.state == "failed"
    assert "nowhere.invalid/python:3 is not present" in str(found.reason)
    assert "nowhere.invalid cannot be found" in str(found.reason)


def test_build_context_skips_ignored_files_and_triggers_rebuilds(
    yard: Yard, docker_engine: Engine, built: Built, tiny_image: str
) -> None:
    folder = yard.context.files.root / "tool with space"
    (folder / "data").mkdir(parents=True)
    (folder / "ä file.txt").write_text(new_id())
    (folder / "data/secret").write_text("x")
    (folder / ".dockerignore").write_text("data\n")
    (folder / "Dockerfile").write_text(f"FROM {tiny_image}\nCOPY . /here\nCMD ls /here\n")
    first = built(path="tool with space/Dockerfile")
    assert (first.state, first.reference) == ("ready", "nbyard/tool-with-space:latest")
    assert "data" not in inside(docker_engine, first.reference, "ls", "/here").split()
    assert built(path="tool with space/Dockerfile").cached
    (folder / "ä file.txt").write_text(new_id())
    second = built(path="tool with space/Dockerfile")
    assert not second.cached and second.digest != first.digest
    docker_engine.remove_image(second.reference)
    docker_engine.remove_image(first.image_id)


def slow(yard: Yard, image: str) -> NamedImage:
    """Create a build that is still running."""
    file = yard.context.files.root / "Dockerfile"
    file.write_text(
        f"FROM {image} AS a\nLABEL {IMAGE_LABEL}={yard.store.id}\n"
        f"FROM a\nRUN sleep 600 # {yard.store.id}\n"
    )
    return yard.services.images.build(ANN, NewImage(path="Dockerfile", tag="slow:1"))


def is_building(yard: Yard, made: NamedImage) -> bool:
    return "sleep 600" in log_of(yard, made)


def containers(engine: Engine, yard: Yard) -> list[str]:
    """Return the commands of the containers of slow builds of this store."""
    words = ["docker", "--host", engine.url, "ps", "--no-trunc", "--format", "{{.Command}}"]
    told = subprocess.run(words, capture_output=True, check=True, text=True).stdout
    return [line for line in told.splitlines() if yard.store.id in line]


def test_image_deleted_during_its_build_leaves_nothing(
    yard: Yard, docker_engine: Engine, tiny_image: str
) -> None:
    made = slow(yard, tiny_image)
    with Dispatching(yard.settings) as dispatcher:
        dispatcher.until(lambda: is_building(yard, made), bool)
        with pytest.raises(Conflict, match="is already being built"):
            yard.services.images.build(ANN, NewImage(path="Dockerfile", tag="slow:1"))
        yard.services.images.delete(ANN, "slow:1")
        dispatcher.until(
            lambda: (containers(docker_engine, yard), rows(yard)), lambda left: left == ([], set())
        )
        dispatcher.until(
            lambda: docker_engine.images_with_label(IMAGE_LABEL, yard.store.id, untagged=True),
            lambda left: not left,
        )
    assert list((yard.store.folder / "builds").iterdir()) == []


def rows(yard: Yard) -> set[str]:
    with yard.store.read() as c:
        return yard.store.images.ids(c)


@pytest.mark.long
def test_build_restarts_after_its_dispatcher_was_killed(
    yard: Yard, docker_engine: Engine, built: Built, tiny_image: str
) -> None:
    """Nothing of the first build remains."""
    made = slow(yard, tiny_image)
    words = [sys.executable, "-m", "nbyard.dispatch"]
    variables = yard.settings.environment()
    child = subprocess.Popen(words, env={**os.environ, **variables})
    try:
        until(lambda: is_building(yard, made))
    finally:
        child.send_signal(signal.SIGKILL)
        child.wait()
    until(lambda: not containers(docker_engine, yard))
    assert yard.services.images.get(ANN, made.id).state == "building"
    with yard.store.write() as c:
        row = yard.store.images.under_way(c)[0]
    tree = yard.context.blobs.tree(row.context_digest)
    assert tree.files, "what goes into it is kept"
    with Dispatching(yard.settings) as dispatcher:
        dispatcher.until(lambda: containers(docker_engine, yard), bool)
        yard.services.images.delete(ANN, made.id)
        dispatcher.until(lambda: containers(docker_engine, yard), lambda left: not left)


def to_remove(yard: Yard) -> list[ImageRow]:
    with yard.store.read() as c:
        return yard.store.images.to_remove(c)


def test_deleted_image_is_removed_from_the_engine(
    yard: Yard, docker_engine: Engine, built: Built, tiny_image: str
) -> None:
    environment(yard, "empty")
    found = built(environment="empty", recipe=Recipe(base=tiny_image, for_notebooks=False))
    yard.services.images.delete(ANN, found.reference)
    assert yard.services.images.list(ANN).items == []
    with Dispatching(yard.settings) as dispatcher:
        dispatcher.until(lambda: to_remove(yard), lambda left: not left, REMOVAL_SECONDS)
    assert not docker_engine.image_id(found.reference)


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    yield from serving(tmp_path / "open")


@pytest.fixture
def closed_registry(tmp_path: Path) -> Iterator[Registry]:
    yield from serving(tmp_path / "closed", is_closed=True)


def serving(folder: Path, **options: Any) -> Iterator[Registry]:
    if not is_there():
        pytest.skip("docker-registry is not installed")
    made = Registry(folder, **options)
    yield made
    made.stop()


@pytest.mark.sample(1)
@pytest.mark.parametrize("name", ["nbyard/cows:1", "a/b__c/d--e.f:X_1.0-Y", "0x/" + "y" * 100])
def test_pushed_image_can_be_pulled(
    yard: Yard,
    docker_engine: Engine,
    built: Built,
    registry: Registry,
    name: str,
    tiny_image: str,
) -> None:
    images = yard.services.images
    environment(yard, "Empty")
    recipe = Recipe(base=tiny_image, for_notebooks=False, labels={"name": str(len(name))})
    made = built(environment="Empty", recipe=recipe, tag=name)
    assert made.state == "ready", made.reason
    pushed = ended(yard, images.push(ANN, made.id, ImageName(f"{registry.host}/")))
    assert (pushed.state, pushed.origin) == ("ready", "push"), pushed.reason
    repository, _, tag = made.reference.rpartition(":")
    assert registry.tags(repository) == [tag]
    for one in (made, pushed):
        images.delete(ANN, one.id)
    with Dispatching(yard.settings) as dispatcher:
        dispatcher.until(lambda: to_remove(yard), lambda left: not left, REMOVAL_SECONDS)
    assert not docker_engine.image_id(made.image_id)
    pulled = ended(yard, images.pull(ANN, PulledImage(pushed.reference)))
    assert pulled.state == "ready", pulled.reason
    assert (pulled.image_id, pulled.digest) == (made.image_id, pushed.digest)
    assert pulled.digest.startswith("sha256:")
    assert "Digest:" in log_of(yard, pulled)


@pytest.mark.long
def test_refusal_of_a_registry_is_explained(
    yard: Yard,
    docker_engine: Engine,
    built: Built,
    registry: Registry,
    closed_registry: Registry,
    tiny_image: str,
) -> None:
    images = yard.services.images
    environment(yard, "empty")
    made = built(environment="empty", recipe=Recipe(base=tiny_image, for_notebooks=False))
    told = {
        "127.0.0.1:1": "127.0.0.1:1 refuses connections",
        "nowhere.invalid": "nowhere.invalid cannot be found from here",
        closed_registry.host: f"docker login {closed_registry.host}",
    }
    for host, words in told.items():
        for asked in (
            partial(images.push, ANN, made.id, ImageName(f"{host}/")),
            partial(images.pull, ANN, PulledImage(f"{host}/{made.reference}")),
        ):
            found = ended(yard, asked())
            assert (found.state, words in str(found.reason)) == ("failed", True), found.reason
            images.delete(ANN, found.id)
            assert not docker_engine.image_id(f"{host}/{made.reference}")
    missing = ended(yard, images.pull(ANN, PulledImage(f"{registry.host}/nothing")))
    assert f"{registry.host} does not have" in str(missing.reason)


@pytest.fixture
def small_engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """Provide an engine with a small disk."""
    if why_no_engine():
        pytest.skip(why_no_engine())
    disk = tmp_path_factory.mktemp("d")  # of a short path: its sockets take 106 characters
    words = ["mount", "-t", "tmpfs", "-o", "size=96m,mode=700", "small", str(disk)]
    if subprocess.run(words, check=False, capture_output=True).returncode:
        pytest.skip("no file system can be mounted here")
    private = PrivateEngine(disk / "e")
    try:
        private.start()
        engine = Engine(private.url)
        yield engine
        engine.close()
    finally:
        private.stop()
        subprocess.run(["umount", "--lazy", str(disk)], check=False)


@pytest.mark.long
def test_full_disk_is_reported_and_existing_images_stay(yard: Yard, small_engine: Engine) -> None:
    base = tiny(small_engine)
    yard.settings.docker_host = small_engine.url
    file = yard.context.files.root / "Dockerfile"
    file.write_text(f"FROM {base}\nRUN echo one\n")
    images = yard.services.images
    good = ended(yard, images.build(ANN, NewImage(path="Dockerfile", tag="cows:1")))
    assert good.state == "ready", good.reason
    file.write_text(f"FROM {base}\nRUN dd if=/dev/zero of=/big bs=1048576 count=300\n")
    found = ended(yard, images.build(ANN, NewImage(path="Dockerfile", tag="cows:1")))
    assert found.state == "failed" and found.failed_line is not None
    assert "line 2" in str(found.reason) and "engine is full" in str(found.reason)
    assert small_engine.image_id("cows:1") == good.image_id
    images.delete(ANN, found.id)
    assert images.get(ANN, "cows:1").id == good.id
