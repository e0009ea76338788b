"""Compares the code of two versions by lines, or notebooks by cell if possible."""

from nbyard.blobs import Blobs
from nbyard.domain.executables.code_diffs import (
    MAX_LINES,
    Diff,
    DiffLine,
    diff_lines,
    notebook_lines,
    shorten_line,
)
from nbyard.domain.executables.structs import ExecutableVersion
from nbyard.reasons.structs import Reason
from nbyard.services.executables.notebook_diffs import notebook_diff


def version_diff(blobs: Blobs, old: ExecutableVersion, new: ExecutableVersion) -> Diff:
    """Return the changed lines between two versions, which may be of different executables."""
    contents = [content_of(blobs, version.content_digest) for version in (old, new)]
    are_notebooks = (old.kind, new.kind) == ("notebook", "notebook")
    lines, hint = content_diff(*contents, are_notebooks=are_notebooks)
    short = [*map(shorten_line, lines[:MAX_LINES])]
    return Diff(old.number, new.number, short, len(lines) > MAX_LINES, hint)


def content_diff(
    old: bytes, new: bytes, *, are_notebooks: bool
) -> tuple[list[DiffLine], Reason | None]:
    """Return the changed lines, and a hint if the cells of notebooks could not be compared."""
    if not are_notebooks:
        texts = [content.decode("utf-8", "replace") for content in (old, new)]
        return list(diff_lines(*texts)), None
    from nbyard.kinds.notebook import read_notebook

    notebooks = [read_notebook(content) for content in (old, new)]
    lines, hint = notebook_diff(*notebooks)
    # Without nbdime, or if too much has changed, compare the sources of all cells as one text.
    if lines is None:
        lines = list(diff_lines(*(notebook_lines(notebook) for notebook in notebooks)))
    return lines, hint


def content_of(blobs: Blobs, digest: str) -> bytes:
    """Return all stored bytes with this digest."""
    with blobs.open(digest) as handle:
        return bytes(handle.read())
