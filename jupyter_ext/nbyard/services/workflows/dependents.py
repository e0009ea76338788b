"""Finds workflows that use a dataset, an image or a credential, according to their saved files."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from nbyard.domain.arguments.structs import is_secret
from nbyard.domain.workflows.structs import Document, Node, read_document
from nbyard.errors import InUse, NbyardError
from nbyard.freezing.node_resolution import Resolver
from nbyard.host.project_files import MAX_DOCUMENT

if TYPE_CHECKING:
    from nbyard.domain.credentials import Credential
    from nbyard.domain.datasets.structs import Dataset
    from nbyard.services.service_context import ServiceContext

NOTHING = Document(1)
SHOWN = 5


def workflows_using(context: ServiceContext, dataset: Dataset) -> list[str]:
    """Return the paths of the owner's workflows that use a dataset.

    The search covers all files below the served folder, and workflows that ran elsewhere. If a file
    cannot be read, the version that ran last is searched.
    """
    names = (dataset.id, dataset.name)
    with context.store.read() as c:
        ran = set(context.store.workflows.paths_with_dataset(c, dataset))
    return paths_where(context, dataset.owner, lambda node: node.dataset in names, ran)


def paths_where(
    context: ServiceContext,
    owner: str,
    uses: Callable[[Node], bool],
    unreadable: Collection[str] = (),
) -> list[str]:
    """Return the paths of the workflows with such a node; `unreadable` ones count without it."""
    paths = []
    for path in _places(context, owner):
        saved = read_saved(Path(path))
        if any(map(uses, saved.nodes.values())) if saved else path in unreadable:
            paths.append(path)
    return paths


def check_unused(
    context: ServiceContext, name: str, paths: Sequence[str], others: Sequence[str] = ()
) -> None:
    """Check that neither a workflow nor anything else uses what is to be deleted.

    Raises:
        InUse: something uses it; the message names the first users.
    """
    users = [*others, *(context.files.without_root(path) for path in paths)]
    if users:
        why = f"'{name}' is used by {', '.join(users[:SHOWN])}."
        raise InUse(why, hint="Remove it from these, or force the deletion.")


def workflows_with_credential(context: ServiceContext, credential: Credential) -> list[str]:
    """Return the paths of the owner's workflows that use a credential.

    A workflow uses a credential if a node passes its name to a secret argument. It also does if a
    parameter of the workflow has the name as default.
    """
    places = _places(context, credential.owner)
    return [path for path in places if _names(context, credential, Path(path))]


def _places(context: ServiceContext, owner: str) -> list[str]:
    """Return the paths of the owner's workflows, and of all workflow files."""
    with context.store.read() as c:
        known = {workflow.path for workflow in context.store.workflows.placed(c, owner)}
    return sorted(known | {str(place) for place in context.files.documents()})


def _names(context: ServiceContext, credential: Credential, path: Path) -> bool:
    names = (credential.id, credential.name)
    try:
        data = path.read_bytes() if path.stat().st_size <= MAX_DOCUMENT else b""
    except OSError:
        return False
    encoded_names = [json.dumps(name, ensure_ascii=False)[1:-1].encode() for name in names]
    # Most files are excluded fast. JSON may escape any character as \u…, so such files are parsed.
    if b"\\u" not in data and not any(word in data for word in encoded_names):
        return False
    document = read_saved(path) or NOTHING
    declared = document.meta.parameters.values()
    if any(parameter.type == "secret" and parameter.default in names for parameter in declared):
        return True
    resolver = Resolver(context, credential.owner, context.files.shown(path.parent))
    for node in document.nodes.values():
        given = {name for name, bound in node.arguments.items() if bound.value in names}
        if given and any(is_secret(a) and a.name in given for a in resolver.view(node).arguments):
            return True
    return False


def read_saved(path: Path) -> Document | None:
    """Return the document in a file: an empty one if the file is gone, None if it is unreadable."""
    try:
        if path.stat().st_size > MAX_DOCUMENT:
            return None
        return read_document(path.read_bytes())
    except FileNotFoundError:
        # Without its folder, the file may lie on a disk that is not mounted: do not call it gone.
        return NOTHING if path.parent.is_dir() else None
    except (OSError, NbyardError):
        return None
