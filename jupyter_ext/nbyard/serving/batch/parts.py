"""What is predicted so far: files beside the target, of all pieces of half a second each, renamed
when they are whole. They become the target in the end; that it is whole stays known until all
targets of a dataset are. Another input or model begins anew."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any

from nbyard.serving.codec import Schema
from nbyard.serving.loading import Spec

from .datasets import writer

PART = re.compile(r"(\d{6})-(\d+)\.arrow")
ABOUT, DONE = "about", "done"
# So much work is lost at most, or more where keeping takes longer than this part of it; so much is
# held at most.
KEPT_SECONDS = 0.5
KEEPING_PART = 1 / 20
MAX_HELD_BYTES = 16 * 2**20


class Parts:
    """Those of one output file. `rows` is how many rows of the input they are of; one that
    `is_done` is whole already."""

    def __init__(self, target: str, schema: Schema, about: str):
        self._target = target
        self._schema = schema
        self._folder = f"{target}.parts"
        self._names: list[str] = []
        self._held: list[Any] = []
        self._kept_at = time.monotonic()
        self._pause = KEPT_SECONDS
        is_same = self._read(ABOUT) == about
        said = self._read(DONE) if is_same else ""
        rows = said.partition(" ")[0]
        self.is_done = bool(said) and said == self._done(rows)
        self.rows = int(rows) if self.is_done else 0
        if not is_same or (said and not self.is_done):
            shutil.rmtree(self._folder, ignore_errors=True)
            os.makedirs(self._folder)
            self._say(ABOUT, about)
        if not self.is_done:
            self._find()

    def _read(self, name: str) -> str:
        try:
            with open(os.path.join(self._folder, name), encoding="utf-8") as file:
                return file.read()
        except FileNotFoundError:
            return ""

    def _say(self, name: str, text: str) -> None:
        with self._new(name) as partial, open(partial, "w", encoding="utf-8") as file:
            file.write(text)

    @contextmanager
    def _new(self, name: str) -> Iterator[str]:
        """Where a file is to be written that is whole as soon as it has its name."""
        path = os.path.join(self._folder, name)
        partial = f"{path}.partial"
        yield partial
        _sync(partial)
        os.replace(partial, path)

    def _done(self, rows: object) -> str:
        """What is kept of a target that is whole: that it was touched since, shows."""
        try:
            found = os.stat(self._target)
        except FileNotFoundError:
            return ""
        return f"{rows} {found.st_size} {found.st_mtime_ns}"

    def _find(self) -> None:
        """Those without a gap from the first on."""
        found = {int(m[1]): m for name in os.listdir(self._folder) if (m := PART.fullmatch(name))}
        while (one := found.get(len(self._names))) is not None:
            self._names.append(one[0])
            self.rows += int(one[2])

    def add(self, batch: Any) -> None:
        """The predictions of the next piece."""
        self._held.append(batch)
        self.rows += batch.num_rows
        is_due = time.monotonic() - self._kept_at >= self._pause
        if is_due or sum(held.nbytes for held in self._held) >= MAX_HELD_BYTES:
            self.keep()

    def keep(self) -> None:
        """What was added is there from now on, whatever happens."""
        import pyarrow

        began = time.monotonic()
        if self._held:
            rows = sum(batch.num_rows for batch in self._held)
            name = f"{len(self._names):06d}-{rows}.arrow"
            schema = self._held[0].schema
            with self._new(name) as partial, pyarrow.ipc.new_file(partial, schema) as file:
                for batch in self._held:
                    file.write_batch(batch)
            self._names.append(name)
        self._held = []
        self._kept_at = time.monotonic()
        self._pause = max(KEPT_SECONDS, (self._kept_at - began) / KEEPING_PART)

    def _batches(self) -> Iterator[Any]:
        import pyarrow

        for name in self._names:
            with pyarrow.OSFile(os.path.join(self._folder, name)) as source:
                file = pyarrow.ipc.open_file(source)
                for index in range(file.num_record_batches):
                    yield file.get_batch(index)
        yield from self._held

    def finish(self) -> None:
        """The target takes the place of what was there, in one step."""
        whole = _whole(self._target)
        with writer(whole, self._schema) as file:
            for batch in self._batches():
                file.write_batch(batch)
        _sync(whole)
        os.replace(whole, self._target)
        self._say(DONE, self._done(self.rows))
        for name in self._names:
            os.remove(os.path.join(self._folder, name))
        self._names, self._held = [], []

    def forget(self) -> None:
        """Nothing is left but the target."""
        shutil.rmtree(self._folder)


def _whole(target: str) -> str:
    root, suffix = os.path.splitext(target)
    return f"{root}.whole{suffix}"


def about(spec: Spec, code: str, path: str) -> str:
    """What the parts of a file are of: the model, the digest of its code, and the input."""
    found = os.stat(path)
    told = {
        "model": spec.told,
        "code": code,
        "input": [os.path.abspath(path), found.st_size, found.st_mtime_ns],
    }
    return json.dumps(told, sort_keys=True)


def digest(root: str, targets: Collection[str]) -> str:
    """Of names, sizes and times of the model's files; what is made for targets among them is none
    of them."""
    made = {path for one in targets for path in (one, f"{one}.parts", _whole(one))}
    seen = hashlib.sha256()
    for folder, subfolders, names in os.walk(root):
        ours = {name for name in (*subfolders, *names) if os.path.join(folder, name) in made}
        subfolders[:] = sorted({*subfolders} - ours - {"__pycache__"})
        for name in sorted({*names} - ours):
            found = os.stat(os.path.join(folder, name), follow_symlinks=False)
            seen.update(f"{folder}/{name} {found.st_size} {found.st_mtime_ns}\n".encode())
    return seen.hexdigest()


def _sync(path: str) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
