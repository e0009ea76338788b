"""The names of what is stored, for completion in the shell."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from zoneinfo import available_timezones

from click.shell_completion import CompletionItem

from nbyard.errors import NbyardError
from nbyard.host.server_names import LOCAL, read_servers

# Names with other characters would have to be quoted.
PLAIN = re.compile(r"[\w.@:/+,-]+=?")


def completions(
    given: Mapping[str, Any], sources: Sequence[str], start: str
) -> list[CompletionItem]:
    """Return the names that begin with `start`, from sources as in `buildtools/name_completion.py`.

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
    if source.startswith(":"):
        before, colon, begun = start.partition(":")
        if colon:
            yield from (f"{before}:{word}" for word in _names_of(given, source[1:], begun))
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
        else:
            # Late: the other names need neither services nor structs.
            from nbyard.cli.stored_items import item_names, parameter_names

            is_parameter = kind == "parameters"
            yield from (
                parameter_names(given, rest) if is_parameter else item_names(given, source, start)
            )
    except (NbyardError, OSError):
        return
