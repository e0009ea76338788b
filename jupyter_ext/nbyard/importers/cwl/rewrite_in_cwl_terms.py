"""Rewrites a command with only those features that CWL has.

These are words with positions, references, and outputs that are found in the working folder.
"""

from collections.abc import Sequence
from typing import Any, NoReturn

import msgspec

from nbyard.domain.arguments.bindings import (
    Beside,
    Bound,
    Flag,
    Found,
    Option,
    Positional,
    Referenced,
    Stderr,
    Stdin,
    Stdout,
    Variable,
    Words,
)
from nbyard.domain.arguments.structs import Argument
from nbyard.domain.commands.command_line import FILE, SEPARATOR
from nbyard.domain.executables.nbexec_files import Description
from nbyard.domain.runs.planning import output_filename
from nbyard.errors import Invalid
from nbyard.importers.cwl.references import escape_references

# The name of the input that is the script itself.
CODE = "code"
OWN = (Beside, Bound, Referenced, Found, Stdin, Stdout, Stderr)


def in_plain_words(description: Description, file: str = "") -> Description:
    """Return the description of a command with only CWL's features.

    `file` is the path of a script beside the document, which becomes an input.

    Raises:
        Invalid: CWL cannot express an argument. The error names it.
    """
    line = _Line()
    command, script_arguments = line.start(description, file)
    arguments = description.arguments or ()
    line.place_all(arguments)
    kept = []
    for argument in arguments:
        reach, changed = argument.reach, line.changed.get(argument.name)
        if changed is None and isinstance(reach, Bound):
            # The words of the line come first, so bound words move behind them.
            reach = msgspec.structs.replace(reach, position=reach.position + line.next)
            changed = msgspec.structs.replace(argument, reach=reach)
        kept.append(changed or argument)
    bound_words = [
        msgspec.structs.replace(word, position=word.position + line.next)
        for word in description.invocation.words
    ]
    invocation = msgspec.structs.replace(
        description.invocation,
        apart=True,
        words=(*line.words, *bound_words),
        variables={**description.invocation.variables, **line.variables},
    )
    return msgspec.structs.replace(
        description,
        kind="command",
        name="",
        arguments=(*script_arguments, *kept),
        command=command,
        invocation=invocation,
    )


class _Line:
    """The words and arguments of a command line, with their positions."""

    def __init__(self) -> None:
        self.next = 0
        self.words: list[Bound] = []
        self.variables: dict[str, str] = {}
        self.changed: dict[str, Argument] = {}
        self._has_mark = False

    def start(self, description: Description, file: str) -> tuple[tuple[str, ...], list[Argument]]:
        """Return the words before the script, and the input for the script.

        Place the words after it.
        """
        command = description.command or ()
        at = next((index for index, word in enumerate(command) if FILE in word), len(command))
        if at == len(command):
            return command, []
        if any(argument.name == CODE for argument in description.arguments or ()):
            _refuse(CODE, f"the name {CODE} is reserved for the script itself")
        for word in command[at:]:
            text = escape_references(word).replace(FILE, f"$(inputs.{CODE}.path)")
            self.add(Bound(text=text))
        code = Argument(CODE, "input", default=file, help="The program itself.", reach=Referenced())
        return command[:at], [code]

    def add(self, bound: Bound) -> None:
        self.words.append(msgspec.structs.replace(bound, position=self.next))
        self.next += 1

    def place_all(self, arguments: Sequence[Argument]) -> None:
        """Place all arguments: options first, then positional ones.

        An argument for all remaining words comes last, or before `--` if there is one.
        """
        placed = [a for a in arguments if isinstance(a.reach, Positional)]
        placed.sort(key=lambda a: a.reach.position)  # type: ignore[union-attr]
        is_open = [a for a in arguments if isinstance(a.reach, Words)]
        rest = [a for a in arguments if a not in placed and a not in is_open]
        has_mark = any(isinstance(a.reach, Positional) and a.reach.separated for a in placed)
        last = [*is_open, *placed] if has_mark else [*placed, *is_open]
        for argument in [*rest, *last]:
            self.take(argument)

    def take(self, argument: Argument) -> None:
        reach = argument.reach
        if isinstance(reach, OWN):
            return
        if isinstance(reach, Positional) and reach.separated and not self._has_mark:
            self._has_mark = True
            self.add(Bound(text=SEPARATOR))
        if isinstance(reach, Variable):
            self._variable(argument, reach.variable)
        elif argument.role == "output":
            self._output(argument)
        else:
            self._value(argument)

    def _change(self, argument: Argument, **changes: Any) -> None:
        self.changed[argument.name] = msgspec.structs.replace(argument, **changes)

    def _variable(self, argument: Argument, name: str) -> None:
        if argument.role == "output":
            file = escape_references(output_filename(argument))
            self.variables[name] = f"$(runtime.outdir)/{file}"
            self._change(argument, reach=Found((file,)))
            return
        if argument.nullable or not (argument.required or argument.default is not msgspec.UNSET):
            _refuse(argument.name, "a variable that may have no value")
        if argument.type == "json" or (argument.type == "list" and argument.role == "value"):
            _refuse(argument.name, f"a {argument.type} in an environment variable")
        changes: dict[str, Any] = {}
        if argument.type == "bool":
            changes = _as_choice(argument, ("true", "false"))
        self.variables[name] = f"$(inputs.{argument.name})"
        if argument.role == "input":
            self.variables[name] = f"$(inputs.{argument.name}.path)"
        self._change(argument, reach=Referenced(), **changes)

    def _value(self, argument: Argument) -> None:
        """Place an argument at the next position. A truth value without a flag becomes a word."""
        if argument.type == "json" and argument.role == "value":
            _refuse(argument.name, "a JSON value on the command line")
        reach = argument.reach
        option = reach if isinstance(reach, Option) else None
        changes: dict[str, Any] = {}
        if argument.type == "bool":
            changes = _as_choice(argument, ("true", "false"))
        if isinstance(reach, Flag):
            on, _, off = reach.flag.partition("/")
            if argument.type != "bool":
                _refuse(argument.name, "a flag that is repeated")
            bound = Bound() if off else Bound(prefix=on)
            changes = _as_choice(argument, (on, off)) if off else {}
        elif isinstance(reach, Words):
            bound = Bound(prefix=reach.flag)
        elif argument.type == "list" and option is not None:
            bound = Bound(each=_prefixed(option, Bound()))
        else:
            bound = _prefixed(option, Bound())
        bound = msgspec.structs.replace(bound, position=self.next)
        self.next += 1
        self._change(argument, reach=bound, **changes)

    def _output(self, argument: Argument) -> None:
        """Pass an output's file name to the program.

        The output is then found in the working folder.
        """
        file = output_filename(argument)
        if not isinstance(argument.reach, Positional | Option):
            _refuse(argument.name, "an output that is passed in this way")
        option = argument.reach if isinstance(argument.reach, Option) else None
        self.add(_prefixed(option, Bound(text=escape_references(file))))
        self._change(argument, reach=Found((escape_references(file),)))


def _prefixed(option: Option | None, bound: Bound) -> Bound:
    if option is None:
        return bound
    prefix = f"{option.flag}=" if option.joined else option.flag
    return msgspec.structs.replace(bound, prefix=prefix, joined=bool(option.joined))


def _as_choice(argument: Argument, choices: tuple[str, str]) -> dict[str, Any]:
    """Return the changes that turn a truth value into one of two words, for true and for false."""
    default = argument.default
    if isinstance(default, bool):
        default = choices[0] if default else choices[1]
    return {"type": "choice", "choices": choices, "default": default}


def _refuse(name: str, what: str) -> NoReturn:
    raise Invalid.field(f"arguments.{name}", f"CWL cannot express this: {what}")
