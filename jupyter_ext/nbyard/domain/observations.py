"""Whether a result still holds when files of its code changed that its work may not have read."""

import sys
from collections.abc import Callable, Collection, Mapping, Sequence

from nbyard.domain.attempts import Observed
from nbyard.domain.probes import Probes, asks_for

Files = Mapping[str, str]  # digests by relative path
# what programs and libraries look for without being told
SPECIAL = (
    *("Makefile", "conftest.py", "ipython_config.py", "ipython_kernel_config.py"),
    *("matplotlibrc", "setup.cfg", "sitecustomize.py", "usercustomize.py"),
)


def changes_that_count(
    old: Files,
    new: Files,
    observed: Observed | None,
    probes: Callable[[], Sequence[Probes]],
    modules: Collection[str] = (),
) -> list[str]:
    """Return the files for which a result may not be taken, in order.

    Files that were read count, and those that are new or gone in a folder that was listed. Of other
    files that are new or gone those count that the code may have looked for: `probes` are those of
    the code that was read, asked for only where it matters, `modules` those that are installed and
    that a new file may come before. Where nothing is known all count.
    """
    differing = sorted(name for name in {*old, *new} if old.get(name) != new.get(name))
    if observed is None or observed.problem or not differing:
        return differing
    found = [name for name in differing if _was_seen(old, new, observed, name)]
    left = [name for name in differing if name not in found]
    if left:
        known = probes()
        taken = sys.stdlib_module_names | {one.lower().replace("-", "_") for one in modules}
        for name in left:
            is_kept = name in old and name in new
            if _is_asked_about(known) if is_kept else _is_looked_for(known, name, taken):
                found.append(name)
    return sorted(found)


def _was_seen(old: Files, new: Files, observed: Observed, name: str) -> bool:
    moved = tuple(one for one in observed.read if one.endswith("/"))
    if name in observed.read or name.startswith(moved or "\0"):
        return True
    parts = name.split("/")
    for count in range(len(parts)):
        folder, child = "/".join(parts[:count]), "/".join(parts[: count + 1])
        is_listed = (folder or ".") in observed.listed
        if is_listed and _has(old, child) != _has(new, child):
            return True
    return False


def _has(files: Files, path: str) -> bool:
    return path in files or any(name.startswith(f"{path}/") for name in files)


def _is_asked_about(probes: Sequence[Probes]) -> bool:
    """Whether other bytes in a file that is not read may change anything."""
    return any(one.asks_sizes for one in probes)


def _is_looked_for(probes: Sequence[Probes], name: str, modules: Collection[str]) -> bool:
    """Whether it may matter that the file is there."""
    parts = name.split("/")
    comes_before = {parts[0].partition(".")[0], parts[-1].partition(".")[0]} & {*modules}
    is_module = comes_before and name.endswith((".py", ".so"))
    is_special = bool(is_module) or parts[-1] in SPECIAL
    return is_special or any(one.is_open for one in probes) or asks_for(probes, name)
