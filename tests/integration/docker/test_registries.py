"""The login of an image registry comes from a credential, on a real engine."""

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from tests.support.leaked_secrets import CANARY, places_of

from nbyard.dockerd import STORE, Engine
from nbyard.domain.callers import Caller
from nbyard.domain.credentials import CredentialPatch, NewCredential
from nbyard.domain.deployments.structs import NewDeployment, Port
from nbyard.domain.images.structs import ImageName, NewImage, PulledImage
from nbyard.domain.runs.structs import NewRun
from nbyard.testing.dispatcher_thread import Dispatching
from nbyard.yard import Yard

from .imaging import ANN, built, ended, yard
from .registry import USER, Registry
from .test_images import closed_registry

__all__ = ["built", "closed_registry", "yard"]
BOB = Caller("bob")
RUN_ENDED = ("succeeded", "failed", "cancelled")


def keep(yard: Yard, server: str, password: str = CANARY, caller: Caller = ANN) -> None:
    fields = {"server": server, "username": USER, "password": password}
    yard.services.credentials.create(caller, NewCredential("hub", "registry", fields))


@pytest.fixture
def private(
    yard: Yard, docker_engine: Engine, closed_registry: Registry, tiny_image: str
) -> Iterator[str]:
    """Provide an image that exists only in a registry with login; ann has the credential."""
    keep(yard, closed_registry.host)
    images, root = yard.services.images, yard.context.files.root
    (root / "Dockerfile").write_text(f"FROM {tiny_image}\nLABEL mark={uuid.uuid4().hex}\n")
    made = ended(yard, images.build(ANN, NewImage(path="Dockerfile", tag="cows:1")))
    assert made.state == "ready", made.reason
    pushed = ended(yard, images.push(ANN, made.id, ImageName(f"{closed_registry.host}/")))
    assert pushed.state == "ready", pushed.reason
    for one in (made, pushed):
        images.delete(ANN, one.id)
    with Dispatching(yard.settings) as dispatcher:
        dispatcher.until(lambda: docker_engine.image_id(made.image_id), lambda left: not left)
    yield pushed.reference
    docker_engine.remove_image(pushed.reference)


def test_push_and_pull_use_the_owners_login_without_showing_it(
    yard: Yard, docker_engine: Engine, private: str
) -> None:
    """The login is in no log, reason, record or command line, and other users cannot use it."""
    images = yard.services.images
    other = ended(yard, images.pull(BOB, PulledImage(private)))
    assert (other.state, "requires a login" in str(other.reason)) == ("failed", True), other.reason
    found = ended(yard, images.pull(ANN, PulledImage(private)))
    assert (found.state, found.origin) == ("ready", "pull"), found.reason
    assert docker_engine.image_id(private) == found.image_id
    assert places_of(yard.store.folder) == []


def test_refused_login_is_named_and_its_replacement_works_at_once(yard: Yard, private: str) -> None:
    """The message contains no part of the secret."""
    images, credentials = yard.services.images, yard.services.credentials
    old = credentials.get(ANN, "hub")
    credentials.update(ANN, "hub", CredentialPatch(old.version, {"password": f"{CANARY}-old"}))
    push = ImageName(f"{private.partition('/')[0]}/other:1")
    good = ended(yard, images.build(ANN, NewImage(path="Dockerfile", tag="cows:2")))
    for asked in (
        partial(images.pull, ANN, PulledImage(private)),
        partial(images.push, ANN, good.id, push),
    ):
        failed = ended(yard, asked())
        assert failed.state == "failed" and CANARY not in str(failed.reason)
        assert "the credential 'hub'" in str(failed.reason)
        images.delete(ANN, failed.id)
    credentials.update(ANN, "hub", CredentialPatch(old.version + 1, {"password": CANARY}))
    assert ended(yard, images.pull(ANN, PulledImage(private))).state == "ready"
    assert places_of(yard.store.folder) == []
    images.delete(ANN, good.id)
    with Dispatching(yard.settings) as dispatcher:
        dispatcher.until(lambda: yard.services.images.list(ANN).items, lambda left: len(left) == 1)


def test_base_image_is_pulled_with_the_login(
    yard: Yard, built: Callable[..., object], private: str
) -> None:
    """The base of a Dockerfile."""
    (yard.context.files.root / "Dockerfile").write_text(f"FROM {private}\nLABEL upon=it\n")
    made: Any = built(path="Dockerfile", tag="cows:3")
    assert made.state == "ready", made.reason


@pytest.mark.long
def test_image_of_a_task_is_pulled_with_the_login(yard: Yard, private: str) -> None:
    """A task of another user is refused."""
    root, runs = yard.context.files.root, yard.services.runs
    (root / "moo.sh").write_text("echo moo\n")
    for caller, state in ((BOB, "failed"), (ANN, "succeeded")):
        body = NewRun(path="moo.sh", runtime="docker", image=private)
        made = runs.create(caller, body)
        with Dispatching(yard.settings) as dispatcher:
            found = dispatcher.until(
                partial(runs.get, caller, made.id), lambda d: d.run.state in RUN_ENDED
            )
        assert found.run.state == state, found.tasks[0].reason
        if state == "failed":
            assert "requires a login" in found.tasks[0].why
    assert places_of(yard.store.folder) == []


@pytest.mark.long
def test_image_of_a_deployment_is_pulled_with_the_login(
    yard: Yard, docker_engine: Engine, private: str
) -> None:
    deployments = yard.services.deployments
    told: dict[str, Any] = {"service": "own", "memory_gb": 2, "ports": [Port("web", 8000)]}
    told |= {"image": private, "command": ["sleep", "600"]}
    for caller in (BOB, ANN):
        deployments.create(caller, NewDeployment(name="web", **told))
    with Dispatching(yard.settings) as dispatcher:
        failed = dispatcher.until(
            partial(deployments.get, BOB, "web"), lambda one: one.state == "failed"
        )
        assert "requires a login" in str(failed.reason)
        dispatcher.until(lambda: docker_engine.image_id(private), bool)
        for caller in (BOB, ANN):
            deployments.delete(caller, "web")
        dispatcher.until(
            lambda: docker_engine.owned_objects(STORE, yard.store.id), lambda left: not left
        )
    assert places_of(yard.store.folder) == []


@pytest.mark.long
def test_shell_pulls_images_of_a_workflow_with_the_login(
    yard: Yard, docker_settings: dict[str, str], private: str
) -> None:
    """The credential of the shell's user is used."""
    root = yard.context.files.root
    (root / "moo.sh").write_text("echo moo\n")
    node = {"type": "executable", "path": "moo.sh", "runtime": "docker", "image": private}
    document = {"version": 1, "nodes": {"moo": node}, "edges": {}}
    (root / "flow.nbflow").write_text(json.dumps(document))
    shell = partial(
        subprocess.run,
        cwd=root,
        env={**os.environ, **docker_settings, "NBYARD_STORE_DIR": str(yard.store.folder)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    nbyard = [sys.executable, "-m", "nbyard.cli.main"]
    build = [*nbyard, "workflows", "build", "flow.nbflow"]
    refused = shell(build)
    assert refused.returncode == 1 and "requires a login" in refused.stderr
    fields = ["--field", f"server=http://{private.partition('/')[0]}/v2/"]
    words = ["credentials", "add", "hub", "--kind", "registry", *fields]
    kept = shell([*nbyard, *words, "--field", f"username={USER}"], input=CANARY)
    assert kept.returncode == 0, kept.stderr
    done = shell(build)
    assert (done.returncode, done.stdout) == (0, f"{private}  moo\n"), done.stderr
