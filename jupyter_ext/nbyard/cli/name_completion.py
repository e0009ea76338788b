"""Completion of names: those of the store or server that the command would use."""

from __future__ import annotations

from collections.abc import Callable

import click
from click.shell_completion import CompletionItem

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
        from nbyard.cli.stored_names import names  # late: most completions need no store

        server = str(context.params.get("server") or "")
        found = [CompletionItem(one) for one in names(server, wanted, incomplete)]
        return [*found, CompletionItem(incomplete, type="file")] if takes_files else found

    return complete
