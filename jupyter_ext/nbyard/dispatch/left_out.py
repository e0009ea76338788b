"""Say of a file that work did not find why it did not travel with the code."""

import os
from collections.abc import Iterable
from pathlib import Path

from nbyard import bundles
from nbyard.dispatch.cases import Case
from nbyard.dispatch.room import Room
from nbyard.domain.attempts import Failure
from nbyard.domain.functions import spot
from nbyard.domain.mentions import code_of, mentions
from nbyard.domain.missing import COLOURS

SIGNS = ("No such file", "No module named", "cannot open", "does not exist", "not found")


def left_out(room: Room, case: Case, failure: Failure) -> str:
    """Return a sentence on the first file that the failure names, that lies beside the code or
    above it, and that is not in its bundle; nothing where there is none."""
    told = COLOURS.sub("", f"{failure.message}\n{failure.traceback}")
    lines = [line for line in told.splitlines() if any(sign in line for sign in SIGNS)]
    if not lines:
        return ""
    with room.store.read() as c:
        version = room.store.executables.version(c, case.task.plan.executable_version_id)
        known = room.store.executables.get(c, case.run.owner, case.task.plan.executable_id)
    if version is None or known is None or not known.path:
        return ""
    own = spot(version.file).file
    path = Path(spot(known.path).file)
    base = path.parents[own.count("/")]
    below = os.path.dirname(own)
    words = _as_seen_from(below, str(case.order.folder), "\n".join(lines))
    names = _paths(words)
    taken = {entry.path for entry in room.blobs.tree(version.bundle_digest).files}
    for name in names:
        place = os.path.normpath(f"{below}/{name}").lstrip("/")
        is_taken = any(one == place or one.startswith(f"{place}/") for one in taken)
        if not place.startswith("../") and os.path.exists(base / place) and not is_taken:
            return f"{name} lies beside {path.name}, but did not travel with it: " + why(
                base, place
            )
    with room.blobs.open(version.content_digest) as handle:
        code = code_of(path.name, handle.read())
    above = [text for text in mentions(code) if text.startswith("..")]
    return outside(base, below, names, above)


def _as_seen_from(below: str, attempt: str, words: str) -> str:
    """Return the words with relative paths in place of those in the attempt's folder."""
    up = "../" * len(Path(below).parts)
    if below:
        words = words.replace(f"{attempt}/code/{below}/", "")
    return words.replace(f"{attempt}/code/", up).replace(f"{attempt}/", f"../{up}")


def _paths(words: str) -> list[str]:
    """Paths in the words; a module is a file or folder."""
    found = mentions(words)
    modules = [text.replace(".", "/") for text in found if "/" not in text]
    return [*found, *(f"{text}.py" for text in modules), *modules]


def outside(base: Path, below: str, names: Iterable[str], above: Iterable[str]) -> str:
    """Return a sentence on the first of the names that is there when it is looked for from the
    folder above the bundle, or from those `above` that the code names; else nothing."""
    folders = ["", os.path.relpath(base.parent, base / below), *above]
    for place in (os.path.normpath(base / below / one / name) for name in names for one in folders):
        if os.path.exists(place) and not Path(place).is_relative_to(base):
            shared = Path(os.path.commonpath((base, place)))
            return (
                f"{place} did not travel with the code, because it lies outside of the folder"
                f" {base}. {_remedy(base, shared)}"
            )
    return ""


def _remedy(base: Path, shared: Path) -> str:
    if bundles.is_project(base) or shared in bundles.no_projects(base):
        return "Move it there, or give it as an input"
    return f"Create an empty file nbyard.toml in {shared}: then all of {shared} travels"


def why(base: Path, place: str) -> str:
    """Return the reason why a file is in no bundle of this folder, and what to do."""
    parts = place.split("/")
    for count in range(1, len(parts) + 1):
        above = "/".join(parts[:count])
        if os.path.islink(base / above):
            return f"{above} is a link. Put the files there, or give them as an input"
        name = f"{above}/" if os.path.isdir(base / above) else above
        if rule := bundles.rule_of(base, name):
            return f"the rule {rule} leaves it out. A line !{above} in .nbyardignore takes it along"
    return (
        f"the folder {base.name or base} is too large to travel whole. Create an empty file"
        " nbyard.toml there, or name the path in the code"
    )
