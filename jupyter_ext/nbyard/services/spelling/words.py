"""Builds the words of a command from the fields of a request."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any, Self, cast

import msgspec
from msgspec import UNSET

from nbyard.domain.presentation import PresentedField, presented_fields

# Verbs of commands that differ from those of their operations, and nouns without commands.
VERBS = {"list": "ls", "get": "show", "delete": "rm", "import_schema": "import"}
# Verbs of a group within the noun.
VERBS |= {"keys": "keys ls", "create_key": "keys create", "delete_key": "keys rm"}


def verb_word(verb: str) -> str:
    """Return the word of the command for the verb of an operation; two words in a group."""
    return VERBS.get(verb, verb.replace("_", "-"))


HIDDEN = ("uploads", "home", "events", "system", "lineage")


class UnspellableRequest(Exception):
    """The options of a command cannot express this request."""


class Words:
    """The words of one command, in the order in which they are added."""

    def __init__(self, *begin: str):
        self._words = ["nbyard", *begin]
        self._arguments: list[str] = []

    def option(self, name: str, value: Any, default: Any = UNSET) -> Self:
        """Add an option unless its value is the default, None or unset."""
        if value is not UNSET and value is not None and value != default:
            self._words += [name, str(value)]
        return self

    def flag(self, name: str, value: bool) -> Self:
        if value:
            self._words.append(name)
        return self

    def each(self, name: str, values: Iterable[str]) -> Self:
        """Add an option once for each value."""
        for value in values:
            self._words += [name, value]
        return self

    def pairs(self, name: str, values: Mapping[str, Any]) -> Self:
        """Add an option NAME=VALUE for each value.

        Raises:
            UnspellableRequest: a name is empty or contains an equals sign.
        """
        for key, value in values.items():
            if not key or "=" in key:
                raise UnspellableRequest(name)
            self._words += [name, f"{key}={value}"]
        return self

    def json(self, name: str, values: Mapping[str, Any]) -> Self:
        """Add an option with a JSON object, unless the object is empty."""
        return self.option(name, json_text(values) if values else None)

    def fields(self, body: Any, *, besides: Sequence[str] = (), is_whole: bool = False) -> Self:
        """Add the options and arguments of the presented fields of a request.

        Fields with their defaults are left out, unless it `is_whole`. Those in `besides` are, too.

        Raises:
            UnspellableRequest: no option expresses the value of a field.
        """
        presented = {field.name: field for field in presented_fields(type(body))}
        omitted: list[str] = []
        for info in msgspec.structs.fields(type(body)):
            field, value = presented.get(info.name), getattr(body, info.name)
            is_omitted = value is UNSET or (is_default(info, value) and not is_whole)
            if info.name in besides or (field and field.shown.lock):
                continue
            if field and field.shown.argument:
                arguments = [] if value is UNSET else _list(value)
                if is_omitted:
                    need(not field.shown.needed)
                    omitted += arguments  # in case that another one follows
                    continue
                need(bool(arguments))
                self._arguments += [*omitted, *arguments]
                omitted = []
            elif not is_omitted:
                need(field is not None)
                self._field(cast(PresentedField, field), value)
        return self

    def _field(self, field: PresentedField, value: Any) -> None:
        if field.parts:
            length = len(self._words)
            # A change keeps the parts that no option sets.
            self.fields(value, is_whole=field.info.default is UNSET)
            need(len(self._words) > length)  # no option stands for a part with its defaults
            return
        need(bool(field.flag) and value not in (None, [], {}))
        if field.values:
            need(value in field.values)
            # A flag without an opposite has a word for its first value only.
            chosen = field.option.split("/")[field.values.index(value) :]
            need(bool(chosen))
            self.flag(chosen[0].split()[-1], True)
        elif isinstance(value, Mapping):
            self.pairs(field.flag, value)
        else:
            need(not field.choices or set(_list(value)) <= {*field.choices})
            try:
                write = field.shown.format.write if field.shown.format else str
                self.each(field.flag, map(write, _list(value)))
            except ValueError:
                raise UnspellableRequest(field.name) from None

    def done(self, *positional: str) -> list[str]:
        """Return all words, with positional arguments at the end.

        Positional arguments that look like options follow `--`.
        """
        positional = (*positional, *self._arguments)
        looks_so = any(word.startswith("-") for word in positional)
        return [*self._words, *(["--"] if looks_so else []), *positional]


def _list(value: Any) -> list[Any]:
    return [*value] if isinstance(value, list) else [value]


def json_text(value: Any) -> str:
    """Return JSON on one line, with unescaped text."""
    return json.dumps(value, ensure_ascii=False)


def need(condition: bool) -> None:
    """Check a condition without which the command cannot express the request.

    Raises:
        UnspellableRequest: The condition is False.
    """
    if not condition:
        raise UnspellableRequest


def need_defaults(struct: msgspec.Struct, *, besides: Sequence[str]) -> None:
    """Check that the fields of a struct have their defaults, because no option sets them.

    Fields in `besides` are not checked.

    Raises:
        UnspellableRequest: A field differs from its default.
    """
    for field in msgspec.structs.fields(struct):
        if field.name not in besides:
            need(is_default(field, getattr(struct, field.name)))


def is_default(field: Any, value: Any) -> bool:
    """Return whether the value of a struct's field is its default."""
    if field.default is not msgspec.NODEFAULT:
        # In Python, False equals 0 and 1 equals 1.0. Their JSON differs.
        return bool(value == field.default) and type(value) is type(field.default)
    made = field.default_factory
    return made is not msgspec.NODEFAULT and bool(value == made())


def plain_json(value: Any) -> Any:
    """Return part of a request as JSON, without fields that have their defaults."""
    if isinstance(value, msgspec.Struct):
        members = {
            field.encode_name: plain_json(getattr(value, field.name))
            for field in msgspec.structs.fields(value)
            if not is_default(field, getattr(value, field.name))
        }
        config = value.__struct_config__
        tag = {config.tag_field: config.tag} if config.tag_field else {}
        return tag | {name: member for name, member in members.items() if member is not UNSET}
    if isinstance(value, Mapping):
        return {name: plain_json(member) for name, member in value.items()}
    if isinstance(value, list | tuple):
        return [plain_json(element) for element in value]
    return msgspec.to_builtins(value)


def target_of(path: str, executable: str) -> str:
    """Return the file or executable as an argument of a command.

    Raises:
        UnspellableRequest: The command line would read a file as an executable, or the reverse.
    """
    target = path or executable
    # As the command line decides: `train.py` is a file, and `churn v0.0.1` an executable.
    is_file = "/" in target or PurePosixPath(target).suffix[1:2].isalpha()
    need(bool(target) and not (path and executable) and is_file == bool(path))
    return target


# Commands by operation: each returns the words for the path and the body of a request.
Path = Mapping[str, str]
Command = Callable[[Path, Any], list[str]]
Commands = Mapping[str, Command]


def presented(*begin: str) -> Command:
    """Return the command whose options and arguments are the presented fields of the request."""
    return lambda path, body: Words(*begin).fields(body).done(*path.values())
