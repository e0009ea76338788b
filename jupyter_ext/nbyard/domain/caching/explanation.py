"""Explains why a node cannot use the result of its last run."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from nbyard.domain.digest import KeyParts, canonical_text
from nbyard.reasons.structs import Reason, because

MOST_CHANGES, MOST_PACKAGES = 4, 3
MOST_CHARS = 40

Packages = Mapping[str, str]
# reason codes for items that were added, removed and changed
Codes = tuple[str, str, str]
FILES: Codes = ("file-added", "file-removed", "file-changed")
INPUTS: Codes = ("input-connected", "input-disconnected", "input-changed")


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
    for name in _differing(before, after):
        if name not in before:
            changes.append(because("value-added", name=name, new=_short(after[name])))
        elif name not in after:
            changes.append(because("value-removed", name=name, old=_short(before[name])))
        else:
            shown = {"old": _short(before[name]), "new": _short(after[name])}
            changes.append(because("value-changed", name=name, **shown))
    changes += _changes_of(_differing(old.inputs, new.inputs), old.inputs, new.inputs, INPUTS)
    # a file that is also an input is reported as input
    input_digests = {(old.inputs.get(name), digest) for name, digest in new.inputs.items()}
    changed_files = [
        name
        for name in _differing(old.files, new.files)
        if (old.files.get(name), new.files.get(name)) not in input_digests
        if files is None or name in files
    ]
    changes += _changes_of(changed_files, old.files, new.files, FILES)
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
    differences = [
        because("package-gained", name=name, version=has[name])
        if name not in had
        else because("package-lost", name=name, version=had[name])
        if name not in has
        else because("package-changed", name=name, new=has[name], old=had[name])
        for name in sorted({*had, *has}, key=str.lower)
        if had.get(name) != has.get(name)
    ]
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


def _changes_of(
    names: Iterable[str], old: Mapping[str, Any], new: Mapping[str, Any], codes: Codes
) -> Iterator[Reason]:
    """Yield the change of each of these names."""
    added, removed, changed = codes
    for name in names:
        yield because(
            added if name not in old else removed if name not in new else changed, name=name
        )


def _differing(old: Mapping[str, str], new: Mapping[str, str]) -> list[str]:
    return [name for name in sorted({*old, *new}) if old.get(name) != new.get(name)]


def _short(text: str) -> str:
    return text if len(text) <= MOST_CHARS else text[: MOST_CHARS - 1] + "…"
