"""Forms for the endpoints of a deployed service, read from its own description.

The format is Swagger 2.0, which services of the DEEPaaS V2 API provide at `/swagger.json`.
`paths` contains methods, and these contain `parameters` with `name`, `in` (query, formData,
path, header), `type`, `enum`, `default`, `minimum`, `maximum`, `required` and `description`.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Literal

import msgspec

Place = Literal["query", "formData", "path"]
PLACES: tuple[Place, ...] = ("query", "formData", "path")
METHODS = ("get", "post", "put", "delete")
TYPES = ("string", "integer", "number", "boolean", "file", "array")
MAX_FORMS, MAX_FIELDS = 200, 200
MAX_TEXT, MAX_CHOICES = 2000, 1000
# larger integers lose digits in a browser
MAX_NUMBER = 2**53


class CallField(msgspec.Struct, frozen=True):
    """One field of a call: where its value goes, and its allowed values."""

    name: str
    place: Place
    type: str
    help: str = ""
    default: str | int | float | bool | None = None
    choices: list[str | int | float | bool] = []
    least: float | None = None
    most: float | None = None
    is_required: bool = False


class CallForm(msgspec.Struct, frozen=True):
    """One endpoint. `path` is below the address of the port, with its variables in braces.

    A form with a file is sent as `multipart/form-data`.
    """

    method: str
    path: str
    title: str
    group: str
    fields: list[CallField]


class CallForms(msgspec.Struct, frozen=True):
    """The endpoints of a deployment. `path` is the address of its port.

    The address is below the server's base URL. `forms` is empty if the service does not
    describe itself.
    """

    path: str
    forms: list[CallForm]


def forms_of(description: Any) -> list[CallForm]:
    """Return a form for each endpoint in a description, predictions first.

    The description is untrusted: parts in another format are left out.
    """
    paths = _mapping(_mapping(description).get("paths"))
    base = _text(_mapping(description).get("basePath")).rstrip("/")
    forms = []
    for suffix, item in paths.items():
        path, methods = base + _text(suffix), _mapping(item)
        for method in METHODS:
            operation = methods.get(method)
            if not isinstance(operation, Mapping):
                continue
            # parameters of the path belong to all of its methods
            fields = [*_fields(methods.get("parameters")), *_fields(operation.get("parameters"))]
            title = _text(operation.get("summary")) or f"{method.upper()} {path}"
            tags = operation.get("tags")
            group = _text(tags[0]) if isinstance(tags, list) and tags else ""
            forms.append(CallForm(method.upper(), path, title, group, fields[:MAX_FIELDS]))
    forms.sort(key=lambda form: ("predict" not in form.path, form.method != "POST"))
    return forms[:MAX_FORMS]


def _fields(parameters: Any) -> Iterator[CallField]:
    for entry in parameters if isinstance(parameters, list) else ():
        parameter = _mapping(entry)
        name, place = _text(parameter.get("name")), parameter.get("in")
        if not name or place not in PLACES:
            continue
        kind, enum = parameter.get("type"), parameter.get("enum")
        choices = map(_scalar, enum if isinstance(enum, list) else ())
        yield CallField(
            name=name,
            place=place,
            type=kind if kind in TYPES else "string",
            help=_text(parameter.get("description")),
            default=_scalar(parameter.get("default")),
            choices=[choice for choice in choices if choice is not None][:MAX_CHOICES],
            least=_number(parameter.get("minimum")),
            most=_number(parameter.get("maximum")),
            is_required=parameter.get("required") is True,
        )


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _text(value: Any) -> str:
    return value[:MAX_TEXT] if isinstance(value, str) else ""


def _scalar(value: Any) -> Any:
    if isinstance(value, str):
        return _text(value)
    return value if isinstance(value, bool) else _number(value)


def _number(value: Any) -> Any:
    """Return the number if a browser can represent it exactly, else None."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return value if is_number and abs(value) <= MAX_NUMBER else None
