"""The names of items in the store, and of parameters of files, for completion in the shell."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from nbyard.cli.typed_values import split_target
from nbyard.discover import connect
from nbyard.domain.executables.structs import Inspect
from nbyard.domain.workflows.structs import WORKFLOW, read_document
from nbyard.host.server_names import server_of
from nbyard.services.operation_table import table
from nbyard.settings import Settings

MOST = 200
# The first of these fields that has a value is what a command accepts.
FIELDS = ("name", "reference", "number", "id")


def parameter_names(given: Mapping[str, Any], key: str) -> Iterator[str]:
    """Yield `NAME=` for each value and input of the file or executable in the argument `key`.

    The argument may also be an automation, which names the file. A server reads its own
    files, except for workflows, which are read on this machine only.

    Raises:
        NbyardError: What the argument names does not exist, or is refused.
        OSError: The workflow is not readable.
    """
    server = str(given.get("server") or "")
    argument = given.get(key) or ""
    target = argument if isinstance(argument, str) else argument[0]
    if not target or not _is_known(server):
        return
    is_remote = bool(server_of(server))
    path, executable = split_target(target, is_remote)
    if key == "automation":
        run = connect(server).automations.get(automation=target).run
        path, executable = run.path, run.executable
    yield from (f"{name}=" for name in _parameters(path, executable, server, is_remote=is_remote))


def _parameters(path: str, executable: str, server: str, *, is_remote: bool) -> Iterator[str]:
    if path.endswith(WORKFLOW):
        yield from () if is_remote else read_document(Path(path).read_bytes()).meta.parameters
        return
    executables = connect(server).executables
    if executable:
        arguments = executables.get(executable=executable).current.arguments
    else:
        arguments = executables.inspect(body=Inspect(path=path)).arguments
    yield from (argument.name for argument in arguments if argument.role != "output")


def item_names(given: Mapping[str, Any], source: str, start: str) -> Iterator[str]:
    """Yield the names of items, from a source as in `buildtools/name_completion.py`.

    Raises:
        NbyardError: The items cannot be listed.
    """
    server = str(given.get("server") or "")
    if not _is_known(server):
        return
    path, *pairs = source.split()
    path, _, field = path.partition(":")
    noun, *operation = path.split(".")
    verb, *parts = operation or ("list",)
    keys = {key: str(given.get(name) or "") for key, name in (pair.split("=") for pair in pairs)}
    # The line may not have the run yet whose nodes the source lists.
    if not all(keys.values()):
        return
    asked = next(entry for entry in table() if (entry.noun, entry.verb) == (noun, verb))
    fields = {field.name for field in asked.fields}
    limit = {"limit": MOST} if "limit" in fields else {}
    ask = getattr(getattr(connect(server), noun), verb)
    items = _items(ask(**keys, **limit), parts)
    yield from (_word(item, field) for item in items)
    # Older items may have the word, too.
    if "search" in fields and len(items) == MOST and start:
        older = _items(ask(**keys, **limit, search=start), parts)
        yield from (_word(item, field) for item in older)


def _items(answer: Any, parts: Sequence[str]) -> Any:
    """Return the items of an answer, or those in a field of it, or of each of its items."""
    items = getattr(answer, "items", answer)
    for part in parts:
        if isinstance(items, list):
            items = [inner for item in items for inner in getattr(item, part)]
        else:
            items = getattr(items, part)
    return items


def _word(item: Any, field: str) -> str:
    """Return how a command names an item: the joined fields, or the first one with a value."""
    if isinstance(item, str):
        return item
    if not field and getattr(item, "kind", "") == "workflow":  # titles are not accepted
        field = "path"
    if field:
        return ".".join(str(getattr(item, part)) for part in field.split("."))
    values = (getattr(item, name, None) for name in FIELDS)
    return str(next((value for value in values if value), ""))


def _is_known(server: str) -> bool:
    """Return whether there is a server or a store to ask. Completion creates no store."""
    settings = Settings()
    has_store = settings.database_url or (settings.store_path / "store.sqlite").exists()
    return bool(has_store or settings.hub_url or server_of(server))
