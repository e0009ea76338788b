"""Builds images, among them those of environments and code."""

import hashlib
import json
import math
import re
import tempfile
import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import IO

import msgspec
from msgspec import convert

from nbyard.blobs import Blobs
from nbyard.dockerd import STORE, Engine, Say, engine_message, pack_context
from nbyard.domain.environments.package_sources import AllowedSources
from nbyard.domain.environments.requirements import read_requirements, requirement_failed, wants_git
from nbyard.domain.environments.structs import locked_trees, with_folders_of
from nbyard.domain.images.dockerfile_parser import BASE, STEP, FailedLine, base_images, failed_line
from nbyard.domain.images.structs import ImageSpec, Recipe
from nbyard.errors import NbyardError, Unavailable
from nbyard.images.dockerfile_writer import PACKAGES, build_files
from nbyard.reasons.structs import Reason, because

IMAGE_LABEL, OWNER_LABEL = "nbyard.image", "nbyard.owner"
TRIES = 3
STAGE_GONE = re.compile(r"No such image: sha256:[0-9a-f]{64}")
DOCKERFILE = "Dockerfile"
TAIL_LINES = 40
FULL = "No space left on device"
# Standard error contains colour codes.
COLOURS = re.compile(r"\x1b\[[0-9;]*m")
TROUBLE = re.compile(r"^\s*(?:ERROR|Error|error|E)\s*:\s*(\S.*)$")
EXITED = re.compile(r"returned a non-zero code: (\d+)")
REPOSITORY = "nbyard/env"
CODE_REPOSITORY = "nbyard/code"

_building: dict[str, threading.Lock] = {}
_building_lock = threading.Lock()


class BuildFailed(NbyardError):
    """The build of an image failed."""

    def __init__(self, reason: Reason, failed_line: FailedLine | None):
        super().__init__(reason)
        self.failed_line = failed_line


class ImageRequest(msgspec.Struct, frozen=True):
    """An image to build.

    `files` and `folders` are keyed by their paths in the build context. `file` is the path of the
    Dockerfile there, and `text` its content. Without a `reference`, the image is named in
    `repository` by the digest of its inputs. `limits` are those of `Engine.build`.
    """

    text: str
    files: Mapping[str, str] = {}
    folders: Mapping[str, Path] = {}
    file: str = DOCKERFILE
    base: str = ""
    labels: Mapping[str, str] = {}
    reference: str = ""
    repository: str = ""
    network: str = ""
    limits: Mapping[str, float] = {}

    @property
    def arguments(self) -> dict[str, str]:
        """Return the build arguments: the base image, if the Dockerfile has an argument for it."""
        return {BASE: self.base} if self.base else {}


class BuiltImage(msgspec.Struct, frozen=True):
    """An image on the engine.

    `was_here` states that it existed before, so nothing was built.
    """

    reference: str
    image_id: str
    size_bytes: int
    digest: str
    was_here: bool


def ensure_image(
    engine: Engine,
    wish: ImageRequest,
    say: Say,
    wanted: Callable[[], bool] = lambda: True,
    built: Callable[[str], Iterable[str]] = lambda digest: (),
) -> BuiltImage:
    """Return the requested image. It is built unless an image with equal inputs exists.

    The digest of its inputs identifies such an image: by its name, or by the IDs that `built`
    returns. Labels cannot identify it, because images based on it inherit them.

    Raises:
        NoLongerWanted: The image is no longer wanted.
        BuildFailed: A line of the Dockerfile failed.
        NbyardError: A base is missing and cannot be pulled. The message says why.
        Unavailable: Another program removed the image meanwhile.
    """
    ids = []
    for base in base_images(wish.text, wish.arguments):
        base_id = engine.image_id(base)
        if not base_id:
            say(f"Pulling {base}")
            engine.pull(base, say, wanted)
            base_id = engine.image_id(base)
        ids.append(base_id)
    with pack_context(wish.files, wish.folders, wish.file) as (context, content):
        # All inputs, including the texts of labels and arguments.
        inputs = [ids, content, wish.file, dict(wish.labels), wish.arguments]
        digest = hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()
        reference = wish.reference or f"{wish.repository}:{digest[:32]}"
        same = built(f"sha256:{digest}") if wish.reference else (reference,)
        known = next(filter(None, map(engine.image_id, same)), "")
        if not known:
            say(f"Building {reference}")
            _build(engine, wish, reference, context, say, wanted)
    if known and wish.reference:
        engine.tag(known, reference)
    image = engine.image(reference)
    if image is None:
        raise Unavailable(because("image-removed-at-naming", image=reference))
    return BuiltImage(reference, image.id, image.size_bytes, f"sha256:{digest}", bool(known))


def _build(
    engine: Engine,
    wish: ImageRequest,
    reference: str,
    context: IO[bytes],
    say: Say,
    wanted: Callable[[], bool],
) -> None:
    steps: list[str] = []
    tail: deque[str] = deque(maxlen=TAIL_LINES)

    def pass_line(line: str) -> None:
        if STEP.match(line):
            # Only the step that runs now can fail.
            steps[:] = [line]
        tail.append(COLOURS.sub("", line))
        say(line)

    for tries_left in reversed(range(TRIES)):
        context.seek(0)
        try:
            engine.build(
                reference,
                context,
                file=wish.file,
                arguments=wish.arguments,
                labels=wish.labels,
                network=wish.network,
                uses_cache=OWNER_LABEL not in wish.labels,
                limits=wish.limits,
                say=pass_line,
                wanted=wanted,
            )
            return
        except Unavailable:
            raise
        except NbyardError as error:
            # Other builds and programs may remove a stage without a name while this one needs it.
            if not (tries_left and STAGE_GONE.search(engine_message(error))):
                raise _failure(wish, steps, list(tail), error) from error
            say(f"{error.message}. Building again.")
            steps.clear()
            tail.clear()


def _failure(
    wish: ImageRequest, steps: list[str], tail: list[str], error: NbyardError
) -> BuildFailed:
    message = engine_message(error)
    at = failed_line(wish.text, steps, message)
    exited = EXITED.search(message)
    printed = [match[1] for line in tail if (match := TROUBLE.match(line))]
    if any(FULL.lower() in line.lower() for line in [*tail, message]):
        cause = because("engine-disk-full")
    elif wish.limits and exited and exited[1] == "137":  # SIGKILL
        cause = because("build-killed", limit=wish.limits["memory_bytes"])
    elif exited and printed:
        cause = because("command-failed", message=printed[-1], exit_code=int(exited[1]))
    elif exited:
        cause = because("command-exited", exit_code=int(exited[1]))
    elif message:
        cause = because("text", text=message.removesuffix("."))
    else:
        cause = error.reason
    reason = because("image-not-built", cause=cause)
    if at:
        reason = because("dockerfile-line-failed", line=at.line, cause=cause)
    # The packages' own message does not say that .git is missing on purpose.
    if wants_git("\n".join(tail)):
        reason = because("image-needs-version", failure=reason)
    return BuildFailed(reason, at)


def sweep_untagged(engine: Engine, *, since: float = 0.0, before: float = math.inf) -> bool:
    """Remove nbyard's images without a name that were created from `since` to `before`.

    Return whether all are gone. They are left by aborted builds, or are stages kept for the next
    build.
    """
    left = [
        engine.image(image_id) for image_id in engine.images_with_label(IMAGE_LABEL, untagged=True)
    ]
    meant = [image.id for image in left if image is not None and since <= image.created_at < before]
    # A list, because a generator would stop at the first image in use.
    return all([engine.remove_image(image_id) for image_id in meant])


def store_labels(store_id: str, kind: str) -> dict[str, str]:
    """Return the labels with the store and kind of an image."""
    return {STORE: store_id, IMAGE_LABEL: kind}


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
    owner_key: str = "",
    **limits: float,
) -> str:
    """Return the name of an image with the packages of a requirements file on a base image.

    The image is built if it is missing. `sources` are the addresses that the file may name. `blobs`
    has the folders of a lock. With an `owner_key`, nothing is shared with other owners.

    Raises:
        Invalid: A line is refused, or cannot be installed in an image.
        NbyardError: The base cannot be pulled or the build fails. The message says why.
    """
    requirements = with_folders_of(text, read_requirements(text, AllowedSources.parse(sources)))
    files = build_files(ImageSpec(Recipe(for_notebooks=for_notebooks), requirements))
    with (
        # Tasks that start together need the same image; one of them builds it.
        _lock(f"{base}\n{requirements}\n{for_notebooks}\n{owner_key}"),
        tempfile.TemporaryDirectory(prefix="nby-packages-") as place,
    ):
        wish = ImageRequest(
            text=files["Dockerfile"],
            files=files,
            folders=staged_packages(blobs, requirements, Path(place)),
            base=base,
            labels={IMAGE_LABEL: "environment", **owner_labels(owner_key)},
            repository=REPOSITORY,
            network=network,
            limits=limits,
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


def code_build_request(folder: Path, file: str, network: str = "", base: str = "") -> ImageRequest:
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


def code_image(
    engine: Engine,
    folder: Path,
    file: str,
    say: Say,
    network: str = "",
    *,
    owner_key: str = "",
    **limits: float,
) -> str:
    """Return the name of the image for a Dockerfile. The image is built if it is missing.

    With an `owner_key`, nothing is shared with other owners.
    """
    wish = code_build_request(folder, file, network)
    labels = {**wish.labels, **owner_labels(owner_key)}
    wish = msgspec.structs.replace(wish, labels=labels, limits=limits)
    with _lock(f"{wish.file}\n{wish.text}\n{owner_key}"):
        return ensure_image(engine, wish, say).reference


def owner_labels(owner_key: str) -> dict[str, str]:
    """Return labels that keep apart equal images of the owners of a shared store."""
    return {OWNER_LABEL: owner_key} if owner_key else {}


def _lock(key: str) -> threading.Lock:
    with _building_lock:
        return _building.setdefault(key, threading.Lock())
