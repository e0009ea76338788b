"""Generate the reference pages of docs/ from the code.

python buildtools/reference.py           writes docs/reference
python buildtools/reference.py --check   exits with code 1 if a page differs from the code
"""

import inspect
import json
import re
import sys
import typing
from collections.abc import Iterator
from pathlib import Path
from types import UnionType
from typing import Any

import click
import msgspec
from traitlets import TraitType

from nbyard.cli.lazy_commands import LazyCommand
from nbyard.cli.main import nbyard
from nbyard.domain import state_machines as states
from nbyard.domain.arguments import bindings
from nbyard.domain.arguments import structs as arguments
from nbyard.domain.attempts import structs as attempts
from nbyard.domain.commands import invocations
from nbyard.domain.environments import structs as environments
from nbyard.domain.executables import nbexec_files
from nbyard.domain.executables import structs as executables
from nbyard.domain.workflows import structs as workflows
from nbyard.errors import NbyardError, NewerSchema, error_classes
from nbyard.reasons.codes.failures import FAILURES
from nbyard.reasons.structs import Reason, because
from nbyard.rest.openapi import STREAMS
from nbyard.services.operation import Field, Operation
from nbyard.services.operation_table import SERVICES, table
from nbyard.services.spelling.words import verb_word
from nbyard.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "docs/reference"
MADE = "<!-- Made by buildtools/reference.py; do not edit. -->"
API = "/nbyard/api"
# The commands written by hand whose words differ from the operation that they call.
COMMANDS_OF = {
    "credentials.create": "credentials add",
    "credentials.update": "credentials replace",
    "datasets.create": "datasets add",
    "environments.change": "environments install",
    "environments.preview": "environments install",
    "environments.set_default": "environments default",
    "executables.create": "executables add",
    "runs.create": "run",
    "system.doctor": "doctor",
}
# structs that are documented on the pages of the formats
ELSEWHERE = {
    arguments.Argument,
    attempts.Failure,
    executables.Resources,
    invocations.Invocation,
    invocations.WorkFile,
    invocations.Record,
    workflows.Edge,
    *typing.get_args(bindings.Reach),
}


def pages() -> dict[str, str]:
    """Return every generated page by its file name."""
    found = {
        "settings.md": settings(),
        "cli.md": command_line(),
        "errors.md": errors(),
        "states.md": state_machines(),
        "nbflow.md": document_format(),
        "nbexec.md": description_format(),
        "attempt-folder.md": attempt_folder(),
        "keys.md": keys(),
        "operations.md": operations(),
    }
    return found | {f"{service.noun}.md": noun(service) for service in SERVICES}


# Settings


def settings() -> str:
    traits: dict[str, TraitType[Any, Any]] = Settings.class_traits(config=True)
    read_once = Settings.of_dispatcher()
    rows = [
        [*_names(name), _default(trait), trait.help, "yes" if name in read_once else ""]
        for name, trait in traits.items()
    ]
    return page(
        "Settings",
        "Set a setting in one of these places. The first place that sets it counts:",
        "1. the command line of Jupyter: `--Settings.NAME=…`\n"
        "2. `jupyter_server_config.py`: `c.Settings.NAME = …`\n"
        "3. the environment variable, which the `nbyard` command reads too",
        "In a variable, separate the items of a list with commas. nbyard refuses unknown settings, "
        "and variables that look like a misspelled setting.",
        grid(["setting", "environment variable", "default", "meaning", "dispatcher"], rows),
        "## Settings of the dispatcher",
        "Settings with *yes* in the last column affect the work itself. The dispatcher of the "
        "store reads them once, when it starts. It gets them from the server or the command that "
        "starts it.",
        "When you request work and set one of these settings to another value:",
        grid(
            ["the running dispatcher", "what happens"],
            [
                [
                    "has no work",
                    "It exits, and a new dispatcher starts with your settings. This holds for "
                    "values in a variable or a file, not for defaults.",
                ],
                [
                    "has work",
                    "It keeps its settings, and your work uses them too. `nbyard run` names the "
                    "variables that differ. `nbyard doctor` names all settings that differ.",
                ],
            ],
        ),
        "To restart the dispatcher, wait until its work ends, or stop the dispatcher. `nbyard "
        "doctor` prints the command for this. Running work continues. The next dispatcher has the "
        "settings of the process that starts it. This may be a running server that watches the "
        "store.",
        "A server reads its own settings when it starts. With `--server`, all settings are those "
        "of that server.",
        "## Other variables",
        "These variables are not settings:",
        grid(
            ["variable", "meaning"],
            [
                [
                    "`NBYARD_SERVER`",
                    "name, port or URL of the server, like `--server`",
                ],
                ["`NBYARD_CONFIG`", "file with the names of servers"],
                [
                    "`NBYARD_TOKEN`",
                    "token of that server; `nbyard` finds the tokens of this machine's servers",
                ],
                [
                    "`NBYARD_RESOURCES`",
                    "folder of all datasets; nbyard sets it for kernels and runs",
                ],
            ],
        ),
    )


def _names(setting: str) -> list[str]:
    return [f"`{setting}`", f"`NBYARD_{setting.upper()}`"]


def _default(trait: "TraitType[Any, Any]") -> str:
    value = trait.default()
    return f"`{value}`" if value not in ("", None, []) else ""


# Operations


def operations() -> str:
    rows = [
        [f"[`{op.id}`]({op.noun}.md#{anchor(op)})", f"`{op.method}`", f"`{op.path}`", op.summary]
        for op in table()
    ]
    return page(
        "Operations",
        f"These are all operations of nbyard. Paths are below `{API}` of the Jupyter server. The "
        "REST routes, the OpenAPI document (`openapi.json` there), the Python client and the "
        "`nbyard` command come from the same table.",
        grid(["operation", "method", "path", "what it does"], rows),
        "## Common rules",
        "- Send the token of the server: `Authorization: token …`.\n"
        "- Bodies are strict JSON. Unknown fields, duplicate keys and NaN are refused.\n"
        "- An unreadable body returns 400, a refused field 422, a stale write or a taken name "
        "409. See [errors](errors.md).\n"
        "- Lists return `{items, next}`, newest first. Send `next` as `after` to get the next "
        "page.\n"
        "- Operations that create something accept the header `Idempotency-Key`. The same key "
        "with the same body returns the first result again.\n"
        "- A change contains the `revision` that the client read.\n"
        "- The websocket `/events/socket` sends events. The operations for [events](events.md) "
        "return them page by page.\n"
        "- `/health` returns `ok` without a token.",
        "## Streams",
        "These paths send or receive bytes instead of JSON:",
        grid(["method", "path", "what it does"], list(_streams())),
    )


def _streams() -> Iterator[list[str]]:
    for path, methods in STREAMS.items():
        for method, told in methods.items():
            yield [f"`{method.upper()}`", f"`{path}`", told["summary"]]


def noun(service: Any) -> str:
    """Return the page of one noun: its operations with their fields and responses."""
    mine = [op for op in table() if op.noun == service.noun]
    parts = [part for op in mine for part in _operation(op)]
    structs = dict.fromkeys(s for op in mine for s in _reached(op.returns))
    told = [s for s in structs if s not in ELSEWHERE]
    if told:
        parts += ["## Structures", *_structs(*told)]
    return page(service.noun.capitalize(), _paragraph(inspect.getdoc(service) or ""), *parts)


def _reached(annotation: Any, above: tuple[Any, ...] = ()) -> Iterator[Any]:
    """Yield the structs in a response: the outer one first, then those inside, each once a path."""
    if annotation in above:
        return
    inner = typing.get_args(annotation)
    is_struct = isinstance(annotation, type) and issubclass(annotation, msgspec.Struct)
    if is_struct:
        yield annotation
        types = (field.type for field in msgspec.structs.fields(annotation))
        inner = tuple(types)
        above = (*above, annotation)
    for one in inner:
        yield from _reached(one, above)


def anchor(op: Operation) -> str:
    return f"{op.noun}{op.verb}"


def _operation(op: Operation) -> Iterator[str]:
    yield f"## {op.id}"
    yield f"{op.summary}."
    if op.description:
        yield _paragraph(op.description)
    yield f"`{op.method} {API}{op.path}` → {op.status}{_shell(op)}. Scope `{op.scope}`."
    rows = [row for field in op.fields for row in _field(field)]
    if rows:
        yield grid(["field", "where", "type", "default"], rows)
    if op.returns is not type(None):
        yield f"Returns `{kind(op.returns)}`."


def _shell(op: Operation) -> str:
    words = f"nbyard {COMMANDS_OF.get(op.id) or f'{op.noun} {verb_word(op.verb)}'}"
    if words in dict(commands(nbyard)):
        return f"; [`{words}`](cli.md#{words.replace(' ', '-')})"
    return ""


def _field(field: Field) -> Iterator[list[str]]:
    if field.place != "body":
        name = "Idempotency-Key" if field.place == "header" else field.name
        yield [f"`{name}`", field.place, f"`{kind(field.type)}`", _given(field.default)]
        return
    hints = typing.get_type_hints(field.type)  # without the presentation of the fields
    for inner in msgspec.structs.fields(field.type):
        yield [f"`{inner.encode_name}`", "body", f"`{kind(hints[inner.name])}`", _of_struct(inner)]


def _of_struct(field: Any) -> str:
    if field.default is not msgspec.NODEFAULT:
        return _given(field.default)
    if field.default_factory is not msgspec.NODEFAULT:
        return _given(field.default_factory())
    return "required"


def _given(value: Any) -> str:
    if value is msgspec.UNSET:
        return ""
    if isinstance(value, msgspec.Struct):
        return "`{}`"
    return f"`{msgspec.json.encode(value).decode()}`"


def kind(annotation: Any) -> str:
    """Return a type in readable form."""
    if typing.get_origin(annotation) in (typing.Union, UnionType):
        return " | ".join(map(kind, typing.get_args(annotation)))
    text = inspect.formatannotation(annotation)
    text = re.sub(r"\b(?:\w+\.)+(?=[A-Z]\w)", "", text)
    text = re.sub(r"Literal\[([^]]*)\]", lambda found: found[1].replace(", ", " | "), text)
    text = re.sub(r"Optional\[([^]]*)\]", r"\1 | null", text)
    text = text.replace("UnsetType", "absent").replace("datetime.datetime", "datetime")
    text = text.replace("typing.", "").replace("Dict[", "dict[").replace("List[", "list[")
    return text.replace("NoneType", "null").replace("None", "null")


# Command line


def command_line() -> str:
    parts = [f"```text\n{_help(nbyard, 'nbyard')}\n```"]
    for path, command in commands(nbyard):
        if not isinstance(command, click.Group):
            parts += [f"## {path}", f"```text\n{_help(command, path)}\n```"]
    return page(
        "Command line",
        "Data goes to standard output, everything else to standard error. `--json` prints the "
        "same structures as the [operations](operations.md). You can write a noun in the "
        "singular.",
        exit_codes(),
        *parts,
    )


def exit_codes() -> str:
    return grid(
        ["exit code", "meaning"],
        [
            ["0", "success; `run` and `runs status`: the run succeeded (or is not finished)"],
            ["1", "the run failed or was cancelled, the import failed, or the request was refused"],
            ["2", "usage error: unknown command, option or parameter, or value of the wrong type"],
            ["3", "not found"],
            ["5", "the server does not respond, or the store is busy"],
            ["130", "interrupted; a started run continues"],
        ],
    )


def commands(group: click.Group, path: str = "nbyard") -> Iterator[tuple[str, click.Command]]:
    """Yield every visible command with the words that call it."""
    for name, command in sorted(group.commands.items()):
        if command.hidden:
            continue
        words = f"{path} {name}"
        yield words, command.loaded if isinstance(command, LazyCommand) else command
        if isinstance(command, click.Group):
            yield from commands(command, words)


def _help(command: click.Command, path: str) -> str:
    # with the context settings of nbyard, because a command remembers its help option
    wide: dict[str, Any] = {**nbyard.context_settings, "terminal_width": 96}
    context = click.Context(command, info_name=path, max_content_width=96, **wide)
    return command.get_help(context).rstrip()


# Keys


def keys() -> str:
    found: dict[str, list[str]] = {}
    for schema in sorted((ROOT / "schema").glob("*.json")):
        for binding in json.loads(schema.read_text()).get("jupyter.lab.shortcuts", []):
            keys = " ".join(binding["keys"]).replace("Accel", "Ctrl").replace("Arrow", "")
            found.setdefault(binding["command"], []).append(f"`{keys}`")
    rows = [[f"`{command}`", " or ".join(keys)] for command, keys in sorted(found.items())]
    return page(
        "Keys",
        "These keys work while the canvas has the focus (on a Mac, Ctrl is ⌘). Every command is "
        "also in the command palette. Change the keys in *Settings → Keyboard Shortcuts*, "
        "except those of the browser: `Ctrl C`, `Ctrl X` and `Ctrl V`. In the "
        "browser, `Shift /` shows the keys that work now.",
        grid(["command", "key"], rows),
    )


# Errors


def error_codes() -> dict[str, type[NbyardError]]:
    """Map each code to the class that declares it; the class may have subclasses."""
    assert NewerSchema.code in error_classes(), "the modules that add codes are loaded"
    return {
        code: next(c for c in cls.__mro__ if "code" in vars(c))
        for code, cls in error_classes().items()
    }


def errors() -> str:
    classes = sorted(error_codes().values(), key=lambda cls: (cls.status, cls.code))
    rows = [[f"`{c.code}`", str(c.status), f"`{c.__name__}`", inspect.getdoc(c)] for c in classes]
    return page(
        "Error codes",
        "Every error has the same body, over REST and in Python: `{code, message, hint, details: "
        "[{path, message}], request_id}`. `message` is a sentence for people. `hint` suggests a "
        "solution. `details` names each refused field. The code is stable. The sentence may "
        "change.",
        grid(["code", "HTTP status", "Python class", "default sentence"], rows),
        "A request without a valid token returns 403 (`forbidden`), as elsewhere in Jupyter. At"
        " the link of a deployment it returns 401 (`unauthenticated`).",
        f"In Python, all errors are subclasses of `{NbyardError.__name__}` in `nbyard.errors`.",
    )


# States

END = "(final state)"


def state_machines() -> str:
    parts: list[str] = []
    for machine in states.MACHINES.values():
        rows = [[f"`{state}`", _next_states(machine, state)] for state in machine.moves]
        parts += [
            f"## {machine.name}",
            f"The initial state is `{machine.initial}`.",
            grid(["state", "possible next states"], rows),
        ]
    return page(
        "States",
        "Each state machine has one table. The table lists all allowed changes of state. A cached "
        "task is `succeeded` and has the flag `cached`. A request to cancel is a time "
        "(`cancel_requested_at`), not a state.",
        *parts,
        "## Why a task failed",
        "`failure.kind` is one of "
        + ", ".join(f"`{word}`" for word in typing.get_args(attempts.FailureKind))
        + ".",
    )


def _next_states(machine: states.Machine, state: str) -> str:
    after, again = (
        ", ".join(f"`{name}`" for name in names)
        for names in (machine.moves[state], machine.again.get(state, ()))
    )
    return after or (f"(final state; after a retry of elements: {again})" if again else END)


# Formats


def document_format() -> str:
    return page(
        "Workflow documents: `*.nbflow`",
        "The file is canonical JSON (sorted keys, two spaces of indentation). Two versions can "
        "therefore be compared line by line. Positions have a separate block.",
        *_structs(workflows.Document, workflows.Meta, workflows.Parameter, workflows.Node),
        "A node names one of these:",
        "- a `path`, relative to the document's folder; the node follows changes of this file\n"
        "- the ID of a stored `executable` or `dataset`",
        f"Node IDs match `{workflows.NODE_ID.pattern.removesuffix(chr(92) + 'Z')}`. A document "
        f"has at most {workflows.MAX_NODES:,} nodes.",
        *_structs(workflows.Pin, workflows.Binding, workflows.Comment, workflows.Group),
        *_structs(workflows.Edge),
        "An edge is a connection. Its key is `SOURCE.OUTPUT->TARGET.INPUT`. The only output of a "
        f"dataset is called `{workflows.DATA}`.",
        '```json\n{\n  "edges": {\n    "rows.data->clean.input_csv": {\n'
        '      "input": "input_csv", "output": "data", "source": "rows", "target": "clean"\n'
        '    }\n  },\n  "meta": {"parameters": {"seed": {"default": 7, "type": "int"}}},\n'
        '  "nodes": {\n    "clean": {\n      "arguments": {"seed": {"parameter": "seed"}},\n'
        '      "path": "clean.ipynb",\n      "type": "executable"\n    },\n'
        '    "rows": {"path": "penguins.csv", "type": "dataset"}\n  },\n'
        '  "positions": {"clean": [300, 0], "rows": [0, 0]},\n  "version": 1\n}\n```',
    )


def description_format() -> str:
    return page(
        "Executable descriptions: `*.nbexec`",
        "`FILE.nbexec` beside a notebook, script or binary describes facts that the file itself "
        "cannot contain:",
        "- its arguments\n- how they reach the command line\n- the resources that it needs",
        "For a notebook, the parameters cell still sets the names and defaults. The description "
        "corrects role, type, format and help by name. The form in the browser writes this file. "
        "You can also write it yourself.",
        "You can declare files that the code opens by itself [with one click]"
        "(../explanation/cache.md#files-that-nothing-declares). They have the reach `file`.",
        *_structs(nbexec_files.Description, executables.Resources, arguments.Argument),
        *_structs(invocations.Invocation, invocations.WorkFile, invocations.Record),
        f"A *role* is one of {_words(arguments.Role)}. A *type* is one of "
        f"{_words(arguments.ValueType)}.",
        "## How an argument reaches a command",
        grid(["kind", "fields", "meaning"], list(_reaches())),
        "A text may contain references of [CWL](../how-to/cwl.md):",
        grid(
            ["reference", "further parts"],
            [
                [
                    "`$(inputs.NAME)`",
                    "of a file: `.path`, `.basename`, `.nameroot`, `.nameext`, `.dirname`, `.size`",
                ],
                ["`$(runtime.outdir)`", "`$(runtime.tmpdir)`, `.cores`, `.ram` (MiB)"],
            ],
        ),
        "nbyard starts programs with an argument vector, never through a shell. `command` is the "
        'beginning of that vector. `"{file}"` stands for the file itself.',
    )


def _reaches() -> Iterator[list[str]]:
    for reach in typing.get_args(bindings.Reach):
        names = ", ".join(f"`{field.encode_name}`" for field in msgspec.structs.fields(reach))
        yield [f"`{reach.__struct_config__.tag}`", names, _line(inspect.getdoc(reach))]


def attempt_folder() -> str:
    layout = inspect.getdoc(attempts) or ""
    _, _, listed = layout.partition("\n\n")
    return page(
        "The attempt folder",
        "The dispatcher, a runtime and the runner exchange data only through the folder "
        "`STORE/attempts/ATTEMPT_ID`. It contains the full record of an attempt. Read it with "
        "`ls` and `cat`, during the run and after it.",
        "When the attempt ends, nbyard deletes inputs, outputs and code (outputs are kept in the "
        "store). The record stays.",
        f"```text\n{inspect.cleandoc(listed)}\n```",
        "The attempt is finished when `result.json` exists. nbyard writes this file last, by "
        "renaming it.",
        *_structs(attempts.TaskFile, attempts.NotebookWork, attempts.CommandWork),
        *_structs(attempts.ExitCodes, attempts.Output),
        "`{attempt}` at the beginning of a path stands for the path of this folder. A container "
        "has another path than the host.",
        *_structs(attempts.Result, attempts.Failure, Reason),
        *_reasons_of_failures(),
        *_structs(attempts.RunnerIdentity),
        *_structs(attempts.Surroundings, environments.Lock, environments.Package, attempts.Image),
    )


def _reasons_of_failures() -> Iterator[str]:
    yield "### Reasons of failures"
    yield (
        "The runner writes codes and parameters. The browser and the command line show the text. "
        "Failures also use codes of other states, such as `time-limit`."
    )
    example = {"kind": "timeout", "reason": because("time-limit", seconds=5)}
    yield f"```json\n{msgspec.json.encode(example).decode()}\n```"
    rows = [
        [f"`{name}`", ", ".join(f"`{field}`" for field in code.fields), f"`{code.text}`"]
        for name, code in FAILURES.items()
    ]
    yield grid(["code", "parameters", "text"], rows)


def _structs(*structs: Any) -> Iterator[str]:
    for struct in structs:
        yield f"## {struct.__name__}"
        yield _paragraph(inspect.getdoc(struct) or "")
        hints = typing.get_type_hints(struct)
        rows = [
            [f"`{field.encode_name}`", f"`{kind(hints[field.name])}`", _of_struct(field)]
            for field in msgspec.structs.fields(struct)
        ]
        yield grid(["field", "type", "default"], rows)


def _words(literal: Any) -> str:
    return ", ".join(f"`{word}`" for word in typing.get_args(literal))


# Markdown


def page(title: str, *parts: str) -> str:
    return "\n\n".join([MADE, f"# {title}", *(part for part in parts if part)]) + "\n"


def grid(head: list[str], rows: list[list[Any]]) -> str:
    """Return a Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(map(_line, line)) + " |" for line in lines)


def _line(value: Any) -> str:
    return re.sub(r"\s+", " ", str(value or "")).replace("|", "\\|")


def _paragraph(text: str) -> str:
    """Join the lines of each paragraph and list item."""
    return re.sub(r"(?<!\n)\n(?!\n|- ) *", " ", text)


def main() -> int:
    check = sys.argv[1:] == ["--check"]
    made = pages()
    stale = [n for n, text in made.items() if not _is(FOLDER / n, text)]
    if not check:
        FOLDER.mkdir(parents=True, exist_ok=True)
        for name in stale:
            (FOLDER / name).write_text(made[name])
    for name in stale:
        sys.stderr.write(f"docs/reference/{name} {'is stale' if check else 'written'}\n")
    return 1 if check and stale else 0


def _is(path: Path, text: str) -> bool:
    return path.is_file() and path.read_text() == text


if __name__ == "__main__":
    sys.exit(main())
