"""Explains why a node cannot use the result of its last run, from the facts of both runs."""

from collections.abc import Callable, Collection, Mapping, Sequence

from nbyard.domain.attempts.outside_files import FileState, OutsideFile
from nbyard.domain.digest import KeyParts, canonical_text
from nbyard.reasons.structs import Reason, because

MOST_CHANGES, MOST_PACKAGES = 4, 3
MOST_CHARS = 40

Packages = Mapping[str, str]


def explain_rerun(
    old: KeyParts | None,
    new: KeyParts,
    had: Packages | None = None,
    has: Packages | None = None,
    moved: Reason | None = None,
    files: Collection[str] | None = None,
) -> Reason:
    """Explain why a node cannot use the result of its last run.

    `old` and `new` are the parts of the cache keys then and now. `had` and `has` are the versions
    of the known distributions then and now, by name. `moved` describes a change to another
    environment. Only files in `files` count; None means all.
    """
    if old is None:
        return because("no-earlier-result")
    changes = [because("code-changed")] if old.code != new.code else []
    before = {name: canonical_text(value) for name, value in old.values.items()}
    after = {name: canonical_text(value) for name, value in new.values.items()}
    for name in differing_names(before, after):
        changes.append(value_change(name, *shortened(before, after, name, MOST_CHARS)))
    for name in differing_names(old.inputs, new.inputs):
        changes.append(input_change(name, name in old.inputs, name in new.inputs))
    # a file that is also an input is reported as input
    input_digests = {(old.inputs.get(name), digest) for name, digest in new.inputs.items()}
    changes += [
        file_change(name, name in old.files, name in new.files)
        for name in differing_names(old.files, new.files)
        if (old.files.get(name), new.files.get(name)) not in input_digests
        if files is None or name in files
    ]
    if old.environment != new.environment:
        changes.append(environment_change(had or {}, has or {}, moved))
    if old.declaration != new.declaration:
        changes.append(because("declaration-changed"))
    if not changes:
        return because("result-not-kept")
    return changes_reason(changes)


def changes_reason(changes: Sequence[Reason]) -> Reason:
    """Return the reason that names these changes, the first ones if there are many."""
    return because("changed", changes=_first(changes, MOST_CHANGES, "more-changes"))


def environment_change(had: Packages, has: Packages, moved: Reason | None = None) -> Reason:
    """Return the reason for a changed environment.

    It names the packages that differ, as far as known. `moved` describes a change to another
    environment.
    """
    names = sorted(differing_names(had, has), key=str.lower)
    differences = [package_change(name, had.get(name), has.get(name)) for name in names]
    # If the packages of one side are unknown, every package would seem gained or lost.
    if not differences or not had or not has:
        return moved or because("environment-changed")
    packages = _first(differences, MOST_PACKAGES, "more-packages")
    if moved:
        return because("environment-moved", move=moved, packages=packages)
    return because("environment-has", packages=packages)


def _first(reasons: Sequence[Reason], most: int, more: str) -> list[Reason]:
    """Return the first reasons, and the number of the others under the code `more`."""
    left = len(reasons) - most
    return [*reasons[:most], *([because(more, count=left)] if left > 0 else [])]


def differing_names(old: Mapping[str, object], new: Mapping[str, object]) -> list[str]:
    """Return the names with different items, sorted."""
    return [name for name in sorted({*old, *new}) if old.get(name) != new.get(name)]


def shortened(
    old: Mapping[str, str], new: Mapping[str, str], name: str, most: int
) -> list[str | None]:
    """Return the old and the new text of a name, each with at most `most` characters."""
    texts = (old.get(name), new.get(name))
    return [text if text is None or len(text) <= most else f"{text[: most - 1]}…" for text in texts]


def value_change(name: str, before: str | None, after: str | None) -> Reason:
    """Return the reason for a new, changed or removed value."""
    if before is None:
        return because("value-added", name=name, new=after or "")
    if after is None:
        return because("value-removed", name=name, old=before)
    return because("value-changed", name=name, old=before, new=after)


def package_change(name: str, before: str | None, after: str | None) -> Reason:
    """Return the reason for a new, replaced or removed package."""
    if before is None:
        return because("package-gained", name=name, version=after or "")
    if after is None:
        return because("package-lost", name=name, version=before)
    return because("package-changed", name=name, old=before, new=after)


def input_change(name: str, was: bool, is_now: bool) -> Reason:
    """Return the reason that an input changed. The flags state whether it is connected."""
    code = "input-connected" if not was else "input-changed" if is_now else "input-disconnected"
    return because(code, name=name)


def file_change(name: str, was: bool, is_now: bool) -> Reason:
    """Return the reason that a file changed. The flags state whether it exists."""
    code = "file-added" if not was else "file-changed" if is_now else "file-removed"
    return because(code, name=name)


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
