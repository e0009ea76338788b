"""Changes of files outside the code folder that invalidate a cached result."""

from collections.abc import Callable

from nbyard.domain.attempts.outside_files import FileState, OutsideFile
from nbyard.domain.caching.explanation import file_change
from nbyard.reasons.structs import Reason, because


def change_of(
    path: str, old: OutsideFile, now: FileState, digest: Callable[[], str]
) -> Reason | None:
    """Return the change at a path that prevents the reuse of a result.

    The result expects the state `old`; `now` is the present one. `digest` returns the present
    digest of the content, or of the names or entries. It is called only if needed. Return None if
    the path does not prevent the reuse.
    """
    before = old.state
    if before.kind == "changed":
        return because("file-changed-meanwhile", name=path)
    if before.kind == "many":
        return because("too-many-outside", name=path)
    if before.kind != now.kind:
        return file_change(path, before.kind != "missing", now.kind != "missing")
    # Programs cannot set ctime, so equal states mean equal bytes without reading the file.
    if not old.is_read or (now.kind == "file" and before == now):
        return None
    if now.kind in ("folder", "missing"):
        # of a missing path, the digest is that of paths which begin like it
        is_same = digest() == old.digest if old.digest else now.kind == "missing"
        folder = path if now.kind == "folder" else path.rpartition("/")[0]
        return None if is_same else because("folder-changed", name=folder)
    # A copied or touched file has new times, but may have the same bytes.
    is_same = bool(old.digest) and before.size == now.size and digest() == old.digest
    return None if is_same else because("file-changed", name=path)
