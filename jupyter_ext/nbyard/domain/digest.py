"""Canonical text of plain values, digests, and cache keys that explain themselves."""

import hashlib
import json
from collections.abc import Collection, Mapping
from typing import Any

import msgspec


def canonical_text(value: Any) -> str:
    """Return sorted, compact JSON: equal values give equal text. Structs become objects."""
    plain = msgspec.to_builtins(value, str_keys=True)
    return json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def digest_of(value: Any) -> str:
    """Return `sha256:<hex>` of the canonical text."""
    text = canonical_text(value).encode("utf-8", "surrogatepass")  # file names may be any bytes
    return "sha256:" + hashlib.sha256(text).hexdigest()


class KeyParts(msgspec.Struct, frozen=True):
    """All parts of a node's cache key.

    `values` are the typed argument values. `inputs` are digests by input name. `files` are
    digests of the bundle's files by relative path, without the code itself, with their
    executable flag. `environment` names interpreter and distributions, or the image.
    """

    code: str
    values: dict[str, Any]
    inputs: dict[str, str]
    files: dict[str, str]
    environment: str
    declaration: str

    def key(self) -> str:
        """Return the cache key."""
        return digest_of(self)

    def base_key(self) -> str:
        """Return a key that ignores `files`."""
        return digest_of(msgspec.structs.replace(self, files={}))


Packages = Mapping[str, str]


def explain(
    old: KeyParts | None,
    new: KeyParts,
    had: Packages | None = None,
    has: Packages | None = None,
    moved: str = "",
    files: Collection[str] | None = None,
) -> str:
    """Explain why a node cannot use the result of its last run.

    `had` and `has` are the known distributions of its environment then and now, by name.
    `moved` describes a change to another environment. Only files in `files` count; None means
    all.
    """
    if old is None:
        return "it has no earlier result"
    reasons = []
    if old.code != new.code:
        reasons.append("its code changed")
    reasons += _changes(old.values, new.values, "{name} changed {old} → {new}")
    reasons += _new_bytes(old.inputs, new.inputs)
    reasons += [
        f"the file {name} {_how(old, new, name)}"
        for name in _new_files(old, new)
        if files is None or name in files
    ]
    if old.environment != new.environment:
        reasons.append(environment_change(had or {}, has or {}, moved))
    if old.declaration != new.declaration:
        reasons.append("its declaration changed")
    more = f" and {len(reasons) - 4} more changes" if len(reasons) > 4 else ""
    return "; ".join(reasons[:4]) + more or "its last result is no longer kept"


def environment_change(had: Packages, has: Packages, moved: str = "") -> str:
    """Describe the packages that changed, after the words about another environment."""
    told = [
        f"gained {name} {has[name]}"
        if name not in had
        else f"lost {name} {had[name]}"
        if name not in has
        else f"has {name} {has[name]} instead of {had[name]}"
        for name in sorted({*had, *has}, key=str.lower)
        if had.get(name) != has.get(name)
    ]
    if not told or not had or not has:
        return moved or "its environment changed"
    more = f" and {len(told) - 3} more" if len(told) > 3 else ""
    return (f"{moved}: it " if moved else "its environment ") + ", ".join(told[:3]) + more


def _new_bytes(old: Mapping[str, str], new: Mapping[str, str]) -> list[str]:
    return [
        f"{name} is connected now"
        if name not in old
        else f"{name} is not connected any more"
        if name not in new
        else f"{name} has new bytes"
        for name in sorted({*old, *new})
        if old.get(name) != new.get(name)
    ]


def _new_files(old: KeyParts, new: KeyParts) -> list[str]:
    """Return the changed files of the bundle. A file that is also an input is reported as input."""
    # changed inputs are reported by their own names
    told = {(old.inputs.get(name), digest) for name, digest in new.inputs.items()}
    return [
        name
        for name in sorted({*old.files, *new.files})
        if old.files.get(name) != new.files.get(name)
        and (old.files.get(name), new.files.get(name)) not in told
    ]


def _how(old: KeyParts, new: KeyParts, name: str) -> str:
    if name not in old.files:
        return "is new"
    return "changed" if name in new.files else "is gone"


def _changes(old: Mapping[str, Any], new: Mapping[str, Any], text: str) -> list[str]:
    before = {name: canonical_text(value) for name, value in old.items()}
    after = {name: canonical_text(value) for name, value in new.items()}
    return [
        text.format(name=name, old=_short(before.get(name)), new=_short(after.get(name)))
        for name in sorted({*before, *after})
        if before.get(name) != after.get(name)
    ]


def _short(text: str | None) -> str:
    if text is None:
        return "nothing"
    return text if len(text) <= 40 else text[:39] + "…"
