"""Images for requirements. Real builds: tests/integration/docker."""

from typing import cast

import pytest

from nbyard.blobs import Blobs
from nbyard.dockerd import Engine
from nbyard.errors import NbyardError
from nbyard.images import builds
from nbyard.images.builds import (
    OWNER_LABEL,
    BuiltImage,
    ImageRequest,
    _failure,
    environment_image,
)
from nbyard.reasons.structs import because


@pytest.mark.parametrize(
    ("package", "message"),
    [
        ("no-such", "The requirement no-such==9 cannot be installed: No matching distribution"),
        ("other", "The image could not be built: line 14 of the Dockerfile failed"),
    ],
)
def test_a_failed_build_names_the_requirement(monkeypatch, package, message):
    def fail(_: Engine, wish: ImageRequest, say: object) -> None:
        (step,) = (line for line in wish.text.splitlines() if "--requirement" in line)
        tail = [f"ERROR: No matching distribution found for {package}"]
        refused = because("build-refused", message="returned a non-zero code: 1")
        raise _failure(wish, [f"Step 9/9 : {step}"], tail, NbyardError(refused))

    monkeypatch.setattr(builds, "ensure_image", fail)
    with pytest.raises(NbyardError) as failed:
        environment_image(
            cast(Engine, None),
            "python:3.12",
            "numpy\nno-such==9\n",
            False,
            lambda line: None,
            blobs=cast(Blobs, None),
        )
    assert message in failed.value.message


def test_owners_of_a_shared_store_share_no_image_and_no_step(monkeypatch):
    wishes: list[ImageRequest] = []

    def keep(_: Engine, wish: ImageRequest, say: object) -> BuiltImage:
        wishes.append(wish)
        return BuiltImage("image", "", 0, "", False)

    monkeypatch.setattr(builds, "ensure_image", keep)
    engine, blobs = cast(Engine, None), cast(Blobs, None)
    for key in ("", "a", "b"):
        environment_image(engine, "python:3.12", "numpy", True, print, blobs=blobs, owner_key=key)
    # labels are part of the digest that names an image, and switch off the cache of steps
    labels = [wish.labels.get(OWNER_LABEL) for wish in wishes]
    assert labels == [None, "a", "b"]
