"""Say of a file that work did not find why it did not travel with the code."""

import os
from pathlib import Path

from nbyard import bundles
from nbyard.dispatch.cases import Case
from nbyard.dispatch.room import Room
from nbyard.domain.attempts import Failure
from nbyard.domain.functions import spot
from nbyard.domain.mentions import mentions
from nbyard.domain.missing import COLOURS

SIGNS = ("No such file", "No module named", "cannot open", "does not exist", "not found")


def left_out(room: Room, case: Case, failure: Failure) -> str:
    """Return a sentence on the first file that the failure names, that lies beside the code, and
    that is not in its bundle; nothing where there is none."""
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
    words = "\n".join(lines).replace(f"{case.order.folder}/code/{below}".rstrip("/") + "/", "")
    taken = {entry.path for entry in room.blobs.tree(version.bundle_digest).files}
    for name in _paths(words):
        place = os.path.normpath(f"{below}/{name}").lstrip("/")
        is_taken = any(one == place or one.startswith(f"{place}/") for one in taken)
        if not place.startswith("../") and os.path.exists(base / place) and not is_taken:
            return f"{name} lies beside {path.name}, but did not travel with it: " + why(
                base, place
            )
    return ""


def _paths(words: str) -> list[str]:
    """Paths in the words; a module is a file or folder."""
    found = mentions(words)
    modules = [text.replace(".", "/") for text in found if "/" not in text]
    return [*found, *(f"{text}.py" for text in modules), *modules]


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
