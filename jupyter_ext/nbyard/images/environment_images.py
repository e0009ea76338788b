"""Builds images for requirements, and for Dockerfiles of nodes: one for each distinct input."""

import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path

from msgspec import convert

from nbyard.blobs import Blobs
from nbyard.dockerd import Engine, Say
from nbyard.domain.environments.package_sources import AllowedSources
from nbyard.domain.environments.requirements import read_requirements, requirement_failed
from nbyard.domain.environments.structs import locked_trees, with_folders_of
from nbyard.domain.images.structs import ImageSpec, Recipe
from nbyard.images.builds import IMAGE_LABEL, BuildFailed, ImageRequest, ensure_image
from nbyard.images.dockerfile_writer import PACKAGES, build_files
from nbyard.reasons.structs import Reason

REPOSITORY = "nbyard/env"
CODE_REPOSITORY = "nbyard/code"

_building: dict[str, threading.Lock] = {}
_building_lock = threading.Lock()


def environment_image(  # noqa: PLR0913  what runtimes ask for, and where it comes from
    engine: Engine,
    base: str,
    text: str,
    for_notebooks: bool,
    say: Say,
    *,
    blobs: Blobs,
    network: str = "",
    sources: Sequence[str] = (),
) -> str:
    """Return the name of an image with the packages of a requirements file on a base image.

    The image is built if it is missing. `sources` are the addresses that the file may name. `blobs`
    has the folders of a lock.

    Raises:
        Invalid: A line is refused, or cannot be installed in an image.
        NbyardError: The base cannot be pulled or the build fails. The message says why.
    """
    requirements = with_folders_of(text, read_requirements(text, AllowedSources.parse(sources)))
    files = build_files(ImageSpec(Recipe(for_notebooks=for_notebooks), requirements))
    with (
        # Tasks that start together need the same image; one of them builds it.
        _lock(f"{base}\n{requirements}\n{for_notebooks}"),
        tempfile.TemporaryDirectory(prefix="nby-packages-") as place,
    ):
        wish = ImageRequest(
            text=files["Dockerfile"],
            files=files,
            folders=staged_packages(blobs, requirements, Path(place)),
            base=base,
            labels={IMAGE_LABEL: "environment"},
            repository=REPOSITORY,
            network=network,
        )
        try:
            return ensure_image(engine, wish, say).reference
        except BuildFailed as error:
            # The Dockerfile is generated, so its line tells the user nothing.
            cause = convert(error.reason.params.get("cause"), Reason | None) or error.reason
            reason = requirement_failed(requirements, cause)
            if reason is cause:
                raise
            raise BuildFailed(reason, error.failed_line) from None


def staged_packages(blobs: Blobs, lock_lines: Sequence[str], place: Path) -> dict[str, Path]:
    """Copy the stored folders of a lock to `place`.

    Return them by their paths in the build context.

    Raises:
        NotFound: The folders are no longer stored, because the lock was deleted.
    """
    folders = {}
    place.mkdir(exist_ok=True)
    for name, tree in locked_trees(lock_lines).items():
        blobs.stage(tree, place / name, writable=True)
        folders[f"{PACKAGES}/{name}"] = place / name
    return folders


def code_wish(folder: Path, file: str, network: str = "", base: str = "") -> ImageRequest:
    """Return the request to build the Dockerfile `file` in a folder.

    The Dockerfile's own folder is the build context. `base` is the value of its build argument.
    """
    place = folder / file
    return ImageRequest(
        text=place.read_text("utf-8", "replace"),
        folders={"": place.parent},
        file=place.name,
        base=base,
        labels={IMAGE_LABEL: "code"},
        repository=CODE_REPOSITORY,
        network=network,
    )


def code_image(engine: Engine, folder: Path, file: str, say: Say, network: str = "") -> str:
    """Return the name of the image for a Dockerfile. The image is built if it is missing."""
    wish = code_wish(folder, file, network)
    with _lock(f"{wish.file}\n{wish.text}"):
        return ensure_image(engine, wish, say).reference


def _lock(key: str) -> threading.Lock:
    with _building_lock:
        return _building.setdefault(key, threading.Lock())
