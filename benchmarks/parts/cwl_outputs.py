"""Compare the outputs of a run with those that a conformance test of CWL expects, as cwltest does.

A record, a secondary file and a renamed output are outputs of their own in nbyard.
"""

import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

ANY = "Any"
Artifact = dict[str, Any]


class Outputs:
    """The outputs of a run. `store` is the folder of its store."""

    def __init__(self, store: Path, artifacts: list[Artifact]):
        self._store = store
        self._by_name = {artifact["name"]: artifact for artifact in artifacts}

    def difference(self, wanted: dict[str, Any]) -> str:
        """Return the first difference from the expected outputs, empty if there is none."""
        left = set(self._by_name)
        for name, value in wanted.items():
            if why := self._compare((name,), value, left):
                return f"{name}: {why}"
        surplus = [name for name in sorted(left) if self._is_value(self._by_name[name], None)]
        others = sorted(left.difference(surplus))
        return f"{others[0]}: not expected" if others else ""

    def _compare(self, path: tuple[str, ...], wanted: Any, left: set[str]) -> str:
        name = self._name_of(path)
        artifact = self._by_name.get(name)
        if wanted == ANY:
            return "" if artifact else "is missing"
        if artifact is None:
            is_record = isinstance(wanted, dict) and "class" not in wanted
            if not is_record:
                return "" if wanted in (None, []) else "is missing"
            fields = (self._compare((*path, key), inner, left) for key, inner in wanted.items())
            return next(filter(None, fields), "")
        left.discard(name)
        if isinstance(wanted, dict) and wanted.get("class") in ("File", "Directory"):
            return self._of_file(name, artifact, wanted, left)
        if isinstance(wanted, list) and artifact["format"] == "folder":
            return different_listing(wanted, self._members(artifact))
        return "" if self._is_value(artifact, wanted) else f"{self._text(artifact)!r}"

    def _name_of(self, path: tuple[str, ...]) -> str:
        """Return the name of an output, which may not be that of an input."""
        plain = re.sub(r"\W", "_", "_".join(path), flags=re.ASCII)
        names = (plain, f"{plain}_out", f"{plain}_", f"_{plain}")
        return next((name for name in names if name in self._by_name), plain)

    def _of_file(
        self, name: str, artifact: Artifact, wanted: dict[str, Any], left: set[str]
    ) -> str:
        is_folder = artifact["format"] == "folder"
        if is_folder != (wanted["class"] == "Directory"):
            return f"is not a {wanted['class']}"
        called = name_in(wanted)
        if called and called != artifact["filename"]:
            return f"has the name {artifact['filename']}, not {called}"
        for beside in wanted.get("secondaryFiles", ()):
            others = [n for n in left if n.startswith(name)]
            fits = [n for n in others if self._by_name[n]["filename"] == name_in(beside)]
            if not fits:
                return f"has no secondary file {name_in(beside)}"
            left.discard(fits[0])
            if why := self._of_file(fits[0], self._by_name[fits[0]], beside, left):
                return f"{fits[0]} {why}"
        if is_folder:
            return different_listing(wanted.get("listing") or [], self._members(artifact))
        return different_bytes(wanted, self._bytes(artifact["digest"]))

    def _bytes(self, digest: str) -> bytes:
        ending = digest.partition(":")[2][2:]
        return next((self._store / "blobs").rglob(f"*{ending}")).read_bytes()

    def _members(self, artifact: Artifact) -> dict[str, bytes | None]:
        """Return the bytes of the files in a folder by path; those of an empty folder are None."""
        tree = json.loads(self._bytes(artifact["digest"]))
        files = {entry["path"]: self._bytes(entry["digest"]) for entry in tree["files"]}
        return files | dict.fromkeys(tree["folders"])

    def _text(self, artifact: Artifact) -> str:
        is_folder = artifact["format"] == "folder"
        return (
            "a folder"
            if is_folder
            else self._bytes(artifact["digest"])[:60].decode(errors="replace")
        )

    def _is_value(self, artifact: Artifact, wanted: Any) -> bool:
        if artifact["filename"] != f"{artifact['name']}.json":
            return False
        return is_same(wanted, json.loads(self._bytes(artifact["digest"])))


def is_same(wanted: Any, value: Any) -> bool:
    """Return whether a value is the expected one. A `double` may have an exponent: `1e+42`."""
    if wanted == ANY:
        return True
    if isinstance(wanted, list) and isinstance(value, list):
        return len(wanted) == len(value) and all(map(is_same, wanted, value))
    if isinstance(wanted, dict) and isinstance(value, dict):
        return wanted.keys() == value.keys() and all(is_same(wanted[n], value[n]) for n in wanted)
    if isinstance(wanted, bool) or isinstance(value, bool):
        return wanted is value
    if isinstance(wanted, int | float) and isinstance(value, float):
        return float(wanted) == value
    return bool(wanted == value)


def name_in(wanted: dict[str, Any]) -> str:
    """Return the name that an expected file has; empty for any name."""
    place = wanted.get("basename") or wanted.get("path") or wanted.get("location") or ANY
    return "" if place == ANY else PurePosixPath(place).name


def different_bytes(wanted: dict[str, Any], content: bytes) -> str:
    """Return how the content of a file differs from the expected one."""
    if wanted.get("size", len(content)) != len(content):
        return f"has {len(content)} bytes, not {wanted['size']}"
    checksum = f"sha1${hashlib.sha1(content).hexdigest()}"
    if wanted.get("checksum", checksum) != checksum:
        return f"has another checksum ({content[:60]!r})"
    if "contents" in wanted and wanted["contents"].encode() != content:
        return f"has other contents ({content[:60]!r})"
    return ""


def different_listing(wanted: list[Any], members: dict[str, bytes | None]) -> str:
    """Return how the files of a folder or list differ from the expected ones."""
    flat = dict(flattened(wanted))
    tops = {path.partition("/")[0] for path in members}
    # A folder without a listing may contain anything.
    opened = {path for path, file in flat.items() if "listing" not in file}
    named = {path.partition("/")[0] for path in flat}
    if "" not in named and tops != named:
        return f"has {sorted(tops)}, not {sorted(named)}"
    if len(tops) < len(wanted):
        return f"has {len(tops)} entries, not {len(wanted)}"
    for path, file in flat.items():
        if file.get("class") == "Directory" or not path:
            continue
        content = members.get(path)
        if content is None:
            return f"has no file {path}"
        if why := different_bytes(file, content):
            return f"{path} {why}"
    for path in members:
        if path not in flat and not any(path.startswith(f"{top}/") for top in opened) and named:
            return "" if "" in flat else f"has the unexpected file {path}"
    return ""


def flattened(wanted: list[Any], above: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the expected files and folders by path, with secondary files and those in folders."""
    for file in wanted:
        name = name_in(file)
        yield above + name, file
        yield from flattened(file.get("secondaryFiles", []), above)
        yield from flattened(file.get("listing", []), f"{above}{name}/")
