"""Accesses files below a root. Paths from users or documents never leave the root."""

import contextlib
import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from nbyard.domain.arguments.structs import check_text
from nbyard.domain.ignore_rules import is_cache
from nbyard.domain.inspection.functions import SEPARATOR, split_function_path
from nbyard.domain.naming.names import decoded_forms
from nbyard.domain.workflows.structs import WORKFLOW
from nbyard.errors import Forbidden, Invalid, NotFound, TooLarge
from nbyard.reasons.structs import Reason, because

MAX_DOCUMENT = 64 * 2**20
# The limit of most file systems for one name.
MAX_NAME_BYTES = 255
MAX_LOOKED_AT = 100_000
DOCUMENT = WORKFLOW
MAX_PATH_BYTES = 2000  # an index of PostgreSQL holds 2,704 bytes, with the owner's name
PIECE = 1 << 16
# Files in these folders leak secrets (/proc/self/environ), block or never end.
SPECIAL_ROOTS = tuple(Path(text) for text in ("/proc", "/sys", "/dev"))


class ProjectFiles:
    """The files below a root: that of a Jupyter server, or the whole machine for a shell.

    Relative paths begin in `start`, which is a shell's working directory.
    """

    def __init__(self, root: Path, start: Path | None = None):
        self.root = Path(os.path.realpath(root))
        self.start = start or self.root

    @property
    def is_served(self) -> bool:
        """Return whether the root is that of a server, not the whole machine."""
        return self.root != Path("/")

    def locate(self, path: str, field: str = "path", base: str = "") -> Path:
        """Return the real path for a path relative to the root, or to the folder `base` below it.

        Raises:
            Invalid: The path leaves the root, possibly through a link.
        """
        check_text(path, field)
        if not path:
            raise Invalid.field(field, "a path is needed")
        # A program in between may decode `%2e%2e` once more, and the path would leave the root.
        if any(".." in spelling.split("/") for spelling in decoded_forms(path)[1:]):
            raise Invalid.field(field, "may not contain a percent-encoded ..")
        longest = max(len(os.fsencode(name)) for name in path.split("/"))
        if longest > MAX_NAME_BYTES or len(os.fsencode(path)) > MAX_PATH_BYTES:
            raise _too_long(path, field)
        start = self.root / base.lstrip("/") if base else self.start
        inside = path.lstrip("/") if self.root != Path("/") else path
        real = Path(os.path.realpath(start / inside))
        if self.is_served and path.startswith("/") and not real.exists():
            real = Path(os.path.realpath(path))  # an absolute path, as in a shell
        if len(os.fsencode(real)) > MAX_PATH_BYTES:
            raise _too_long(path, field)
        if not real.is_relative_to(self.root):
            raise Invalid.field(field, f"{path[:200]} leads outside the allowed folder")
        if any(real.is_relative_to(special) for special in SPECIAL_ROOTS):
            raise Invalid.field(field, f"{path[:200]} is not an ordinary file")
        return real

    def locate_code(self, path: str, field: str = "path", base: str = "") -> Path:
        """Return the real path of code. If the code is a function in a file, `::NAME` follows."""
        file, function = split_function_path(path)
        real = self.locate(file, field, base)
        return real.with_name(f"{real.name}{SEPARATOR}{function}") if function else real

    def documents(self) -> Iterator[Path]:
        """Yield the saved workflows below the root, or below a shell's working directory."""
        return self.with_suffix(DOCUMENT)

    def with_suffix(self, suffix: str | tuple[str, ...]) -> Iterator[Path]:
        """Yield the files with a suffix below the root, or below a shell's working directory.

        Caches, hidden files, links and special files are skipped. The search ends after
        MAX_LOOKED_AT entries.
        """
        seen = 0
        for folder, subfolders, names in os.walk(self.start):
            subfolders[:] = [name for name in subfolders if not is_cache(name)]
            for name in names:
                if not name.endswith(suffix) or is_cache(name):
                    continue
                with contextlib.suppress(OSError):
                    if stat.S_ISREG(os.lstat(file := os.path.join(folder, name)).st_mode):
                        yield Path(file)
            seen += len(names) + len(subfolders)
            if seen > MAX_LOOKED_AT:
                return

    def shown(self, real: Path) -> str:
        """Return a real path as users see it, relative to the root."""
        if self.root == Path("/"):
            return str(real)
        return real.relative_to(self.root).as_posix()

    def real_path_of(self, shown: str) -> Path:
        """Return the real path for a path as users see it. The file need not exist."""
        return Path(os.path.normpath(self.start / shown))

    def without_root(self, text: str) -> str:
        """Return a text without the root's path at its beginning."""
        return text.removeprefix(f"{self.root}/") if self.is_served else text

    def spoken_in(self, reason: Reason) -> Reason:
        """Return a reason with the paths in its parameters relative to the root."""
        return msgspec.convert(self._with_shown_paths(msgspec.to_builtins(reason)), Reason)

    def _with_shown_paths(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {name: self._with_shown_paths(member) for name, member in value.items()}
        if isinstance(value, list):
            return [self._with_shown_paths(element) for element in value]
        return self.without_root(value) if isinstance(value, str) else value

    def has(self, real: Path) -> bool:
        """Return whether a real path is below the root."""
        return real.is_relative_to(self.root)

    def read(self, path: str, field: str = "path", limit: int = MAX_DOCUMENT) -> bytes:
        """Return the content of the file at a path relative to the root.

        Raises:
            NotFound: The file does not exist.
            TooLarge: The file has more than `limit` bytes.
        """
        return self.content(self.locate(path, field), limit)

    def content(self, real: Path, limit: int = MAX_DOCUMENT, folder: Path | None = None) -> bytes:
        """Return the content of a file that `locate` has returned, or of a file beside it.

        `folder` is a folder of nbyard outside of the root that may contain the file, such as a copy
        of a result.

        Raises:
            NotFound: The file does not exist.
            Invalid: The file is a link that leads out of the root and the folder.
            TooLarge: The file has more than `limit` bytes.
            Forbidden: The file may not be read.
        """
        path = (self.shown(real) if self.has(real) else str(real))[:200]
        if not real.is_file():
            raise NotFound(because("no-file", path=path))
        target = Path(os.path.realpath(real))
        if not self.has(target) and not (folder and target.is_relative_to(folder)):
            raise Invalid.field("path", f"{path} leads outside the allowed folder")
        if real.stat().st_size > limit:
            raise TooLarge(f"{path} has more than {limit:,} bytes.")
        try:
            return real.read_bytes()
        except PermissionError:
            raise Forbidden(f"{path} cannot be read: permission denied.") from None


def file_of(code: Path) -> Path:
    """Return the file that contains the code. `code` may be the path of a function in it."""
    return code.with_name(split_function_path(code.name).file)


def _too_long(path: str, field: str) -> Invalid:
    return Invalid.field(field, f"{path[:60]}… is longer than a path can be")


def read_small(path: str) -> bytes:
    """Return the content of a small file, with few system calls because callers do this often.

    Raises:
        OSError: The file does not exist or cannot be read.
    """
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        content = piece = os.read(handle, PIECE)
        while len(piece) == PIECE:
            piece = os.read(handle, PIECE)
            content += piece
        return content
    finally:
        os.close(handle)


def write_new(path: str, content: bytes) -> None:
    """Create a small file, which must not exist yet. It may be lost in a power failure."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC)
    try:
        os.fchmod(handle, 0o644)  # whatever the umask: a container may have another user
        while content:
            # One call may write only a part, such as on a disk that is almost full.
            content = content[os.write(handle, content) :]
    finally:
        os.close(handle)


def write_whole(path: Path, content: bytes) -> None:
    """Replace the content of a file atomically. Its mode stays."""
    with replace_atomically(path) as handle:
        handle.write(content)


@contextlib.contextmanager
def replace_atomically(path: Path) -> Iterator[BinaryIO]:
    """Yield a temporary file that replaces `path` atomically at the end of the block.

    The mode stays. If the block fails, the old file stays.
    """
    try:
        mode = os.stat(path).st_mode & 0o777
    except FileNotFoundError:
        mode = 0o644
    # The prefix is short, because the whole name may have 255 bytes.
    descriptor, part = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:40]}.")
    try:
        with os.fdopen(descriptor, "wb") as handle:
            yield handle
            handle.flush()
            # Without this, a power failure may leave an empty file under the final name.
            os.fsync(handle.fileno())
        os.chmod(part, mode)
        os.replace(part, path)
    except BaseException:
        Path(part).unlink(missing_ok=True)
        raise
