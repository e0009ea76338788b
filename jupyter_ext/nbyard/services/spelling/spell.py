"""Spells any request as its command and its Python program."""

import contextlib
import shlex
from typing import Any

import msgspec

from nbyard.domain.parsing.typed_json import convert_json
from nbyard.domain.runs.structs import NewRun
from nbyard.domain.spelling import Spelling, SpellingRequest
from nbyard.errors import Invalid
from nbyard.services.operation import Operation
from nbyard.services.operation_table import table
from nbyard.services.projects.automatic_links import CREATED
from nbyard.services.spelling import container_commands, resource_commands, run_commands
from nbyard.services.spelling.downloads import spell_download
from nbyard.services.spelling.python_code import python_code
from nbyard.services.spelling.read_commands import READS
from nbyard.services.spelling.secrets import secret_places
from nbyard.services.spelling.words import (
    HIDDEN,
    Commands,
    UnspellableRequest,
    Words,
    json_text,
    plain_json,
    verb_word,
)

COMMANDS: Commands = {
    **run_commands.COMMANDS,
    **resource_commands.COMMANDS,
    **container_commands.COMMANDS,
}


def spell_request(asked: SpellingRequest) -> Spelling:
    """Return the spelling of a request, which names its operation.

    Raises:
        Invalid: The operation does not exist, or refuses a field.
    """
    if download := spell_download(asked):
        return download
    for operation in table():
        if operation.id == asked.operation:
            return spell(operation, asked)
    raise Invalid.field(
        "operation", "is not an operation. GET /nbyard/api/openapi.json lists all operations"
    )


def spell(operation: Operation, asked: SpellingRequest) -> Spelling:
    """Return the spelling of a request for this operation.

    Raises:
        Invalid: A field of the request is refused.
    """
    path = _given_arguments(operation, "path", asked.path)
    query = _given_arguments(operation, "query", asked.query)
    fields, body = operation.placed("body"), None
    if fields:
        body = _converted("body", asked.body or {}, fields[0].type)
    elif asked.body is not None:
        raise Invalid.field("body", "is not a parameter of this operation")
    body_json = plain_json(body) if fields else {}
    # The origin says what sends a request.
    for run, place in ((body, body_json), (getattr(body, "run", None), body_json.get("run"))):
        if isinstance(run, NewRun) and place:
            place.pop("origin", None)
    secrets = secret_places(body)
    for at in secrets:
        *outer, name = at.split(".")
        inner = body_json
        for part in outer:
            inner = inner.get(part, {})
        inner.pop(name, None)
    argv = None
    with contextlib.suppress(UnspellableRequest):
        argv = _command_of(operation, path, query, body)
    if argv is None:
        texts = (
            f"{name}={value if isinstance(value, str) else json_text(value)}"
            for name, value in (path | query).items()
        )
        any_call = Words("call").json("--body", body_json).each("--ask", secrets)
        argv = any_call.done(operation.id, *texts)
    values = {**path, **query, **({"body": body_json} if fields else {})}
    project = asked.project if operation.id in CREATED else ""
    # `--project` is an option of `nbyard` itself and precedes the noun.
    if project:
        argv[1:1] = ["--project", project]
    return Spelling(shlex.join(argv), python_code(operation, values, secrets, project))


def _command_of(
    operation: Operation, path: dict[str, Any], query: dict[str, Any], body: Any
) -> list[str] | None:
    """Return the words of the operation's own command, None if the operation has none.

    Raises:
        UnspellableRequest: The options of the command cannot express the request.
    """
    if body is not None:
        command = COMMANDS.get(operation.id)
        return command(path, body) if command and not query else None
    if operation.noun in HIDDEN:
        return None
    if operation.id in READS:
        return READS[operation.id](path, query)
    command_line = Words(operation.noun, *verb_word(operation.verb).split())
    for name, value in query.items():
        option = f"--{name.replace('_', '-')}"
        # False is the default of each flag.
        if value is True:
            command_line.flag(option, True)
        elif value is not False:
            command_line.option(option, value)
    return command_line.done(*path.values())


def _given_arguments(operation: Operation, place: Any, given: dict[str, Any]) -> dict[str, Any]:
    """Return the given arguments in a part of the request that differ from their defaults."""
    known = {field.name: field for field in operation.placed(place)}
    for name in given.keys() - known.keys():
        raise Invalid.field(f"{place}.{name}", "is not a parameter of this operation")
    arguments = {}
    for name, field in known.items():
        if name in given:
            value = _converted(f"{place}.{name}", given[name], field.type)
            if value != field.default:
                arguments[name] = value
        elif field.default is msgspec.UNSET:
            raise Invalid.field(f"{place}.{name}", "is needed")
    return arguments


def _converted(place: str, value: Any, kind: Any) -> Any:
    """Convert a value to a type. An error names the field with `place` in front."""
    try:
        return convert_json(value, kind)
    except Invalid as refused:
        (detail,) = refused.details
        at = place if detail.path == "body" else f"{place}.{detail.path}"
        raise Invalid.field(at, detail.why) from None
