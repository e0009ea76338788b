"""Values that a run takes from the event that fired its automation."""

import re
from collections.abc import Mapping
from typing import Any

from nbyard.domain.arguments.structs import TEXT_TYPES, Argument
from nbyard.domain.automations.structs import Kind
from nbyard.domain.paging import check_length
from nbyard.domain.runs.origins import Cause, DatasetCause, FileCause, RunCause, WebhookCause
from nbyard.errors import Invalid
from nbyard.reasons.structs import Reason

MAX_REFERENCE = 200
MOST_PARTS = 16
MOST_VALUES = 100
BODY = "body"
# The fields of each kind of event with the type of their values.
FIELDS: Mapping[Kind, Mapping[str, str]] = {
    "dataset": {
        "dataset": "string",
        "dataset_id": "string",
        "version": "int",
        "version_id": "string",
    },
    "run": {"run_id": "string", "number": "int", "title": "string", "state": "string"},
    "file": {"path": "string", "paths": "list", "change": "string", "count": "int"},
    "webhook": {"webhook_id": "string", "sent_at": "string", BODY: ""},
    "notebook": {},
}
# Types of parameters that take a value of each type; files are texts.
FITTING: Mapping[str, tuple[str, ...]] = {
    "string": ("string", "choice", "json", *TEXT_TYPES),
    "int": ("int", "float", "json"),
    "list": ("list", "json"),
}


def check_references(kind: Kind, references: Mapping[str, str]) -> None:
    """Check that references such as `body.city` name fields of this kind of event.

    `references` are by name of the parameter that gets the value.

    Raises:
        Invalid: a reference is refused.
    """
    if len(references) > MOST_VALUES:
        raise Invalid.field("values_from", f"may have at most {MOST_VALUES} entries")
    known = FIELDS.get(kind, {})
    for name, reference in references.items():
        where = f"values_from.{name}"
        check_length(where, reference, MAX_REFERENCE)
        first, *rest = reference.split(".")
        if not known:
            raise Invalid.field(
                where, "the event has no fields; pass values when you fire the automation"
            )
        if first not in known:
            shown = [f"{BODY}.NAME" if field == BODY else field for field in known]
            raise Invalid.field(where, f"'{reference}' is not one of {', '.join(shown)}")
        is_path = first == BODY and rest and all(rest) and len(rest) <= MOST_PARTS
        if (first == BODY and not is_path) or (rest and first != BODY):
            raise Invalid.field(
                where,
                f"'{reference}' is not a path of names and numbers with dots, such as body.city.0",
            )


def check_types(
    kind: Kind, references: Mapping[str, str], arguments: Mapping[str, Argument]
) -> None:
    """Check that the parameters exist, and that their types fit the fields of the event.

    Raises:
        Invalid: a parameter is unknown, an output or a secret, or its type does not fit.
    """
    for name, reference in references.items():
        where, argument = f"values_from.{name}", arguments.get(name)
        if argument is None:
            raise Invalid.field(
                where, f"is not a parameter of the run; it has {', '.join(arguments)}"
            )
        if argument.role == "output" or argument.type == "secret":
            raise Invalid.field(where, "an output or a secret cannot receive a value of an event")
        given = FIELDS[kind][reference.partition(".")[0]]
        wanted = argument.type if argument.role == "value" else "string"
        if given and wanted not in FITTING[given]:
            raise Invalid.field(
                where, f"the field of the event is {given}, the parameter is {wanted}"
            )


def fields_of(cause: Cause, body: Any = None) -> dict[str, Any]:
    """Return the fields of an event by name. `body` is the JSON value of a webhook's message."""
    if isinstance(cause, DatasetCause):
        names = ("dataset", "dataset_id", "version", "version_id")
        return {name: getattr(cause, name) for name in names}
    if isinstance(cause, RunCause):
        return {name: getattr(cause, name) for name in ("run_id", "number", "title", "state")}
    if isinstance(cause, FileCause):
        first = cause.files[0]
        paths = [file.path for file in cause.files]
        return {"path": first.path, "paths": paths, "change": first.change, "count": cause.count}
    if isinstance(cause, WebhookCause):
        sent = cause.sent_at.isoformat(timespec="seconds").replace("+00:00", "Z")
        return {"webhook_id": cause.webhook_id, "sent_at": sent, BODY: body}
    return {}


def values_or_reason(
    references: Mapping[str, str], cause: Cause, body: Any = None
) -> tuple[dict[str, Any], Reason | None]:
    """Return the values of parameters from an event, or the reason why a field is missing."""
    try:
        return values_of(references, fields_of(cause, body)), None
    except Invalid as error:
        return {}, error.reason


def values_of(references: Mapping[str, str], fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of parameters from the fields of an event.

    Raises:
        Invalid: the event lacks a referenced field.
    """
    return {
        name: _value(reference, fields, f"values_from.{name}")
        for name, reference in references.items()
    }


def _value(reference: str, fields: Mapping[str, Any], where: str) -> Any:
    value: Any = fields
    for part in reference.split("."):
        if isinstance(value, Mapping) and part in value:
            value = value[part]
        elif isinstance(value, list) and re.fullmatch(r"\d{1,9}", part, re.ASCII):
            place = int(part)
            if place >= len(value):
                raise Invalid.field(where, f"the event has no field '{reference}'")
            value = value[place]
        else:
            raise Invalid.field(where, f"the event has no field '{reference}'")
    return value
