"""Save predictions in parts, from which a cancelled or failed batch prediction resumes.

Parts are files beside the target, each with the predictions of about half a second. A complete
part is renamed to the digest of its content. At the end the parts become the target. The record
that a target is complete is kept until all targets of a dataset are complete. With another input
or model, the prediction starts again.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import time
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from nbyard.serving.codec import Schema
from nbyard.serving.models import Spec

from .table_files import open_writer

PART = re.compile(r"(\d{6})-(\d+)-([0-9a-f]{64})\.arrow")
SUFFIX, ABOUT, DONE = ".parts", "about", "done"
# The variable with a digest of all that the result depends on (model, image, data), if known. Parts
# of an earlier attempt match by this key, even if paths and times of files differ.
KEY = "NBYARD_RESULT_KEY"
BLOCK_BYTES = 2**20
# A part is saved every KEPT_SECONDS, or less often, so that saving takes at most KEEPING_PART of
# the time. A part is also saved when MAX_HELD_BYTES are held in memory.
KEPT_SECONDS = 0.5
KEEPING_PART = 1 / 20
MAX_HELD_BYTES = 16 * 2**20


class Parts:
    """The saved parts of one output file, the `target`.

    `about` describes model and input; parts with another description are deleted. `rows` is the
    number of predicted rows. `is_done` means that the target is complete.
    """

    def __init__(self, target: str, schema: Schema, about: str):
        self._target = target
        self._schema = schema
        self._folder = f"{target}{SUFFIX}"
        self._names: list[str] = []
        self._held: list[Any] = []
        self._kept_at = time.monotonic()
        self._pause = KEPT_SECONDS
        is_same = self._read(ABOUT) == about
        said = self._read(DONE) if is_same else ""
        rows = said.partition(" ")[0]
        self.is_done = bool(said) and said == self._completion_record(rows)
        self.rows = int(rows) if self.is_done else 0
        # another input or model, or the target was changed
        if not is_same or (said and not self.is_done):
            shutil.rmtree(self._folder, ignore_errors=True)
            os.makedirs(self._folder)
            self._write(ABOUT, about)
        if not self.is_done:
            names = os.listdir(self._folder)
            for match in in_order(names):
                if _digest(self._place(match[0])) != match[3]:
                    break
                self._names.append(match[0])
                self.rows += int(match[2])
            for name in {*names} - {*self._names, ABOUT}:
                os.remove(self._place(name))

    def _read(self, name: str) -> str:
        try:
            with open(self._place(name), encoding="utf-8") as file:
                return file.read()
        except FileNotFoundError:
            return ""

    def _write(self, name: str, text: str) -> None:
        partial = self._place(f"{name}.partial")
        with open(partial, "w", encoding="utf-8") as file:
            file.write(text)
        self._name(partial, name)

    def _place(self, name: str) -> str:
        return os.path.join(self._folder, name)

    def _name(self, partial: str, name: str) -> None:
        """Rename a file to its final name, which only complete files have."""
        # Otherwise a power failure could leave the final name with incomplete content.
        _sync(partial)
        os.replace(partial, self._place(name))

    def _completion_record(self, rows: object) -> str:
        """Return the record of a complete target: its rows and digest, to detect changes."""
        try:
            return f"{rows} {_digest(self._target)}"
        except FileNotFoundError:
            return ""

    def add(self, batch: Any) -> None:
        """Add the predictions of the next piece; save a part if it is time."""
        self._held.append(batch)
        self.rows += batch.num_rows
        is_due = time.monotonic() - self._kept_at >= self._pause
        if is_due or sum(held.nbytes for held in self._held) >= MAX_HELD_BYTES:
            self.keep()

    def keep(self) -> None:
        """Save the batches since the last part as a part, so that they survive a crash."""
        import pyarrow

        began = time.monotonic()
        if self._held:
            rows = sum(batch.num_rows for batch in self._held)
            partial = self._place("part.partial")
            with pyarrow.ipc.new_file(partial, self._held[0].schema) as file:
                for batch in self._held:
                    file.write_batch(batch)
            name = f"{len(self._names):06d}-{rows}-{_digest(partial)}.arrow"
            self._name(partial, name)
            self._names.append(name)
        self._held = []
        self._kept_at = time.monotonic()
        self._pause = max(KEPT_SECONDS, (self._kept_at - began) / KEEPING_PART)

    def _batches(self) -> Iterator[Any]:
        import pyarrow

        for name in self._names:
            with pyarrow.OSFile(self._place(name)) as source:
                file = pyarrow.ipc.open_file(source)
                for index in range(file.num_record_batches):
                    yield file.get_batch(index)
        yield from self._held

    def finish(self) -> None:
        """Write the target from all parts, atomically, and delete the parts."""
        whole = _whole(self._target)
        with open_writer(whole, self._schema) as file:
            for batch in self._batches():
                file.write_batch(batch)
        _sync(whole)
        os.replace(whole, self._target)
        # Before the parts are deleted: a crash in between must not lose both.
        self._write(DONE, self._completion_record(self.rows))
        for name in self._names:
            os.remove(self._place(name))
        self._names, self._held = [], []

    def forget(self) -> None:
        """Delete the folder of the parts. The target stays."""
        shutil.rmtree(self._folder)


def _whole(target: str) -> str:
    root, suffix = os.path.splitext(target)
    return f"{root}.whole{suffix}"


def in_order(names: Collection[str]) -> Iterator[re.Match[str]]:
    """Yield the matches of parts among file names, from the first one on without a gap.

    The groups of a match are number, rows and digest.
    """
    matches = {int(match[1]): match for name in names if (match := PART.fullmatch(name))}
    for number in range(len(matches)):
        if number not in matches:
            return
        yield matches[number]


def part_dependencies(
    spec: Spec, source: str, targets: Mapping[str, Collection[str]]
) -> dict[str, str]:
    """Return by target a text that describes the model, its code and the input.

    Parts with another text are out of date. The key in the variable NBYARD_RESULT_KEY, if set,
    replaces the digest of the code. Input files are then described by their names only.
    """
    key = os.environ.get(KEY, "")
    known = {"key": key} if key else {"code": files_digest(spec.root, targets)}
    dependencies = {}
    for target, files in targets.items():
        lines = []
        for path in files:
            identity: list[Any] = [os.path.relpath(path, source)]
            if not key:
                state = os.stat(path)
                identity = [os.path.abspath(path), state.st_size, state.st_mtime_ns]
            about = {"model": spec.fields, **known, "input": identity}
            lines.append(json.dumps(about, sort_keys=True))
        dependencies[target] = "\n".join(lines)
    return dependencies


def key_in(about: str) -> str:
    """Return the key in a text of `part_dependencies`; empty if it has none."""
    try:
        parsed = json.loads(about.partition("\n")[0])
    except ValueError:
        return ""
    return str(parsed.get("key", "")) if isinstance(parsed, dict) else ""


def files_digest(root: str, targets: Collection[str]) -> str:
    """Return a digest of the names, sizes and times of files in the model's folder.

    Targets in that folder are left out.
    """
    made = {path for target in targets for path in (target, f"{target}{SUFFIX}", _whole(target))}
    seen = hashlib.sha256()
    for folder, subfolders, names in os.walk(root):
        ours = {name for name in (*subfolders, *names) if os.path.join(folder, name) in made}
        # the interpreter writes bytecode there
        subfolders[:] = sorted({*subfolders} - ours - {"__pycache__"})
        for name in sorted({*names} - ours):
            status = os.stat(os.path.join(folder, name), follow_symlinks=False)
            seen.update(f"{folder}/{name} {status.st_size} {status.st_mtime_ns}\n".encode())
    return seen.hexdigest()


def _digest(path: str) -> str:
    seen = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(BLOCK_BYTES):
            seen.update(block)
    return seen.hexdigest()


def _sync(path: str) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
