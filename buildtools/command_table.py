"""Write the table of commands, from which `nbyard` shows help and completes words.

python buildtools/command_table.py           writes the table
python buildtools/command_table.py --check   exits with code 1 if it differs from the commands
"""

import json
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from name_completion import BY_PLACE, EVERYWHERE, PATH
from nbyard.cli import generated_commands
from nbyard.cli.all_commands import all_commands
from nbyard.cli.lazy_commands import TABLE


def text() -> str:
    """Return the table of all commands as JSON, with one line for each."""
    return f"{_lines({str(one.name): one for one in all_commands()}, 1)}\n"


def _lines(commands: dict[str, click.Command], depth: int, noun: str = "") -> str:
    rows = []
    for name, command in commands.items():
        entry = json.dumps(_entry(noun, command), ensure_ascii=False)
        if isinstance(command, click.Group):
            verbs = _lines(dict(sorted(command.commands.items())), depth + 1, name)
            entry = f'{entry[:-1]}, "commands": {verbs}}}'
        rows.append(f"{' ' * depth}{json.dumps(name)}: {entry}")
    return "{\n" + ",\n".join(rows) + f"\n{' ' * (depth - 1)}}}"


def _entry(noun: str, command: click.Command) -> dict[str, Any]:
    if isinstance(command, click.Group):
        return {"help": command.help}
    entry = {
        "help": (command.help or "").split("\n\n")[0],
        "hidden": command.hidden,
        "source": _source(command),
        "arguments": [
            _argument(p) | _names(noun, str(command.name), str(p.name), p)
            for p in command.params
            if isinstance(p, click.Argument)
        ],
        "options": [
            _option(p) | _names(noun, str(command.name), max(p.opts, key=len), p)
            for p in command.params
            if isinstance(p, click.Option)
        ],
    }
    return {key: value for key, value in entry.items() if value}


def _source(command: click.Command) -> str:
    """Return module and name of a command written by hand; empty: of an operation.

    Raises:
        LookupError: the command is not found there.
    """
    function: Any = command.callback
    if function.__module__ == generated_commands.__name__:
        return ""
    if getattr(import_module(function.__module__), function.__name__, None) is not command:
        raise LookupError(f"{command.name}: {function.__module__} names it differently")
    return f"{function.__module__}:{function.__name__}"


def _names(noun: str, verb: str, word: str, parameter: click.Parameter) -> dict[str, Any]:
    """Return where completion gets the names of a parameter: the store, or files."""
    known = BY_PLACE.get((noun, verb, word), EVERYWHERE.get(word, ()))
    sources = getattr(parameter, "names", ()) or known
    stored = [source for source in sources if source != PATH]
    names = {"names": stored} if stored else {}
    return names | ({"type": {"is_file": True}} if PATH in sources else {})


def _argument(argument: click.Argument) -> dict[str, Any]:
    several = {} if argument.nargs == 1 else {"nargs": argument.nargs}
    return {"param_decls": [argument.name], **several, **_type(argument)}


def _option(option: click.Option) -> dict[str, Any]:
    """Return what completion needs of an option, as `click.Option` takes it."""
    pairs = zip(option.opts, option.secondary_opts, strict=False)
    names = [f"{on}/{off}" for on, off in pairs] or option.opts
    words: dict[str, Any] = {"param_decls": [option.name, *names], "help": option.help}
    words |= {name: True for name in ("multiple", "hidden") if getattr(option, name)}
    if option.is_flag:
        words["is_flag"] = True
    elif option._flag_needs_value:
        words |= {"is_flag": False, "flag_value": option.flag_value}
    return words | _type(option)


def _type(parameter: click.Parameter) -> dict[str, Any]:
    kind = parameter.type
    if isinstance(kind, click.Choice):
        sensitive = {} if kind.case_sensitive else {"case_sensitive": False}
        return {"type": {"choices": list(kind.choices), **sensitive}}
    if isinstance(kind, click.Path) and not kind.file_okay:
        return {"type": {"is_folder": True}}
    return {"type": {"is_file": True}} if isinstance(kind, click.File | click.Path) else {}


def main() -> None:
    made, path = text(), Path(TABLE)
    if path.read_text("utf-8") == made:
        return
    name = "jupyter_ext/nbyard/cli/commands.json"
    if "--check" in sys.argv[1:]:
        sys.exit(f"{name} is stale")
    path.write_text(made, "utf-8")
    sys.stderr.write(f"{name} written\n")


if __name__ == "__main__":
    main()
