"""Shows datasets as folders that notebooks open by path: resources/<dataset id>/<file>.

    resources/<id>             a link to the current version, replaced by one rename
    resources/.versions/<id>/  the versions that links point to
    resources/.folders/        all link folders so far, for processes that delete datasets

Further link folders, such as `resources` below the server's root, have one link per dataset to the
folder here. A link folder is created with its first link, with a .gitignore, and removed with its
last. Other files in it are never changed: if a name is taken, the error is Conflict.
"""

import contextlib
import hashlib
import os
import re
import shutil
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path

from nbyard.domain.naming.names import check_filename
from nbyard.errors import Conflict, Invalid
from nbyard.reasons.structs import all_of, because

ID = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,127}\Z")
IGNORE_FILE, IGNORED = ".gitignore", "*\n"
FOLDER, VERSIONS, VARIABLE = "resources", ".versions", "NBYARD_RESOURCES"
# An id after the folder's name, or a UUID anywhere in code that names the folder.
MENTIONED = re.compile(
    rf"\b{FOLDER}/([A-Za-z0-9_][A-Za-z0-9_-]*)|\b([0-9a-f]{{8}}(?:-[0-9a-f]+){{4}})\b"
)


def datasets_named_in(code: str, root: Path) -> list[str]:
    """Return the IDs of datasets below the root that code opens as `resources/<id>/…`."""
    if FOLDER not in code:
        return []
    ids = dict.fromkeys(first or other for first, other in MENTIONED.findall(code))
    return [
        dataset_id
        for dataset_id in ids
        if ID.match(dataset_id) and os.path.islink(root / dataset_id)
    ]


def shows_dataset(place: Path) -> bool:
    """Return whether a path is the link of a dataset, or a link folder that contains one."""
    try:
        if not place.is_symlink():
            return place.name == FOLDER and any(map(_is_link, place.iterdir()))
        return _is_link(place)
    except OSError:
        return False


def _is_link(place: Path) -> bool:
    return place.is_symlink() and (Path(os.readlink(place)).parent / VERSIONS).is_dir()


class ResourceLinks:
    """Manages the dataset folders below `root`, and the links to them in the link folders.

    Missing folders between `base` and a link folder are created with the first link, if `base`
    exists.
    """

    def __init__(self, root: Path, link_folders: Sequence[Path] = (), *, base: Path | None = None):
        self.root = root.resolve()
        self._base = base
        self._versions = self.root / VERSIONS
        self._link_folders = [folder.absolute() for folder in link_folders]
        self._versions.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._known = self.root / ".folders"
        self._known.mkdir(exist_ok=True, mode=0o700)

    def path(self, dataset_id: str) -> Path:
        """Return the path of the link to the current version of a dataset.

        Raises:
            Invalid: The ID is malformed.
        """
        if not ID.match(dataset_id):
            raise Invalid.field("dataset", f"'{dataset_id[:100]}' is not a valid ID")
        return self.root / dataset_id

    def link(self, dataset_id: str, filename: str, put: Callable[[Path], object]) -> Path:
        """Show a new version of a dataset. Return the path of the dataset's link.

        `put` creates the file at the path that it gets, or the whole folder without a filename.
        Readers see the previous version until the new one is complete.

        Raises:
            Conflict: Something else is at the path of the link.
        """
        shown = self.path(dataset_id)
        version = self._versions / dataset_id / uuid.uuid4().hex
        version.parent.mkdir(exist_ok=True)
        # Keep the previous version for readers that are just opening it; delete older ones.
        before = shown.resolve()
        try:
            if filename:
                version.mkdir()
                put(version / check_filename(filename))
            else:
                put(version)
            if shown.exists() and not shown.is_symlink():
                raise Conflict(f"{shown} already exists and was not created by nbyard")
            beside = self._versions / f"{version.name}.link"
            # A relative link stays valid if the folder of the store is moved.
            beside.symlink_to(Path(VERSIONS) / version.parent.name / version.name)
            os.replace(beside, shown)
        except BaseException:
            shutil.rmtree(version, ignore_errors=True)
            raise
        for old in version.parent.iterdir():
            if old not in (version, before):
                shutil.rmtree(old, ignore_errors=True)
        self.link_everywhere(dataset_id)
        return shown

    def link_everywhere(self, dataset_id: str) -> None:
        """Create the dataset's link in every link folder.

        Raises:
            Conflict: Other files have the name of a link. The message lists each path.
        """
        shown = self.path(dataset_id)
        missing = [
            folder for folder in self._link_folders if not _points_to(folder / dataset_id, shown)
        ]
        for folder in missing:
            # A path has slashes and may be too long for a file name, so its digest is used.
            name = hashlib.sha256(os.fsencode(folder)).hexdigest()
            with contextlib.suppress(FileExistsError):
                (self._known / name).symlink_to(folder)
        taken = []
        for place in [folder / dataset_id for folder in missing]:
            try:
                if not place.parent.is_dir():
                    has_base = self._base is not None and self._base.is_dir()
                    place.parent.mkdir(parents=has_base, exist_ok=True)
                    (place.parent / IGNORE_FILE).write_text(IGNORED)
                place.symlink_to(shown)
            except FileExistsError:
                if not _points_to(place, shown):
                    obstacle = place if place.is_symlink() or place.exists() else place.parent
                    taken.append(because("link-place-taken", path=str(obstacle)))
            except OSError as problem:
                message = str(problem.strerror)
                taken.append(because("link-refused", path=str(place), message=message))
        if taken:
            raise Conflict(all_of(taken), hint="Move it away, or choose another link folder.")

    def unlink(self, dataset_id: str) -> None:
        """Remove the folder of a dataset and all links to it."""
        shown = self.path(dataset_id)
        for folder in self._all_folders():
            _remove(folder / dataset_id, shown)
        if shown.is_symlink():
            shown.unlink(missing_ok=True)
        shutil.rmtree(self._versions / dataset_id, ignore_errors=True)

    def sweep(self) -> None:
        """Remove the links of datasets that no longer exist."""
        for folder in self._all_folders():
            with contextlib.suppress(OSError):
                shown = os.listdir(folder)
                for name in {*shown}.difference(os.listdir(self.root)):
                    # a listing may miss a name that is being replaced
                    if ID.match(name) and not os.path.lexists(self.root / name):
                        _remove(folder / name, self.root / name)

    def _all_folders(self) -> set[Path]:
        """Return the link folders of this process, and of other processes that used the store."""
        other_folders = (Path(os.readlink(place)) for place in self._known.iterdir())
        return {*self._link_folders, *other_folders}


def _remove(place: Path, target: Path) -> None:
    """Remove a link to `target`. Ignore other files, and folders that cannot be changed."""
    with contextlib.suppress(OSError):
        if _points_to(place, target):
            place.unlink()
            # The folder goes with its last link if it was created here.
            ignore_file = place.with_name(IGNORE_FILE)
            if os.listdir(place.parent) == [IGNORE_FILE] and ignore_file.read_text() == IGNORED:
                ignore_file.unlink()
                place.parent.rmdir()


def _points_to(place: Path, target: Path) -> bool:
    with contextlib.suppress(OSError):
        return os.readlink(place) == str(target)
    return False
