"""Code with files beside it from other versions of the executable, as bisections run it."""

import msgspec

from nbyard.blobs.trees import Tree
from nbyard.dispatch.context import DispatchContext
from nbyard.domain.executables.structs import ExecutableVersion
from nbyard.domain.inspection.functions import split_function_path
from nbyard.domain.runs.structs import TaskPlan
from nbyard.errors import NotFound
from nbyard.reasons.structs import because
from nbyard.store import Connection


def with_mixed_files(
    context: DispatchContext, c: Connection, plan: TaskPlan, version: ExecutableVersion
) -> ExecutableVersion:
    """Return the version with the plan's `mixed_files` in its bundle, which is stored.

    A path that the other version lacks is left out.

    Raises:
        NotFound: The other version was deleted.
    """
    if not plan.mixed_files:
        return version
    blobs = context.blobs
    entries = {entry.path: entry for entry in blobs.tree(version.bundle_digest).files}
    for version_id in {*plan.mixed_files.values()}:
        other = context.store.executables.version(c, version_id)
        if other is None:
            raise NotFound(because("code-gone", node=plan.label))
        there = {entry.path: entry for entry in blobs.tree(other.bundle_digest).files}
        for path, source in plan.mixed_files.items():
            if source != version_id or path == split_function_path(version.file).file:
                continue
            entries.pop(path, None)
            if path in there:
                entries[path] = there[path]
    # Of an empty folder, a file of the other version may be the first one.
    folders = [
        folder
        for folder in blobs.tree(version.bundle_digest).folders
        if not any(path.startswith(f"{folder}/") for path in entries)
    ]
    bundle = blobs.put_tree(Tree([*entries.values()], folders))
    return msgspec.structs.replace(version, bundle_digest=bundle.digest)
