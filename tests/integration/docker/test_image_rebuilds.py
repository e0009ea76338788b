"""Which images are built again, and what happens to the earlier ones, on a real engine."""

import subprocess

import pytest

from nbyard.dockerd import STORE, Engine
from nbyard.domain.ids import new_id
from nbyard.domain.images.structs import ImageName, PulledImage, Recipe
from nbyard.images.builds import environment_image
from nbyard.yard import Yard

from .imaging import ANN, Built, built, ended, environment, inside, yard
from .registry import Registry
from .test_images import registry

__all__ = ["built", "registry", "yard"]


def same_again(built: Built, engine: Engine, first: str, **asked: str) -> None:
    again = built(**asked)
    assert (again.state, again.cached) == ("ready", True), again.reason
    assert again.image_id == engine.image_id(again.reference) == first
    assert inside(engine, again.reference, "id", "-u") == "65534"


@pytest.mark.long
def test_image_with_inherited_labels_is_not_mistaken_for_its_base(
    yard: Yard, docker_engine: Engine, built: Built, tiny_image: str
) -> None:
    """Images of other environments, their stages and Dockerfiles inherit labels."""
    environment(yard, "rt")
    recipe = Recipe(base=tiny_image, for_notebooks=False, labels={"a": yard.store.id})
    first = built(environment="rt", recipe=recipe)
    assert first.state == "ready", first.reason
    environment(yard, "rt2")
    upon = Recipe(base=first.reference, for_notebooks=False, own='ENV MORE="1"\n')
    second = built(environment="rt2", recipe=upon)
    assert second.state == "ready" and second.image_id != first.image_id
    same_again(built, docker_engine, first.image_id, environment="rt")
    file = yard.context.files.root / "Dockerfile"
    stage = f"FROM {first.reference} AS a\nUSER 0\nRUN sleep 1 && touch /b\n"
    file.write_text(f"{stage}FROM {tiny_image}\nCOPY --from=a /b /b\n")
    assert built(path="Dockerfile", tag="upon:1").state == "ready"
    same_again(built, docker_engine, first.image_id, environment="rt")
    same_again(built, docker_engine, first.image_id, environment="rt", tag="other/name:1")


@pytest.mark.long
def test_image_extended_by_a_run_is_not_mistaken_for_its_base(
    yard: Yard, docker_engine: Engine, built: Built, python_base_image: str
) -> None:
    environment(yard, "tools")
    first = built(environment="tools", recipe=Recipe(for_notebooks=False, labels={"a": "b"}))
    assert first.state == "ready", first.reason

    def upon() -> str:
        lines, blobs = f"# {yard.store.id}\njoblib\n", yard.context.blobs
        return environment_image(
            docker_engine, first.reference, lines, False, print, blobs=blobs, network="none"
        )

    made = upon()
    assert upon() == made
    same_again(built, docker_engine, first.image_id, environment="tools")
    docker_engine.remove_image(made)


@pytest.mark.parametrize(
    ("name", "is_there"),
    [
        pytest.param("nbclient", "for notebooks", marks=pytest.mark.long),
        pytest.param("nbclient", "in the base", marks=pytest.mark.long),
        ("joblib", "in the base"),  # depends on no other package
    ],
)
def test_a_forged_wheel_of_the_same_version_is_refused(
    yard: Yard,
    docker_engine: Engine,
    built: Built,
    python_base_image: str,
    name: str,
    is_there: str,
) -> None:
    """The packages in the image match the hashes of the lock, whatever was there before."""
    wheels = inside(docker_engine, python_base_image, "sh", "-c", f"sha256sum /wheels/{name}-*")
    right, path = wheels.split()
    package = f"{name}=={path.split('-')[1]}"
    recipe = Recipe()
    if is_there == "in the base":
        file = yard.context.files.root / "Dockerfile"
        install = f"pip install --break-system-packages {name}"
        file.write_text(f"FROM {python_base_image}\nRUN {install}\n")
        recipe = Recipe(base="nbyard-test/there:1", for_notebooks=False)
        assert built(path="Dockerfile", tag=recipe.base).state == "ready"
    environment(yard, "forged", package, hashes=[f"sha256:{'0' * 64}"])
    forged = built(environment="forged", recipe=recipe)
    assert (forged.state, "NOT MATCH THE HASHES" in str(forged.reason)) == ("failed", True)
    assert not docker_engine.image_id(forged.reference)
    environment(yard, "right", package, hashes=[f"sha256:{right}"])
    good = built(environment="right", recipe=recipe)
    assert good.state == "ready", good.reason
    place = f"import {name}; print({name}.__file__)"
    said = inside(docker_engine, good.reference, "python3", "-c", place)
    assert said.startswith("/opt/nbyard/")


@pytest.mark.long
def test_image_is_pushed_and_pulled_after_failed_builds(
    yard: Yard, docker_engine: Engine, built: Built, registry: Registry, tiny_image: str
) -> None:
    """The name in the registry stays the same."""
    images = yard.services.images
    file = yard.context.files.root / "Dockerfile"
    for number in (1, 2):
        file.write_text(f"FROM {tiny_image}\nENV N={number} STORE={yard.store.id}\n")
        good = built(path="Dockerfile", tag="good:1")
        assert good.state == "ready", good.reason
        file.write_text(f"FROM {tiny_image}\nRUN test -d /nowhere\n")
        assert built(path="Dockerfile", tag="good:1").state == "failed"
        pushed = ended(yard, images.push(ANN, "good:1", ImageName(f"{registry.host}/")))
        assert (pushed.state, pushed.image_id) == ("ready", good.image_id), pushed.reason
        docker_engine.remove_image(pushed.reference)
        pulled = ended(yard, images.pull(ANN, PulledImage(pushed.reference)))
        assert (pulled.state, pulled.image_id) == ("ready", good.image_id), pulled.reason
    docker_engine.remove_image(pulled.reference)


@pytest.mark.long
def test_replaced_image_is_removed_unless_it_is_in_use(
    yard: Yard, docker_engine: Engine, built: Built, tiny_image: str
) -> None:
    """Names, containers and images built on it count as use."""
    file = yard.context.files.root / "Dockerfile"

    def changed(tag: str = "changing:1") -> str:
        file.write_text(f"FROM {tiny_image}\nENV N={new_id()}\nCMD sleep 600\n")
        found = built(path="Dockerfile", tag=tag)
        assert found.state == "ready", found.reason
        assert found.image_id in docker_engine.images_with_label(STORE, yard.store.id)
        return found.image_id

    first, second = changed(), changed()
    assert [*map(docker_engine.image_id, (first, second))] == ["", second]
    docker_engine.tag(second, "kept:1")
    third = changed()
    command = ["docker", "--host", docker_engine.url]
    words = [*command, "create", "--network", "none", third]
    container = subprocess.run(words, capture_output=True, check=True, text=True).stdout.strip()
    upon = changed()
    there = (second, third, upon)
    assert [*map(docker_engine.image_id, there)] == [*there], "a name, and a container"
    file.write_text(f"FROM {upon}\nENV M=1\n")
    child = built(path="Dockerfile", tag="child:1")
    last = changed()
    assert docker_engine.image_id(upon) == upon and last != upon
    subprocess.run([*command, "rm", container], capture_output=True, check=True)
    for name in ("kept:1", child.image_id, third):
        docker_engine.remove_image(name)


@pytest.mark.long
def test_values_with_quotes_and_dollars_are_kept_literally(
    yard: Yard, docker_engine: Engine, built: Built, tiny_image: str
) -> None:
    """No part of them is read as another word, line or variable."""
    told = {
        "A": 'b c$HOME "d" ${PATH}',
        "B": '"',
        "C": "$",
        "D": "\" RUN touch /x \" $(id) 'e'",
        "E": "a=b # no comment ${X:-y} %s",
    }
    environment(yard, "quoted")
    found = built(
        environment="quoted",
        recipe=Recipe(base=tiny_image, for_notebooks=False, variables=told),
    )
    assert found.state == "ready", found.reason
    image = docker_engine.image(found.image_id)
    assert image is not None
    assert told.items() <= image.variables.items()
