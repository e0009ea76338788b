"""Whether a cached result is valid after changes to files that its task may not have read.

Also finds the data files beside the code that a task read.
"""

import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import chain

from nbyard.domain.attempts.structs import Observed
from nbyard.domain.caching.file_probes import Probes, asks_for
from nbyard.domain.commands.interpreters import is_source
from nbyard.domain.digest import KeyParts

Files = Mapping[str, str]  # digests by relative path
# files that programs and libraries look for on their own
SPECIAL = (
    *("Makefile", "conftest.py", "ipython_config.py", "ipython_kernel_config.py"),
    *("matplotlibrc", "setup.cfg", "sitecustomize.py", "usercustomize.py"),
)
MAX_FILES = 100


def changes_that_count(
    old: Files,
    new: Files,
    observed: Observed | None,
    probes: Callable[[], Sequence[Probes]],
    modules: Collection[str] = (),
) -> Iterator[str]:
    """Yield the changed files that invalidate a cached result.

    Files that the task read count. New or removed files count if the task listed their folder, or
    if the code may look for them. An unread file that changed counts if the code asks for sizes,
    times or modes. `probes` returns the probes of the code that was read; it is called only if
    needed. A new file may shadow one of the installed `modules`. Without observations, all changes
    count.
    """
    differing = sorted(name for name in {*old, *new} if old.get(name) != new.get(name))
    if observed is None or observed.problem:
        yield from differing
        return
    seen = _ObservedFiles(old, new, observed)
    left = []
    for name in differing:
        if seen.counts(name):
            yield name
        else:
            left.append(name)
    # parsing the code is slow, so only if needed
    known = probes() if left else []
    # a new file may shadow a module with one of these names
    taken = sys.stdlib_module_names | {module.lower().replace("-", "_") for module in modules}
    for name in left:
        if name in old and name in new:
            # of an unread file that stays, only its size, times or mode can matter
            counts = any(probe.asks_sizes for probe in known)
        else:
            counts = _is_looked_for(known, name, taken, seen.parts)
        if counts:
            yield name


def files_that_count(old: Files, new: Files, observed: Iterable[Observed | None]) -> list[str]:
    """Return the changed files that one of these tasks may have used.

    The names are sorted. `observed` has the observations of each task.
    """
    changes = (changes_that_count(old, new, observation, list) for observation in observed)
    return sorted({*chain.from_iterable(changes)})


def _is_looked_for(
    known: Sequence[Probes], name: str, taken: Collection[str], kept: Collection[str]
) -> bool:
    """Return whether the code may have looked for a file, or a folder that came or went with it."""
    ends = name.split("/")
    # A folder `random/` shadows the module as `random.py` does.
    is_module = any(end.partition(".")[0] in taken for end in (ends[0], ends[-1]))
    asked = [name, *(folder for folder in _above(name) if folder not in kept)]
    return (
        ends[-1] in SPECIAL
        or (is_module and name.endswith((".py", ".so")))
        or any(probe.is_open for probe in known)
        or any(asks_for(known, path) for path in asked)
    )


class _ObservedFiles:
    """The observations of a task, applied to two states of files; `parts` are paths in both."""

    def __init__(self, old: Files, new: Files, observed: Observed) -> None:
        self._read = {*observed.read}
        self._moved = tuple(path for path in observed.read if path.endswith("/"))
        self._listed = {*observed.listed}
        before, now = _paths(old), _paths(new)
        self.parts = before & now
        self._changed = before ^ now

    def counts(self, name: str) -> bool:
        """Return whether the task saw the change of a file."""
        if name in self._read or (self._moved and name.startswith(self._moved)):
            return True
        return any(
            # A folder that came or went with the file changed the listing of its parent, too.
            path in self._changed and (path.rpartition("/")[0] or ".") in self._listed
            for path in (name, *_above(name))
        )


def _paths(files: Files) -> set[str]:
    paths = set(files)
    for name in files:
        for folder in _above(name):
            # The parents of a known folder are in the set already.
            if folder in paths:
                break
            paths.add(folder)
    return paths


def _above(name: str) -> Iterator[str]:
    """Yield the parent folders of a path, the nearest first."""
    while "/" in name:
        name = name.rpartition("/")[0]
        yield name


def files_read(parts: KeyParts | None, observed: Observed | None) -> dict[str, str]:
    """Return the digests of the data files beside the code that a task read, by path.

    Source code and the settings of programs are left out, and files with the bytes of an input. At
    most 100 files are returned.
    """
    if parts is None or observed is None:
        return {}
    given = {*parts.inputs.values()}
    digests = {path: plain_digest(parts.files.get(path, "")) for path in sorted(observed.read)}
    read = [
        (path, digest)
        for path, digest in digests.items()
        if digest and digest not in given and is_data_file(path)
    ]
    return dict(read[:MAX_FILES])


def is_data_file(path: str) -> bool:
    """Return whether a file beside the code holds data by its name, not code or settings."""
    return not is_source(path) and path.rpartition("/")[2] not in SPECIAL


def plain_digest(digest: str) -> str:
    """Return a digest without the mark of an executable file."""
    return digest.partition(" ")[0]
