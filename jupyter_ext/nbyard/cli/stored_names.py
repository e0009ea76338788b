"""The names of what is stored, for completion in the shell."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from zoneinfo import available_timezones

from click.shell_completion import CompletionItem

from nbyard.errors import NbyardError
from nbyard.host.server_names import LOCAL, read_servers, server_of

MOST = 200
# Names with other characters would have to be quoted.
PLAIN = re.compile(r"[\w.@:/+,-]+=?")
# The first of these fields that has a value is what a command accepts.
FIELDS = ("name", "reference", "number", "id")


def completions(
    given: Mapping[str, Any], sources: Sequence[str], start: str
) -> list[CompletionItem]:
    """Return the names that begin with `start`, from sources as in `name_completion`.

    `given` are the parameters before the word. Runs without a name have their numbers. Errors lead
    to no names: a message would break the line that the user types.
    """
    names = {name for source in sources for name in _names_of(given, source, start)}
    values = {name: name.partition("=")[2] or name for name in names if name.startswith(start)}
    return [CompletionItem(name) for name in sorted(values) if PLAIN.fullmatch(values[name])]


def _names_of(given: Mapping[str, Any], source: str, start: str) -> Iterator[str]:
    if source.startswith("="):
        name, equals, begun = start.partition("=")
        if equals and PLAIN.fullmatch(name):
            yield from (f"{name}={value}" for value in _names_of(given, source[1:], begun))
        return
    if source.startswith(","):
        before, comma, begun = start.rpartition(",")
        yield from (f"{before}{comma}{word}" for word in _names_of(given, source[1:], begun))
        return
    kind, _, rest = source.partition(" ")
    try:
        if kind == "words":
            yield from rest.split()
        elif kind == "zones":
            yield from available_timezones()
        elif kind == "servers":
            known = read_servers().servers
            yield from (*known, LOCAL) if known else ()
        elif kind == "parameters":
            yield from _parameters(given, rest)
        else:
            yield from _stored(given, source, start)
    except (NbyardError, OSError):
        return


def _is_known(server: str) -> bool:
    """Return whether there is a server or a store to ask. Completion creates no store."""
    from nbyard.settings import Settings

    settings = Settings()
    has_store = settings.database_url or (settings.store_path / "store.sqlite").exists()
    return bool(has_store or server_of(server))


def _parameters(given: Mapping[str, Any], target: str) -> Iterator[str]:
    """Yield `NAME=` for each parameter of the file or executable in the argument `target`."""
    from nbyard.cli.parameter_names import parameter_names

    server = str(given.get("server") or "")
    words = given.get(target) or ""
    first = words if isinstance(words, str) else words[0]
    if first and _is_known(server):
        names = parameter_names(first, server, remote=bool(server_of(server)))
        yield from (f"{name}=" for name in names)


def _stored(given: Mapping[str, Any], source: str, start: str) -> Iterator[str]:
    # Late: the names of servers need neither services nor structs.
    from nbyard.discover import connect
    from nbyard.services.operation_table import table

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
    if field:
        return ".".join(str(getattr(item, part)) for part in field.split("."))
    values = (getattr(item, name, None) for name in FIELDS)
    return str(next((value for value in values if value), ""))
