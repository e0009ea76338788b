"""Opens files at paths from users: only regular files, and only in allowed folders.

A path is resolved once, checked, and then opened part by part without following links. If somebody
replaces a part by a link in between, the path is refused.
"""

import contextlib
import errno
import os
import stat
from collections.abc import Sequence
from pathlib import Path

from nbyard.errors import Invalid, NotFound

# Files in these folders leak secrets (/proc/self/environ), block or never end.
SPECIAL_ROOTS = tuple(Path(text) for text in ("/proc", "/sys", "/dev"))
# O_NONBLOCK: a FIFO without a writer opens at once. O_NOCTTY: a terminal does not become the one
# that controls this process.
NO_FOLLOW = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


def locate(path: str | Path, roots: Sequence[Path], field: str = "path") -> Path:
    """Return the real path of a file or folder inside one of the roots.

    Raises:
        Invalid: The path is outside the roots, or not of an ordinary file.
        NotFound: The path does not exist.
    """
    fd = open_within(path, roots, field)
    os.close(fd)
    return Path(os.path.realpath(path))


def open_within(path: str | Path, roots: Sequence[Path], field: str = "path") -> int:
    """Open a regular file or folder inside one of the roots. Return its descriptor.

    Raises:
        Invalid: The path is outside the roots, or not of an ordinary file.
        NotFound: The path does not exist.
    """
    if "\0" in str(path):
        raise Invalid.field(field, "may not contain NUL")
    real = Path(os.path.realpath(path))
    if any(real.is_relative_to(special) for special in SPECIAL_ROOTS):
        raise Invalid.field(field, f"{path} is not an ordinary file")
    for root in roots:
        real_root = Path(os.path.realpath(root))
        if real.is_relative_to(real_root):
            return _walk(real_root, real.relative_to(real_root).parts, field)
    raise Invalid.field(field, f"{path} is outside the folders allowed here")


def open_inside(folder: Path, relative: str, field: str = "path") -> int:
    """Open a path relative to a folder, and return its descriptor.

    The folder may be a link. Links that stay inside the folder are followed.
    """
    parts = Path(relative).parts
    if not {"..", "/"} & set(parts):
        with contextlib.suppress(Invalid):  # possibly a link
            return _walk(folder, parts, field)
    return open_within(folder / relative, [folder], field)


def open_real(path: Path) -> int:
    """Open a path without links, and return its descriptor. A link in the path is refused."""
    return _walk(Path("/"), path.parts[1:], "path")


def _walk(root: Path, parts: Sequence[str], field: str) -> int:
    fd = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    for part in parts:
        try:
            deeper = open_ordinary(part, field, dir_fd=fd)
        finally:
            os.close(fd)
        fd = deeper
    return fd


def open_regular(path: str | Path, *, dir_fd: int | None = None) -> int:
    """Open a regular file and return its descriptor.

    Raises:
        Invalid: The path is a link, a folder or a special file.
        NotFound: The path does not exist.
    """
    fd = open_ordinary(path, dir_fd=dir_fd)
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise Invalid.field("path", f"{path} is a folder, not a file")
    return fd


def open_ordinary(path: str | Path, field: str = "path", *, dir_fd: int | None = None) -> int:
    """Open a regular file or folder and return its descriptor. A FIFO does not block.

    Raises:
        Invalid: The path is a link or a special file.
        NotFound: The path does not exist.
    """
    try:
        # Check before opening: opening alone has effects on some devices.
        _refuse_special(os.stat(path, dir_fd=dir_fd, follow_symlinks=False).st_mode, path, field)
        fd = os.open(path, NO_FOLLOW, dir_fd=dir_fd)
    except OSError as problem:
        if problem.errno in (errno.ENOENT, errno.ENOTDIR):
            raise NotFound(f"{path} does not exist") from problem
        if problem.errno == errno.ELOOP:
            raise Invalid.field(field, f"{path} is a link") from problem
        message = os.strerror(problem.errno or 0)
        why = f"{path} cannot be read: {message}"
        raise Invalid.field(field, why) from problem
    try:
        _refuse_special(os.fstat(fd).st_mode, path, field)
    except Invalid:
        os.close(fd)
        raise
    return fd


def _refuse_special(mode: int, path: str | Path, field: str) -> None:
    if stat.S_ISLNK(mode):
        raise Invalid.field(field, f"{path} is a link")
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        raise Invalid.field(field, f"{path} is not an ordinary file")
