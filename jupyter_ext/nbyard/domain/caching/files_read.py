"""Data files beside the code that a task was observed to read."""

from nbyard.domain.attempts.structs import Observed
from nbyard.domain.caching.relevant_changes import SPECIAL
from nbyard.domain.commands.interpreters import is_source
from nbyard.domain.digest import KeyParts

MAX_FILES = 100


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
        if digest and digest not in given and is_data_beside(path)
    ]
    return dict(read[:MAX_FILES])


def is_data_beside(path: str) -> bool:
    """Return whether a file beside the code holds data by its name, not code or settings."""
    return not is_source(path) and path.rpartition("/")[2] not in SPECIAL


def plain_digest(digest: str) -> str:
    """Return the digest of a file without the mark of an executable file."""
    return digest.partition(" ")[0]
