"""Completion of names: those of the store or server that the command would use."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import click
from click.shell_completion import CompletionItem

MOST = 200
# Names with other characters would have to be quoted.
PLAIN = re.compile(r"[\w.@:/+-]+")
# Arguments whose name is not that of a noun.
BY_PLACE = {
    ("", "run", "words"): "executables",
    ("runs", "compare", "others"): "runs",
    ("runs", "why", "old"): "runs",
    ("runs", "why", "new"): "runs",
    ("models", "deploy", "target"): "models",
    ("channels", "update", "name"): "channels",
    ("credentials", "replace", "name"): "credentials",
    **{("environments", verb, "name"): "environments" for verb in ("install", "uninstall", "lock")},
    **{
        ("artifacts", verb, "name"): "artifacts"
        for verb in ("export", "log", "parameters", "rm", "status")
    },
}
NOUNS = frozenset(
    {
        *("artifact", "channel", "credential", "dataset", "deployment", "environment"),
        *("executable", "image", "model", "project", "run", "schedule", "trigger"),
    }
)
Complete = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]


def completer_of(noun: str, verb: str, argument: str) -> Complete | None:
    """Return what completes an argument of a command, if it is the name of something stored."""
    wanted = BY_PLACE.get((noun, verb, argument))
    if wanted is None and argument in NOUNS:
        wanted = f"{argument}s"
    if wanted is None:
        return None
    takes_files = (noun, verb) == ("", "run")

    def complete(
        context: click.Context, _: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        server = str(context.params.get("server") or "")
        found = [CompletionItem(one) for one in _names(server, wanted, incomplete)]
        return [*found, CompletionItem(incomplete, type="file")] if takes_files else found

    return complete


def _names(server: str, noun: str, start: str) -> list[str]:
    from nbyard.discover import connect
    from nbyard.errors import NbyardError
    from nbyard.host.server_names import server_of
    from nbyard.settings import Settings

    try:
        settings = Settings()
        is_new = not (settings.database_url or (settings.store_path / "store.sqlite").exists())
        if is_new and not server_of(server):
            return []  # completion creates no store
        items = getattr(connect(server), noun).list(limit=MOST).items
    except (NbyardError, OSError):
        return []  # a message would break the line that the user types
    names = (name for item in items for name in _names_of(item))
    return sorted({name for name in names if name.startswith(start) and PLAIN.fullmatch(name)})


def _names_of(item: Any) -> Iterator[str]:
    name = getattr(item, "name", "")
    if name:
        yield str(name)
    elif hasattr(item, "number"):  # a run without a name
        yield str(item.number)
