"""Images of environments: one for each different input, made once."""

import functools
import hashlib
import io
import json
import tarfile
import threading
from collections.abc import Iterable

from nbyard.dockerd import Engine, Say
from nbyard.domain.requirements import read_requirements
from nbyard.images.dockerfile import build_files

REPOSITORY = "nbyard/env"
IMAGE_LABEL = "nbyard.image"
BASE_LABEL = "nbyard.base"

_building: dict[str, threading.Lock] = {}
_building_lock = threading.Lock()


def environment_tag(base_id: str, requirements: list[str], *, for_notebooks: bool) -> str:
    """The tag says all that went into the image."""
    files = build_files(requirements, for_notebooks=for_notebooks)
    whole = json.dumps([base_id, files], sort_keys=True)
    return f"{REPOSITORY}:{hashlib.sha256(whole.encode()).hexdigest()[:32]}"


def environment_image(
    engine: Engine,
    base: str,
    requirements_text: str,
    for_notebooks: bool,
    say: Say,
    network: str = "",
) -> str:
    """The tag of an image with these packages on this base, built when it is not here yet.

    Raises:
        Invalid: a line of the requirements is refused.
        NbyardError: the base cannot be pulled or the build fails; the message says why.
    """
    requirements = read_requirements(requirements_text)
    base_id = _base_id(engine, base, say)
    tag = environment_tag(base_id, requirements, for_notebooks=for_notebooks)
    with _lock(tag):
        if not engine.image_id(tag):
            say(f"Building {tag} on {base}")
            engine.build(
                tag,
                _context(build_files(requirements, for_notebooks=for_notebooks)),
                arguments={"BASE": base},
                labels={IMAGE_LABEL: "environment", BASE_LABEL: base_id},
                network=network,
                say=say,
            )
    return tag


def offer_images(runtimes: Iterable[object], network: str = "") -> None:
    """Give each runtime that asks for images (`image_for`) the way to make them."""
    for runtime in runtimes:
        if hasattr(runtime, "image_for"):
            runtime.image_for = functools.partial(environment_image, network=network)


def _base_id(engine: Engine, base: str, say: Say) -> str:
    known = engine.image_id(base)
    if known:
        return known
    say(f"Pulling {base}")
    engine.pull(base, say)
    return engine.image_id(base)


def _lock(tag: str) -> threading.Lock:
    with _building_lock:
        return _building.setdefault(tag, threading.Lock())


def _context(files: dict[str, str]) -> io.BytesIO:
    """A tar whose bytes depend on nothing but the files."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, content in files.items():
            data = content.encode()
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(data), 0o644
            archive.addfile(member, io.BytesIO(data))
    packed.seek(0)
    return packed
