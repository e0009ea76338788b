"""Builds images on an engine.

If an image with equal inputs exists, it is used instead. The error of a failed build names the line
of the Dockerfile.
"""

import hashlib
import json
import math
import re
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import IO

import msgspec

from nbyard.dockerd import STORE, Engine, Say, engine_message, pack_context
from nbyard.domain.environments.requirements import wants_git
from nbyard.domain.images.dockerfile_parser import BASE, STEP, FailedLine, base_images, failed_line
from nbyard.errors import NbyardError, Unavailable
from nbyard.reasons.structs import Reason, because

IMAGE_LABEL = "nbyard.image"
TRIES = 3
STAGE_GONE = re.compile(r"No such image: sha256:[0-9a-f]{64}")
DOCKERFILE = "Dockerfile"
TAIL_LINES = 40
FULL = "No space left on device"
# Standard error contains colour codes.
COLOURS = re.compile(r"\x1b\[[0-9;]*m")
TROUBLE = re.compile(r"^\s*(?:ERROR|Error|error|E)\s*:\s*(\S.*)$")
EXITED = re.compile(r"returned a non-zero code: (\d+)")


class BuildFailed(NbyardError):
    """The build of an image failed."""

    def __init__(self, reason: Reason, failed_line: FailedLine | None):
        super().__init__(reason)
        self.failed_line = failed_line


class ImageRequest(msgspec.Struct, frozen=True):
    """An image to build.

    `files` and `folders` are keyed by their paths in the build context. `file` is the path of the
    Dockerfile there, and `text` its content. Without a `reference`, the image is named in
    `repository` by the digest of its inputs.
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
                say=pass_line,
                wanted=wanted,
            )
            return
        except Unavailable:
            raise
        except NbyardError as error:
            # Other builds and programs may remove a stage without a name while this one needs it.
            if not (tries_left and STAGE_GONE.search(engine_message(error))):
                raise _failure(wish.text, steps, list(tail), error) from error
            say(f"{error.message}. Building again.")
            steps.clear()
            tail.clear()


def _failure(text: str, steps: list[str], tail: list[str], error: NbyardError) -> BuildFailed:
    message = engine_message(error)
    at = failed_line(text, steps, message)
    exited = EXITED.search(message)
    printed = [match[1] for line in tail if (match := TROUBLE.match(line))]
    if any(FULL.lower() in line.lower() for line in [*tail, message]):
        cause = because("engine-disk-full")
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
    """Return the labels that identify the store and the kind of an image."""
    return {STORE: store_id, IMAGE_LABEL: kind}
