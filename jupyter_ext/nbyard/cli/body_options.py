"""Arguments and options of a command from the fields of a request, and the request from them."""

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, get_args, get_origin

import click
from msgspec.structs import replace

from nbyard.cli.typed_values import parse_pairs
from nbyard.domain.presentation import PresentedField, Shown, presented_fields

PAIR = "NAME=VALUE"
UNITS = {"s": "SECONDS"}
Decorator = Callable[[Any], Any]


def body_options(struct: Any) -> Decorator:
    """Add an argument or option for each presented field of a struct; pass the struct as `body`.

    If a field is a lock, `body` is a function that returns the struct for the present item.
    """
    has_lock = any(field.shown.lock for field in presented_fields(struct))

    def decorate(command: Any) -> Any:
        @functools.wraps(command)
        def call(fields_for: Callable[..., dict[str, Any]], **given: Any) -> Any:
            def body(item: Any = None) -> Any:
                return struct(**fields_for(item))

            return command(body=body if has_lock else body(), **given)

        return field_options(struct, is_whole=True)(call)

    return decorate


def field_options(
    struct: Any, receiver: str = "fields_for", *, is_whole: bool = False
) -> Decorator:
    """Add an argument or option for each presented field of a struct.

    The command receives a function that returns the given fields as changes of an item. A command
    with a union has the options of each of its structs, with a receiver for each. Only a request
    that `is_whole` has required options.
    """
    fields = tuple(presented_fields(struct))
    parameters = [pair for field in fields for pair in _parameters(field, is_whole)]

    def decorate(command: Any) -> Any:
        @functools.wraps(command)
        def call(**given: Any) -> Any:
            own = {name: given.pop(name) for name, _ in parameters}
            return command(**{receiver: functools.partial(_values, fields, own)}, **given)

        for _, add in reversed(parameters):
            add(call)
        return call

    return decorate


def _parameters(
    field: PresentedField, is_whole: bool, outer: str = ""
) -> list[tuple[str, Decorator]]:
    """Return the names of the parameters of a field, each with the decorator that adds it."""
    name, shown = f"{outer}{field.name}", field.shown
    if field.parts:
        return [pair for part in field.parts for pair in _parameters(part, is_whole, f"{name}_")]
    kind = get_origin(field.type) or field.type
    usual = shown.format.metavar if shown.format else PAIR if kind is dict else ""
    metavar = shown.metavar or usual or UNITS.get(shown.unit, shown.unit) or None
    is_required = shown.needed or (is_whole and field.info.required)
    settings: dict[str, Any] = {"required": is_required, "metavar": metavar}
    if shown.format:
        settings["type"] = shown.format.read
    elif kind is not dict:
        value = get_args(field.type)[0] if kind is list else field.type
        settings["type"] = click.Choice(field.choices) if field.choices else value
    if shown.argument:
        settings |= {"nargs": -1} if kind is list else {}
        return [(name, _adding(shown, click.argument(name, **settings)))]
    if not field.flag:
        return []
    if field.values:
        settings = {"is_flag": True}
    if not is_required:
        settings["default"] = None  # a flag that is omitted is neither on nor off
    settings["help"] = shown.option_help or shown.help or None
    if kind in (list, dict):
        settings["multiple"] = True
    option = click.option(*field.option.split(), name, **settings)
    return [(name, _adding(shown, option))]


def _adding(shown: Shown, parameter: Decorator) -> Decorator:
    """Return a decorator that adds a parameter with the sources that complete it."""

    def add(command: Any) -> None:
        parameter(command)
        command.__click_params__[-1].names = shown.names

    return add


def _values(
    fields: Sequence[PresentedField], given: Mapping[str, Any], item: Any = None, outer: str = ""
) -> dict[str, Any]:
    """Return the fields of the given options; `item` is what the request changes."""
    values: dict[str, Any] = {}
    for field in fields:
        value = given.get(f"{outer}{field.name}")
        if field.shown.lock:
            values[field.name] = getattr(item, field.name)
        elif field.parts:
            changes = _values(field.parts, given, item, f"{outer}{field.name}_")
            if changes:
                before = getattr(item, field.name) if item else field.type()
                values[field.name] = replace(before, **changes)
        elif value in (None, ()):  # the option is omitted
            continue
        elif field.values:
            values[field.name] = field.values[0 if value else 1]
        elif get_origin(field.type) is dict:
            values[field.name] = parse_pairs(field.flag, value, field.shown.metavar or PAIR)
        else:
            values[field.name] = list(value) if isinstance(value, tuple) else value
    return values
