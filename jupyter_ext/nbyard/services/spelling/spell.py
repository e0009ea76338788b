"""Spells any request as its command and its Python program.

Spells downloads, which are no operations but have a command of their own.

Spells requests as Python programs.

Spells commands that read, if their arguments differ from those of their operation.
"""

import contextlib
import shlex
from collections.abc import Callable, Mapping
from pprint import pformat
from typing import Any

import msgspec

from nbyard.domain.parsing.typed_json import convert_json
from nbyard.domain.runs.structs import NewRun
from nbyard.domain.spelling import Spelling, SpellingRequest
from nbyard.errors import Invalid
from nbyard.services.operation import Operation
from nbyard.services.operation_table import table
from nbyard.services.projects.automatic_links import CREATED
from nbyard.services.spelling import resource_commands
from nbyard.services.spelling.resource_commands import secret_places
from nbyard.services.spelling.words import (
    HIDDEN,
    Commands,
    Path,
    UnspellableRequest,
    Words,
    json_text,
    need,
    plain_json,
    verb_word,
)

Query = Mapping[str, Any]
# `nbyard models ls` asks for so many.
MOST_MODELS = 500


def compare_versions(path: Path, query: Query) -> list[str]:
    numbers = [str(query.get(name, 0)) for name in ("old", "new")] if query else []
    return Words("datasets", "compare").done(path["dataset"], *numbers)


def reading(*begin: str, option: str = "") -> Callable[[Path, Query], list[str]]:
    """Return the command of a request whose query has only the value of this option."""

    def spelled(path: Path, query: Query) -> list[str]:
        # Without a node, the commands of runs ask for the nodes first.
        need(not {*query} - {option} and all(path.values()))
        return Words(*begin).option(f"--{option}", query.get(option)).done(*path.values())

    return spelled


def list_models(_path: Path, query: Query) -> list[str]:
    filters = {name: text for name, text in query.items() if name != "limit"}
    need(query.get("limit") == MOST_MODELS and filters.keys() <= {"id", "tag", "name", "mode"})
    return Words("models", "ls").pairs("-f", filters).done()


def compare_runs(path: Path, query: Query) -> list[str]:
    others = query["others"].split(",")
    need(all(others))
    command = Words("runs", "compare").flag("--all", query.get("everything", False))
    return command.done(path["run"], *others)


def explain_run(path: Path, query: Query) -> list[str]:
    node, results = query.get("node", ""), {*query} - {"other", "node"}
    # The command names the node with its metric or output only.
    need(len(results) == bool(node) and "." not in node)
    command = Words("runs", "why")
    for result in results:
        command.option(f"--{result}", f"{node}.{query[result]}")
    return command.done(query["other"], path["run"])


def task_files(_path: Path, _query: Query) -> list[str]:
    raise UnspellableRequest  # the command asks for the nodes of the run first


READS: Mapping[str, Callable[[Path, Query], list[str]]] = {
    "datasets.compare": compare_versions,
    "deployments.log": reading("deployments", "log", option="revision"),
    "environments.kernel": reading("environments", "kernel"),
    "environments.log": reading("environments", "log", option="version"),
    "images.log": reading("images", "log"),
    "models.list": list_models,
    "runs.compare": compare_runs,
    "runs.files": task_files,
    "runs.log": reading("runs", "log", option="attempt"),
    "runs.metrics": reading("runs", "metrics", option="attempt"),
    "runs.why": explain_run,
}


WIDTH = 88
INDENT = "    "


class _Asked:
    """An expression that prompts for a secret when the program runs."""

    def __init__(self, place: str):
        self._place = place

    def __repr__(self) -> str:
        name = self._place.rpartition(".")[2].replace("_", " ")
        return f'getpass("{name[:1].upper()}{name[1:]}: ")'


def python_code(
    operation: Operation, values: dict[str, Any], secrets: list[str], project: str = ""
) -> str:
    """Return a Python program that sends a request.

    The program prompts for `secrets`, the places of secrets in the body. With a `project`, it links
    what the request creates to that project.
    """
    for place in secrets:
        *outer, name = place.split(".")
        inner = values["body"]
        for part in outer:
            inner = inner.setdefault(part, {})
        inner[name] = _Asked(place)
    arguments = []
    for name, value in values.items():
        # Further lines stand behind the name.
        indent = len(name) + len(INDENT) + 1
        lines = pformat(value, width=WIDTH - indent, sort_dicts=False).split("\n")
        # Python 3.11 allows no backslash within the braces of an f-string, hence `chr(10)`.
        arguments.append(f"{name}={(chr(10) + ' ' * indent).join(lines)}")
    call = f"connection.{operation.noun}.{operation.verb}"
    line = f"{call}({', '.join(arguments)})"
    if len(line) > WIDTH or "\n" in line:
        line = f"{call}(\n{''.join(f'{INDENT}{argument},{chr(10)}' for argument in arguments)})"
    imports = ["from getpass import getpass\n"] if secrets else []
    head = ["\n".join([*imports, "from nbyard.discover import connect"]), ""]
    connection = f"connection = connect({f'project={project!r}' if project else ''})"
    return "\n".join([*head, connection, line])


CRATE = "runs.crate"
PROGRAM = """\
from shutil import copyfileobj

from nbyard.discover import connect

connection = connect()
crate, _ = connection.run_crate({arguments})
with open({target!r}, "wb") as file:
    copyfileobj(crate, file)"""


def spell_download(asked: SpellingRequest) -> Spelling | None:
    """Return the spelling of a download, None if the request is an operation."""
    if asked.operation != CRATE:
        return None
    run = asked.path.get("run", "")
    has_inputs = convert_json(asked.query.get("inputs", True), bool)
    target = f"run-{run}.zip"
    export_command = Words("runs", "export").option("--ro-crate", target)
    command = export_command.flag("--no-inputs", not has_inputs).done(run)
    arguments = repr(run) if has_inputs else f"{run!r}, inputs=False"
    return Spelling(shlex.join(command), PROGRAM.format(arguments=arguments, target=target))


COMMANDS: Commands = {
    **resource_commands.RUN_COMMANDS,
    **resource_commands.COMMANDS,
    **resource_commands.CONTAINER_COMMANDS,
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
    arguments = [field.name for field in operation.arguments]
    for name, value in query.items():
        if name in arguments:
            continue
        option = f"--{name.replace('_', '-')}"
        # False is the default of each flag.
        if value is True:
            command_line.flag(option, True)
        elif value is not False:
            command_line.option(option, value)
    return command_line.done(*((path | query)[name] for name in arguments))


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
