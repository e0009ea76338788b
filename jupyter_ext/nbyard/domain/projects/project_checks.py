"""Checks of the fields of a project that users write, and of the files that a push sends."""

import re
import unicodedata
from collections.abc import Callable, Collection, Iterator, Mapping
from posixpath import dirname, join, normpath
from typing import Any
from urllib.parse import urlsplit

from nbyard.domain.inspection.functions import split_function_path
from nbyard.domain.naming.names import check_name
from nbyard.domain.paging import check_length
from nbyard.domain.presentation import presented_fields
from nbyard.domain.projects.definitions import entry_path
from nbyard.domain.projects.structs import NewProject, ProjectTask
from nbyard.domain.workflows.active_nodes import without_muted
from nbyard.domain.workflows.structs import WORKFLOW, Document, read_document
from nbyard.errors import Detail, Invalid, NbyardError

MOST_TEXT = 20_000
MOST_FACTS = 100
MOST_FACT = 2_000
MOST_URL = 2_000
SCHEMES = ("https", "http", "ssh", "git")
# The short form of SSH: user@host:path
SHORT_SSH = re.compile(r"[\w.-]+@[\w.-]+:(?!//)[^\s:]+")
PLAIN_TEXTS = [
    field.name
    for field in presented_fields(NewProject)
    if field.type is str and field.name not in ("name", "repository")
]


def check_fields(given: Mapping[str, Any]) -> dict[str, Any]:
    """Check the given fields of a project; return them in the form that is stored.

    Raises:
        Invalid: a field is refused.
    """
    checked = dict(given)
    if "name" in given:
        checked["name"] = check_name(given["name"])
    for field in PLAIN_TEXTS:
        if field in given:
            check_length(field, given[field], MOST_TEXT)
    if "repository" in given:
        checked["repository"] = check_repository(given["repository"])
    if "metadata" in given:
        checked["metadata"] = check_facts(given["metadata"])
    if "task" in given:
        for field in ProjectTask.__struct_fields__:
            check_length(f"task.{field}", getattr(given["task"], field), MOST_TEXT)
    return checked


def check_repository(url: str) -> str:
    """Check the URL of a Git repository; return it without spaces around it.

    An empty URL, for a project without a repository, is accepted.

    Raises:
        Invalid: the URL has another scheme, no host, or a password.
    """
    check_length("repository", url, MOST_URL)
    url = url.strip()
    if any(char.isspace() or unicodedata.category(char) == "Cc" for char in url):
        raise Invalid.field("repository", "may not contain spaces or control characters")
    if not url or SHORT_SSH.fullmatch(url):
        return url
    try:
        parts = urlsplit(url)
        is_place = parts.scheme in SCHEMES and bool(parts.hostname)
    except ValueError:  # malformed brackets of an IPv6 address
        is_place, parts = False, urlsplit("")
    if not is_place:
        raise Invalid.field(
            "repository",
            f"must be the URL of a repository ({', '.join(SCHEMES)}) or user@host:path",
        )
    # In HTTP, a user name may be a token. So only ssh and git URLs may have a user name.
    if parts.password is not None or (parts.username and parts.scheme not in {"ssh", "git"}):
        raise Invalid.field(
            "repository", "contains a user name or password. Remove it: projects store no secrets"
        )
    return url


def check_facts(facts: Mapping[str, str]) -> dict[str, str]:
    """Check the metadata of a project; return it with names in the form that is stored.

    Raises:
        Invalid: there are too many facts, or a name or value is refused.
    """
    if len(facts) > MOST_FACTS:
        raise Invalid.field("metadata", f"may have at most {MOST_FACTS} entries")
    checked = {}
    for name, value in facts.items():
        field = f"metadata.{name[:40]}"
        check_length(field, value, MOST_FACT)
        checked[check_name(name, field)] = value
    return checked


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
