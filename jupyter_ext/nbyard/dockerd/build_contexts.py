"""Packs build contexts for the engine as reproducible tar archives."""

import hashlib
import io
import os
import stat
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from nbyard.dockerd.connection import load_sdk

IGNORE_FILE = ".dockerignore"


def context_paths(folder: Path, dockerfile: str) -> list[str]:
    """List the paths in a folder that .dockerignore does not exclude, to send to the engine."""
    load_sdk()
    from docker.utils.build import exclude_paths

    ignoring = folder / IGNORE_FILE
    lines = ignoring.read_text("utf-8", "replace").splitlines() if ignoring.is_file() else []
    patterns = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    return sorted(exclude_paths(str(folder), patterns, dockerfile=dockerfile))


@contextmanager
def pack_context(
    files: Mapping[str, str], folders: Mapping[str, Path], dockerfile: str
) -> Iterator[tuple[IO[bytes], str]]:
    """Yield a tar archive and its SHA-256.

    `files` has texts, `folders` has local folders, both by their paths in the archive.
    """
    with tempfile.TemporaryFile() as whole:
        with tarfile.open(fileobj=whole, mode="w") as archive:
            for name, text in sorted(files.items()):
                data = text.encode()
                archive.addfile(_member(name, len(data), 0o644), io.BytesIO(data))
            for place, folder in sorted(folders.items()):
                _add_folder(archive, place, folder, dockerfile)
        whole.seek(0)
        digest = hashlib.file_digest(whole, "sha256").hexdigest()
        whole.seek(0)
        yield whole, digest


def _member(name: str, size: int, mode: int) -> tarfile.TarInfo:
    """Return a tar entry without owner and date, so that equal files result in equal archives."""
    member = tarfile.TarInfo(name)
    member.size, member.mode = size, mode
    return member


def _add_folder(archive: tarfile.TarFile, place: str, folder: Path, dockerfile: str) -> None:
    for name in context_paths(folder, dockerfile):
        path = folder / name
        status = path.lstat()
        member = _member(os.path.join(place, name), 0, 0o755)
        if stat.S_ISDIR(status.st_mode):
            member.type = tarfile.DIRTYPE
            archive.addfile(member)
        elif stat.S_ISLNK(status.st_mode):
            member.type, member.linkname = tarfile.SYMTYPE, os.readlink(path)
            archive.addfile(member)
        # Devices, sockets and FIFOs are left out.
        elif stat.S_ISREG(status.st_mode):
            # The umask of the user must not change the digest, so only this bit counts.
            is_program = status.st_mode & stat.S_IXUSR
            member.size, member.mode = status.st_size, 0o755 if is_program else 0o644
            with path.open("rb") as file:
                archive.addfile(member, file)
