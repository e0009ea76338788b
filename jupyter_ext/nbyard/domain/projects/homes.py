"""The mirror of a user's files on a shared service: those that operations needed so far."""

import msgspec

from nbyard.domain.digest import DIGEST
from nbyard.domain.naming.names import check_folder_path
from nbyard.errors import Invalid


class HomeFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file of the mirror. The path of an empty folder ends in /, and its digest is empty."""

    path: str
    size_bytes: int = 0
    digest: str = ""
    executable: bool = False

    def check(self) -> None:
        """Check the path, the size and the digest.

        Raises:
            Invalid: one of them is refused.
        """
        check_folder_path(self.path.removesuffix("/"), "files")
        is_folder, match = self.path.endswith("/"), DIGEST.match(self.digest)
        is_digest = not self.digest if is_folder else match and match[1] == "sha256"
        if not is_digest or self.size_bytes < 0:
            raise Invalid.field("files", f"{self.path[:200]} needs a SHA-256 digest and a size")


class Home(msgspec.Struct, frozen=True):
    """The files that the last update put in the mirror. Each update has a higher `revision`."""

    revision: int
    files: list[HomeFile]


class HomeUpdate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """New and changed files of the mirror, and paths to remove.

    `upload` is the ID of an upload with the bytes of the files `sent`, one after the other.
    """

    revision: int
    files: list[HomeFile] = []
    removed: list[str] = []
    upload: str = ""
    sent: list[str] = []


class HomeState(msgspec.Struct, frozen=True):
    """The state after an update. Nothing was changed if `missing` names files without bytes."""

    revision: int
    missing: list[str] = []


class HomeChange(msgspec.Struct, frozen=True):
    """A file that an operation wrote. A digest is empty without a file; `was` is the one before."""

    path: str
    size_bytes: int
    digest: str
    was: str = ""


class StoreMove(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A user's own store: an `upload` of its backup, and the `root` folder of the user's files."""

    upload: str
    root: str

    def check(self) -> None:
        """Check the folder, which is replaced in texts.

        Raises:
            Invalid: it is no absolute path of a folder.
        """
        folders = self.root.split("/")
        if len(folders) < 2 or folders[0] or not all(folders[1:]) or {*self.root} & {*'"\\'}:
            raise Invalid.field("root", "must be the absolute path of a folder")


class MovedStore(msgspec.Struct, frozen=True):
    """What was moved from a user's own store."""

    runs: int
    datasets: int
    workflows: int
    environments: int
    size_bytes: int
