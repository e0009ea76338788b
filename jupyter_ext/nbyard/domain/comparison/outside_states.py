"""Files outside the code folder that two tasks used, and how they changed in between."""

from collections.abc import Iterator

from nbyard.domain.attempts.outside_files import OutsideFile
from nbyard.domain.attempts.structs import Observed
from nbyard.reasons.structs import Reason, because


def outside_changes(then: Observed | None, now: Observed | None) -> Iterator[tuple[str, Reason]]:
    """Yield the changed paths outside the code folder, with the change.

    Only paths that both tasks used count. Another path follows from other code or values.
    """
    old = then.outside if then else {}
    new = now.outside if now else {}
    for path in sorted(old.keys() & new.keys()):
        if change := change_between(path, old[path], new[path]):
            yield path, change


def change_between(path: str, old: OutsideFile, new: OutsideFile) -> Reason | None:
    """Return how the state of a path changed, None if a result may not depend on the change."""
    before, after = old.state, new.state
    if "changed" in (before.kind, after.kind):
        return because("file-changed-meanwhile", name=path)
    if before.kind != after.kind:
        came, went = before.kind == "missing", after.kind == "missing"
        code = "file-added" if came else "file-removed" if went else "file-changed"
        return because(code, name=path)
    if not (old.is_read and new.is_read):
        return None
    if old.digest and new.digest:
        is_same = old.digest == new.digest
    else:
        # Large files have no digest, so a new time counts as a change.
        is_same = (before.size, before.mtime_ns) == (after.size, after.mtime_ns)
    if is_same:
        return None
    return because("folder-changed" if before.kind == "folder" else "file-changed", name=path)
