"""Finds and removes files that may hold secrets in stored code.

An older nbyard copied such files with the code. Today a file is copied only if a user names it,
and is then marked as declared.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

import msgspec

from nbyard.blobs import Blobs, TreeEntry
from nbyard.domain.projects.definitions import FOLDER, push_name
from nbyard.errors import Busy
from nbyard.reasons.structs import because
from nbyard.store import Connection, Store
from nbyard.store.runs.stored_code import StoredCode

CODE = StoredCode()


class StoredSecret(msgspec.Struct, frozen=True):
    """A file in stored code that may hold secrets.

    `used_by` has the names of what uses the code, by noun: `executable`, `image`, `model` or
    `project`. The `folders` with the file are digests.
    """

    path: str
    digest: str
    size_bytes: int
    folders: list[str]
    runs: list[int]
    used_by: dict[str, list[str]]


def code_folders(store: Store, c: Connection) -> set[str]:
    """Return the digests of stored folders that are code, not data."""
    named = {digest for digest, _, _ in CODE.users(c)} | store.environments.digests(c)
    data = {*store.artifacts.digests(c), *store.datasets.digests(c)}
    return {digest for digest in named - data if digest.startswith("tree:")}


def split_entries(
    blobs: Blobs, digests: Iterable[str], code: Collection[str]
) -> tuple[set[str], list[tuple[str, TreeEntry]]]:
    """Return the digests with those of files in folders, and the secrets in folders of code.

    Each secret is a folder's digest and an entry whose bytes no other file has.
    """
    wanted, stray = {*digests}, list[tuple[str, TreeEntry]]()
    for folder in [digest for digest in wanted if digest.startswith("tree:")]:
        for entry in blobs.tree(folder).files:
            if folder in code and entry.is_stray_secret:
                stray.append((folder, entry))
            else:
                wanted.add(entry.digest)
    return wanted, [(folder, entry) for folder, entry in stray if entry.digest not in wanted]


def find_secrets(store: Store, blobs: Blobs) -> list[StoredSecret]:
    """Return the files in stored code that may hold secrets and were not declared, by path."""
    with store.read() as c:
        code = code_folders(store, c)
        named = {digest for digest in code | store.digests(c) if blobs.exists(digest)}
        users = [*CODE.users(c)]
    _, stray = split_entries(blobs, named, code)
    grouped: dict[tuple[str, str], list[tuple[str, TreeEntry]]] = {}
    for folder, entry in stray:
        grouped.setdefault((entry.path, entry.digest), []).append((folder, entry))
    secrets = []
    for (path, digest), places in sorted(grouped.items()):
        folders = sorted(folder for folder, _ in places)
        used_by: dict[str, set[str]] = {}
        for folder, noun, name in users:
            if folder in folders and name:
                used_by.setdefault(noun, set()).add(name)
        with store.read() as c:
            numbers = CODE.runs(c, folders)
        by_noun = {noun: sorted(names) for noun, names in used_by.items()}
        size = places[0][1].size_bytes
        secrets.append(StoredSecret(path, digest, size, folders, numbers, by_noun))
    return secrets


def remove_secrets(store: Store, blobs: Blobs) -> list[StoredSecret]:
    """Delete the bytes that `find_secrets` finds, and return what was found.

    The records of runs stay and name the removed files.

    Raises:
        Busy: A process stores bytes.
    """
    with blobs.exclusive_collection() as is_alone:
        if not is_alone:
            raise Busy("Another process stores files now.", hint="Try again in a moment.")
        secrets = find_secrets(store, blobs)
        with store.write() as c:
            by_folder: dict[str, list[str]] = {}
            for secret in secrets:
                for folder in secret.folders:
                    by_folder.setdefault(folder, []).append(secret.path)
            for folder, paths in by_folder.items():
                CODE.warn(c, [folder], because("secrets-removed", names=paths))
            for secret in secrets:
                _remove_copies(store, secret)
                blobs.delete(secret.digest)
    return secrets


def _remove_copies(store: Store, secret: StoredSecret) -> None:
    """Delete a secret from the folders of pushed projects."""
    for folder in secret.folders:
        for push in (store.folder / FOLDER).glob(f"*/{push_name(folder)}"):
            (push / secret.path).unlink(missing_ok=True)
