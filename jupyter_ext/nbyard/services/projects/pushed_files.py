"""The files of a pushed project: stored by digest, and copied to a folder for its schedules."""

from __future__ import annotations

import shutil
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from nbyard.blobs import Tree, TreeEntry
from nbyard.blobs.archives import put_archive
from nbyard.domain.ignore_rules import may_hold_secrets
from nbyard.domain.naming.names import check_folder_path
from nbyard.domain.projects.definitions import ProjectFile
from nbyard.errors import Invalid

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nbyard.domain.projects.definitions import ProjectPush
    from nbyard.services.service_context import ServiceContext
    from nbyard.store import Store

MOST_FILES = 10_000


def files_of(context: ServiceContext, digest: str) -> dict[str, ProjectFile]:
    """Return the files of a pushed folder by path.

    `digest` is that of the stored folder, or "".
    """
    if not digest:
        return {}
    return {
        file.path: ProjectFile(file.digest, file.size_bytes, file.executable)
        for file in context.blobs.tree(digest).files
    }


def check_files(files: Mapping[str, ProjectFile], most_bytes: int) -> None:
    """Check the list of files in a push.

    Raises:
        Invalid: There are no files, too many files or too many bytes, or a path is refused.
    """
    if not files:
        raise Invalid.field("files", "may not be empty")
    if len(files) > MOST_FILES:
        raise Invalid.field("files", f"a folder may have at most {MOST_FILES:,} files")
    # The client states the sizes. A negative one must not hide a large one in the sum.
    if sum(max(file.size_bytes, 0) for file in files.values()) > most_bytes:
        raise Invalid.field("files", f"the upload may have at most {most_bytes:,} bytes")
    for path in files:
        check_folder_path(path, "files")
        if any(str(parent) in files for parent in PurePosixPath(path).parents):
            raise Invalid.field(
                "files", f"The archive has '{path[:80]}' as a file and as a folder."
            )


def missing_files(files: Mapping[str, ProjectFile], stored: Mapping[str, ProjectFile]) -> list[str]:
    """Return the sorted paths of files whose bytes the client must send.

    Only bytes of the same project count as stored. Knowing a digest gives no right to read its
    bytes.
    """
    known = {file.digest for file in stored.values()}
    return sorted(path for path, file in files.items() if file.digest not in known)


def store_files(
    context: ServiceContext, owner: str, body: ProjectPush, stored: Mapping[str, ProjectFile]
) -> str:
    """Store the files of a push. Return the digest of the folder.

    Raises:
        Invalid: The bytes of a file are neither in the archive nor in the previous push.
    """
    known = {file.digest: file.size_bytes for file in stored.values()}
    if body.archive:
        _, blob = context.uploads.finish(owner, body.archive)
        tree = put_archive(context.blobs, blob.digest, context.settings.max_bundle_bytes)
        sent = files_of(context, tree.digest).values()
        known |= {file.digest: file.size_bytes for file in sent}
    for path, file in sorted(body.files.items()):
        if known.get(file.digest) != file.size_bytes:
            raise Invalid.field("files", f"The content of {path} is missing. Push again.")
    entries = [
        # The client has left out what its user did not name.
        TreeEntry(path, file.digest, file.size_bytes, file.executable, may_hold_secrets(path))
        for path, file in body.files.items()
    ]
    return context.blobs.put_tree(Tree(entries)).digest


def drop_others(store: Store, kept: Path) -> None:
    """Delete the folders of other pushes of a project, unless a member's automation uses one."""
    with store.read() as c:
        roots = {Path(row.root) for row in store.automations.below(c, "", str(kept.parent))}
    for other in kept.parent.iterdir():
        if other != kept and not any(root.is_relative_to(other) for root in roots):
            shutil.rmtree(other, ignore_errors=True)
