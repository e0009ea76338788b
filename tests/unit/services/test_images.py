"""Images as a service. Builds: the dispatcher's tests."""

import msgspec
import pytest
from tests.support.refusals import refused_at

from nbyard.domain.callers import Caller
from nbyard.domain.environments.structs import NewEnvironment
from nbyard.domain.images.structs import MARKER, ImageName, NewImage, PulledImage, Recipe
from nbyard.errors import Conflict, Forbidden, Invalid, NotFound
from nbyard.reasons.structs import text_reason


@pytest.fixture
def images(yard):
    return yard.services.images


@pytest.fixture
def cows(yard, ann):
    """An environment that is installed, as far as rows tell."""
    made = yard.services.environments.create(ann, NewEnvironment("Sea Cows", "cow"))
    with yard.store.write() as c:
        move = yard.store.environments.move
        move(c, "ann", made.current.id, "building", place="x")
        locked = [{"name": "cow", "version": "1.0", "hashes": ["sha256:" + "0" * 64]}]
        move(c, "ann", made.current.id, "ready", packages=locked)
    return yard.services.environments.get(ann, made.id)


@pytest.fixture
def dockerfile(root):
    (root / "tools").mkdir()
    (root / "tools/Dockerfile").write_text("FROM scratch\n")
    return "tools/Dockerfile"


def end(yard, made, state, **columns):
    with yard.store.write() as c:
        yard.store.images.move(c, made, "building")
        yard.store.images.move(c, made, state, **columns)


def test_an_image_of_an_environment_is_queued_with_its_recipe(images, ann, cows):
    recipe = Recipe(system_packages=["git"], own="RUN true\n")
    made = images.build(ann, NewImage("Sea Cows", recipe=recipe))
    assert (made.state, made.reference, made.version) == ("queued", "nbyard/sea-cows:1", 1)
    assert (made.environment, made.recipe, made.origin) == (cows.id, recipe, "build")
    assert images.list(ann).items == images.list(ann, environment=cows.id).items == [made]
    assert images.list(ann, environment="other").items == []
    assert images.get(ann, made.reference) == made
    assert images.log(ann, made.id).text == ""
    with pytest.raises(NotFound):
        images.get(Caller("bob"), made.id)
    shown = images.dockerfile(ann, NewImage("Sea Cows"))
    assert shown.recipe == recipe, "it is as the last one was"
    assert shown.text.endswith(f"{MARKER}\nRUN true\n") and "git" in shown.text


def test_the_dockerfile_is_shown_without_building_anything(images, ann, cows, yard):
    yard.settings.docker_base_image = "own/python:3"
    shown = images.dockerfile(ann, NewImage("Sea Cows", recipe=Recipe(cuda="")))
    assert "ARG BASE=own/python:3\n" in shown.text and "cow" not in shown.text
    assert (shown.marker, shown.reference) == (MARKER, "nbyard/sea-cows:1")
    assert images.list(ann).items == []
    other = images.dockerfile(ann, NewImage("Sea Cows", recipe=Recipe(cuda="12.6")))
    assert other.reference == "nbyard/sea-cows:1-cuda12.6"


@pytest.mark.parametrize(
    ("body", "where"),
    [
        (NewImage(), "environment"),
        (NewImage("Sea Cows", path="x"), "environment"),
        (NewImage("Sea Cows", tag="UPPER/Name"), "tag"),
        (NewImage("Sea Cows", tag="x@sha256:" + "0" * 64), "tag"),
        (NewImage("Sea Cows", recipe=Recipe(base="a\nRUN x")), "recipe.base"),
        (NewImage("Sea Cows", recipe=Recipe(project="nowhere")), "recipe.project"),
        (NewImage(path="tools/Dockerfile", recipe=Recipe(base="x", uid=7)), "recipe"),
        (NewImage(path="tools/Dockerfile", recipe=Recipe(base="a b")), "recipe.base"),
        (NewImage(path="tools/Dockerfile", recipe=Recipe(base="debian:12")), "recipe.base"),
        (NewImage(path="tools/Dockerfile", tag="../x"), "tag"),
        (NewImage("Sea Cows", version=-1), "version"),
    ],
)
def test_a_refused_build_is_not_created(images, ann, cows, dockerfile, body, where):
    with refused_at(where):
        images.build(ann, body)
    assert images.list(ann).items == []


def test_missing_sources_are_refused(images, ann, cows, yard):
    with pytest.raises(NotFound):
        images.build(ann, NewImage("nothing"))
    with pytest.raises(NotFound):
        images.build(ann, NewImage(path="nothing/Dockerfile"))
    with pytest.raises(Invalid):
        images.dockerfile(ann, NewImage(path="nothing"))
    with pytest.raises(Conflict, match="Version 2 of 'Sea Cows'"):
        images.build(ann, NewImage("Sea Cows", 2))
    yard.services.environments.create(ann, NewEnvironment("new", "cow"))
    with pytest.raises(Conflict, match="'new' is not installed"):
        images.build(ann, NewImage("new"))
    with pytest.raises((Forbidden, Invalid, NotFound)):
        images.build(ann, NewImage(path="../Dockerfile"))


def test_links_in_a_build_context_are_named(images, ann, cows, dockerfile, root):
    (root / "tools/link.txt").symlink_to("/etc/hostname")
    for body in (NewImage(path=dockerfile), NewImage("Sea Cows", recipe=Recipe(project="tools"))):
        reason = images.build(ann, body).reason
        assert reason.code == "links-stay" and reason.params["names"] == ["link.txt"]


def test_a_dockerfile_build_includes_its_folder(images, ann, dockerfile, yard, root):
    (root / "tools/a.txt").write_text("x")
    made = images.build(ann, NewImage(path=dockerfile))
    assert (made.reference, made.path) == ("nbyard/tools:latest", dockerfile)
    with yard.store.read() as c:
        (row,) = yard.store.images.under_way(c)
    files = {entry.path for entry in yard.context.blobs.tree(row.context_digest).files}
    assert (files, row.file) == ({"Dockerfile", "a.txt"}, "Dockerfile")


def test_a_dockerfile_may_use_the_given_base(images, ann, dockerfile, root):
    (root / "tools/Dockerfile").write_text("ARG BASE=debian:12\nFROM $BASE\n")
    recipe = Recipe(base="python:3.12")
    assert images.build(ann, NewImage(path=dockerfile, recipe=recipe)).recipe == recipe
    assert images.build(ann, NewImage(path=dockerfile, tag="own")).recipe == Recipe()


def test_a_name_stays_with_its_source(images, ann, cows, dockerfile, yard):
    made = images.build(ann, NewImage("Sea Cows", tag="cows"))
    with pytest.raises(Conflict, match="cows:latest is already"):
        images.build(ann, NewImage("Sea Cows", tag="cows:latest"))
    end(yard, made, "ready", image_id="sha256:1")
    for other in (NewImage(path=dockerfile, tag="cows"), PulledImage("cows")):
        with pytest.raises(Conflict, match="of another image"):
            (images.build if isinstance(other, NewImage) else images.pull)(ann, other)
    again = images.build(ann, NewImage("Sea Cows", tag="cows"))
    assert again.id != made.id and len(images.list(ann).items) == 2


def test_only_ready_images_are_pushed_to_a_registry(images, ann, cows, yard):
    made = images.build(ann, NewImage("Sea Cows"))
    with pytest.raises(Conflict, match="is queued"):
        images.push(ann, made.id, ImageName("h.test/"))
    end(yard, made, "ready", image_id="sha256:1")
    with pytest.raises(Invalid, match="specify a registry"):
        images.push(ann, made.id, ImageName(""))
    pushed = images.push(ann, "nbyard/sea-cows:1", ImageName("h.test/"))
    assert (pushed.reference, pushed.source) == ("h.test/nbyard/sea-cows:1", "sha256:1")
    assert (pushed.origin, pushed.state) == ("push", "queued")
    of = images.list(ann, environment=made.environment).items
    assert [one.origin for one in of] == ["push", "build"], "it is still the library's"


def test_after_a_build_that_failed_the_good_image_is_shown_and_pushed(images, ann, cows, yard):
    good = images.build(ann, NewImage("Sea Cows"))
    end(yard, good, "ready", image_id="sha256:1")
    bad = images.build(ann, NewImage("Sea Cows"))
    with pytest.raises(Conflict, match="is queued"):
        images.push(ann, good.reference, ImageName("h.test/"))
    end(yard, bad, "failed", reason=text_reason("no cow"))
    assert images.get(ann, good.reference).id == good.id
    assert [one.state for one in images.list(ann).items] == ["failed", "ready"]
    assert images.push(ann, good.reference, ImageName("h.test/")).source == "sha256:1"
    folder = yard.store.folder / "builds" / bad.id
    folder.mkdir(parents=True)
    (folder / "build.log").write_text("no cow")
    assert images.log(ann, good.reference).text == "no cow"
    images.delete(ann, good.reference)
    assert [one.origin for one in images.list(ann).items] == ["push"]


def test_a_name_in_a_registry_is_pushed_to_and_pulled_again_and_again(images, ann, cows, yard):
    built = images.build(ann, NewImage("Sea Cows", tag="h.test/cows:1"))
    end(yard, built, "ready", image_id="sha256:1")
    other = images.build(ann, NewImage("Sea Cows"))
    end(yard, other, "ready", image_id="sha256:2")
    name = ImageName("h.test/cows:1")
    with pytest.raises(Conflict, match="was built here") as refused:
        images.push(ann, other.id, name)
    assert "images rm h.test/cows:1" in refused.value.hint
    for ask in (images.push, images.push):
        end(yard, ask(ann, built.id, name), "ready", image_id="sha256:1")
    end(yard, images.build(ann, NewImage("Sea Cows", tag=name.reference)), "ready")
    images.delete(ann, name.reference)
    end(yard, images.push(ann, other.id, name), "ready", image_id="sha256:2")
    end(yard, images.pull(ann, PulledImage(name.reference)), "ready", image_id="sha256:3")
    assert images.push(ann, other.id, name).source == "sha256:2"


def test_a_deleted_image_is_not_found(images, ann):
    made = images.pull(ann, PulledImage("h.test/cows"))
    assert (made.reference, made.origin) == ("h.test/cows:latest", "pull")
    images.delete(ann, "h.test/cows")
    assert images.list(ann).items == []
    with pytest.raises(NotFound):
        images.delete(ann, made.id)
    assert images.pull(ann, PulledImage("h.test/cows")).id != made.id


def test_pulled_images_are_listed_with_their_environment(images, ann, cows, yard):
    """The environment is known if the image was named or pushed under that name."""
    built = images.build(ann, NewImage("Sea Cows"))
    end(yard, built, "ready", image_id="sha256:1")
    end(yard, images.push(ann, built.id, ImageName("h.test/")), "ready", image_id="sha256:1")
    wanted = images.pull(ann, PulledImage("h.test/calves", "Sea Cows"))
    assert wanted.environment == cows.id and wanted.version == 0
    again = images.pull(ann, PulledImage("h.test/nbyard/sea-cows:1"))
    assert again.environment == cows.id
    assert images.pull(ann, PulledImage("h.test/ants")).environment == ""
    of = {one.reference for one in images.list(ann, environment=cows.id).items}
    assert of == {built.reference, wanted.reference, again.reference}
    with refused_at("environment", NotFound, match="no environment 'cats'"):
        images.pull(ann, PulledImage("h.test/cats", "cats"))
    with pytest.raises(NotFound):
        images.pull(Caller("bob"), PulledImage("h.test/cats", cows.id))


def test_unknown_fields_are_refused():
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"environment": "x", "privileged": True}, NewImage)
