"""Checks that a push has the files that the workflows of its schedules use."""

from collections.abc import Callable, Collection, Iterator, Mapping
from posixpath import dirname, join, normpath

from nbyard.domain.inspection.functions import split_function_path
from nbyard.domain.projects.toml_places import entry_path
from nbyard.domain.workflows.active_nodes import without_muted
from nbyard.domain.workflows.structs import Document, read_document
from nbyard.errors import Detail, Invalid, NbyardError

WORKFLOW = ".nbflow"


def check_node_files(
    paths: Mapping[str, str], files: Collection[str], read: Callable[[str], bytes]
) -> None:
    """Check that the files of nodes are among the files of a push.

    `paths` has the path of each schedule by name. `read` returns the content of a workflow file.
    Damaged workflows are left out, and so are absolute paths.

    Raises:
        Invalid: Files are missing. The fields are `schedules.NAME.path`.
    """
    details = []
    for name, path in paths.items():
        if not path.endswith(WORKFLOW) or path not in files:
            continue
        try:
            document = read_document(read(path))
        except NbyardError:
            continue
        for node, missing in _missing(document, dirname(path), files):
            why = (
                f"node {node} of {path} uses {missing[:200]}, which is not among the files that"
                " are sent"
            )
            details.append(Detail.of(f"{entry_path('schedules', name)}.path", why))
    if details:
        raise Invalid.fields(details)


def _missing(document: Document, folder: str, files: Collection[str]) -> Iterator[tuple[str, str]]:
    for name, node in without_muted(document).nodes.items():
        # A pinned node uses a stored result or version, and a bypassed one does not run.
        is_stored = node.pin is not None or node.version or node.mode is not None
        path = split_function_path(node.path).file
        if is_stored or not path or path.startswith("/"):
            continue
        target = normpath(join(folder, path))
        is_folder = target == "." or any(file.startswith(f"{target}/") for file in files)
        if target not in files and not is_folder:
            yield name, target
