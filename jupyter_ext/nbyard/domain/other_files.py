"""Other files: what work wrote into its copy of the code beside its declared outputs."""

from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

import msgspec

NAMED = 100  # files that were left out, by their names; of more only the number is kept

Why = Literal["too-large", "too-many", "no-room", "ignored", "link", "name", "secret", "unreadable"]


class LeftOut(msgspec.Struct, frozen=True, omit_defaults=True):
    """A file, or a folder whose path ends in `/`, that was written and not kept.

    `too-large`: the attempt wrote more bytes than are kept. `too-many`: it wrote more files.
    `no-room`: the disk of the store was full. `ignored`: a rule of code bundles leaves it out.
    `link`: it is a link, or no ordinary file. `name`: its name may not be used elsewhere; the
    path shows it with escapes. `secret`: it holds a credential of the run. `unreadable`: it could
    not be read, or changed while it was read.
    """

    path: str
    why: Why
    size_bytes: int = 0


class OtherFiles(msgspec.Struct, frozen=True, omit_defaults=True):
    """Files that work wrote and that are no declared outputs: `count` of them are kept as the
    folder `digest`. `left_out` names up to 100 that are not kept; `more` is how many others."""

    digest: str = ""
    count: int = 0
    size_bytes: int = 0
    left_out: list[LeftOut] = []
    more: int = 0


class OtherFile(msgspec.Struct, frozen=True):
    """One that is kept; `path` is relative to the folder of the code."""

    path: str
    digest: str
    size_bytes: int


class OtherFileList(msgspec.Struct, frozen=True):
    """The other files of a task. `folder` is where its code lies on the machine of the store, empty
    where that is not known: there the files would lie, had the code run in its own folder."""

    files: list[OtherFile]
    left_out: list[LeftOut]
    more: int
    folder: str = ""


class Written(NamedTuple):
    """A file that could be kept."""

    path: str
    size_bytes: int


def within_caps(
    written: Iterable[Written], most_bytes: int, most_files: int
) -> tuple[list[Written], list[LeftOut]]:
    """Split files into those to keep and those beyond the caps; the smallest are kept first."""
    kept: list[Written] = []
    left: list[LeftOut] = []
    size = 0
    for one in sorted(written, key=lambda one: (one.size_bytes, one.path)):
        if size + one.size_bytes > most_bytes:
            left.append(LeftOut(one.path, "too-large", one.size_bytes))
        elif len(kept) >= most_files:
            left.append(LeftOut(one.path, "too-many", one.size_bytes))
        else:
            kept.append(one)
            size += one.size_bytes
    return kept, left


def summary(digest: str, kept: Sequence[Written], left: Sequence[LeftOut]) -> OtherFiles | None:
    """Return what is recorded of a task; None where its work wrote nothing else."""
    if not kept and not left:
        return None
    named = sorted(left, key=lambda one: one.path)[:NAMED]
    size = sum(one.size_bytes for one in kept)
    return OtherFiles(digest, len(kept), size, named, len(left) - len(named))
