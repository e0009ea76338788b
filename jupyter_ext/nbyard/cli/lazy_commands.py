"""Commands whose code is loaded when they run. Help and completion read a table instead.

`buildtools/command_table.py` writes the table from the commands of `nbyard.cli.all_commands`.
"""

from __future__ import annotations

import json
import os.path
from collections.abc import Iterator, Mapping
from functools import cached_property
from importlib import import_module
from typing import Any

import click

# pathlib would be a tenth of what the help of a noun imports
TABLE = os.path.join(os.path.dirname(__file__), "commands.json")
LIST = "list"
Entry = Mapping[str, Any]


class LazyCommand(click.Command):
    """A command of the table: its summary and parameters, without the code behind it."""

    def __init__(self, noun: str, verb: str, entry: Entry):
        super().__init__(verb, help=entry["help"], hidden=entry.get("hidden", False))
        self._noun = noun
        self._verb = verb
        self._entry = entry

    @cached_property
    def loaded(self) -> click.Command:
        """Return the real command."""
        import logging

        # Each error about the database is printed; the driver's own message is for logs of servers.
        logging.getLogger("nbyard.store.outage").addHandler(logging.NullHandler())
        module, _, name = self._entry.get("source", "").partition(":")
        if module:
            command: click.Command = getattr(import_module(module), name)
            return command
        from nbyard.cli.generated_commands import generated_commands

        noun, *verb = f"{self._noun} {self._verb}".split(maxsplit=1)
        return next(command for command in generated_commands(noun) if [command.name] == verb)

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,
    ) -> click.Context:
        """Return the context of the command. A completion does not load its module."""
        if not extra.get("resilient_parsing"):
            return self.loaded.make_context(info_name, args, parent, **extra)
        # Completion asks for the names of parameters and runs nothing.
        arguments, options = (self._entry.get(name, ()) for name in ("arguments", "options"))
        self.params = [
            *(click.Argument(**_completed(argument)) for argument in arguments),
            *(click.Option(**_completed(option)) for option in options),
        ]
        # Parsing stops at an option that lacks its value, and would lose the arguments before it.
        is_open = bool(args) and args[-1].startswith("-") and "=" not in args[-1]
        return super().make_context(info_name, args[:-1] if is_open else args, parent, **extra)


def _completed(entry: Entry) -> dict[str, Any]:
    """Return what click takes for a parameter that completes as its type does, and by names."""
    taken = {key: value for key, value in entry.items() if key not in ("names", "type")}
    kind: click.ParamType[Any] | None = None
    values = entry.get("type", {})
    if choices := values.get("choices"):
        kind = click.Choice(choices, values.get("case_sensitive", True))
    elif values.get("is_folder") or values.get("is_file"):
        kind = click.Path(file_okay=not values.get("is_folder"))
    sources = entry.get("names")
    if not sources:
        return {**taken, "type": kind}

    def complete(context: click.Context, parameter: click.Parameter, start: str) -> list[Any]:
        from nbyard.cli.stored_names import completions

        known = completions(context.params, sources, start)
        return [*known, *(kind.shell_complete(context, parameter, start) if kind else ())]

    return {**taken, "type": kind, "shell_complete": complete}


class Verbs(click.Group):
    """The verbs of a noun; `list` is accepted for `ls`."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        command = super().get_command(ctx, cmd_name)
        return command or (super().get_command(ctx, "ls") if cmd_name == LIST else None)

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        name, command, rest = super().resolve_command(ctx, args)
        # The usage line then names `ls`, also if the user typed `list`.
        return (command.name if command else name), command, rest

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[Any]:
        completions = super().shell_complete(ctx, incomplete)
        verb = self.commands.get("ls")
        # After a single letter, `ls` is enough.
        is_meant = len(incomplete) > 1 and LIST.startswith(incomplete)
        if verb is None or not is_meant:
            return completions
        from click.shell_completion import CompletionItem

        return [*completions, CompletionItem(LIST, help=verb.get_short_help_str())]


def lazy_commands() -> Iterator[click.Command]:
    """Yield the commands and groups of the table."""
    with open(TABLE, encoding="utf-8") as file:
        table = json.load(file)
    for name, entry in table.items():
        yield _command("", name, entry)


def _command(noun: str, name: str, entry: Entry) -> click.Command:
    if "commands" not in entry:
        return LazyCommand(noun, name, entry)
    noun = f"{noun} {name}".strip()
    verbs = [_command(noun, verb, settings) for verb, settings in entry["commands"].items()]
    return Verbs(name, verbs, help=entry["help"])
