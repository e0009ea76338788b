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
from typing import Any

import click
import msgspec
from traitlets import TraitType

from nbyard.cli.generated_commands import VERBS
from nbyard.cli.main import Nouns, nbyard
from nbyard.domain import states
from nbyard.domain.arguments import bindings, records
from nbyard.domain.arguments import structs as arguments
from nbyard.domain.attempts import structs as attempts
from nbyard.domain.commands import invocations
from nbyard.domain.environments import structs as environments
from nbyard.domain.executables import descriptions
from nbyard.domain.executables import structs as executables
from nbyard.domain.workflows import structs as workflows
from nbyard.errors import NbyardError, NewerSchema, error_classes
from nbyard.rest.openapi import STREAMS
from nbyard.services.operation import Field, Operation
from nbyard.services.table import SERVICES, table
from nbyard.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "docs/reference"
MADE = "<!-- Made by buildtools/reference.py; do not edit. -->"
API = "/nbyard/api"
# structs that are documented on the pages of the formats
ELSEWHERE = {
    arguments.Argument,
    attempts.Failure,
    executables.Resources,
    invocations.Invocation,
    invocations.WorkFile,
    records.Record,
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
        "In `jupyter_server_config.py` a setting is `c.Settings.NAME = …`; on the command line of "
        "Jupyter it is `--Settings.NAME=…`. Where neither says anything, the environment variable "
        "counts: that is also how the `nbyard` command is told. Lists are written with commas in "
        "a variable. A name that is no setting is refused, and so is a variable that is spelled "
        "nearly like one of these.",
        grid(["setting", "environment variable", "default", "meaning", "dispatcher"], rows),
        "Settings with *yes* in the last column are about the work itself. The store's dispatcher "
        "reads them once, when it starts, and has them from the server or the command that starts "
        "it. One that has nothing to do makes way for another when work is asked for by somebody "
        "who gives one of these settings otherwise, in a variable or a file; defaults make nobody "
        "leave. One that has work keeps to its own settings, and what is asked for meanwhile has "
        "them too: `nbyard run` says so of variables that are set otherwise, and `nbyard doctor` "
        "names all settings that differ. To start it anew, wait for the end of the work, or end "
        "it: `nbyard doctor` says with which command. What runs goes on; the next dispatcher has "
        "the settings of whoever starts it, which may be a running server that looks on. A server "
        "reads its own settings when it starts. With `--server` all settings are those of that "
        "server.",
        "Three more variables belong to the command line and to what runs, and are no settings:",
        grid(
            ["variable", "meaning"],
            [
                ["`NBYARD_SERVER`", "port or URL of the server that `nbyard` asks, as `--server`"],
                ["`NBYARD_TOKEN`", "its token; known by itself for servers of this machine"],
                ["`NBYARD_RESOURCES`", "set for kernels and runs: the folder of all datasets"],
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
        f"Everything you can ask. Paths are below `{API}` of the Jupyter server. The same table "
        "makes the REST routes, the OpenAPI document (`openapi.json` there), the Python client "
        "and the `nbyard` command.",
        grid(["operation", "method", "path", "what it does"], rows),
        "## Rules for all",
        "- Ask with the server's token: `Authorization: token …`.\n"
        "- Bodies are strict JSON: unknown fields, duplicate keys and NaN are refused. An "
        "unreadable body is 400, a refused field 422, a stale write or a taken name 409; see "
        "[errors](errors.md).\n"
        "- Lists answer `{items, next}`, newest first; give `next` back as `after`.\n"
        "- Operations that make something accept the header `Idempotency-Key`: the same key with "
        "the same body gives the same thing again.\n"
        "- A change carries the `revision` that was read.\n"
        "- What happens is told over the websocket `/events/socket`; "
        "[events](events.md) can also be read page by page.\n"
        "- `/health` answers `ok` without a token.",
        "## Streams",
        "Bytes do not travel in JSON:",
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
        yield f"Answers `{kind(op.returns)}`."


def _shell(op: Operation) -> str:
    group = nbyard.nouns.get(op.noun)
    name = VERBS.get(op.verb, op.verb)
    if isinstance(group, click.Group) and name in group.commands:
        return f"; [`nbyard {op.noun} {name}`](cli.md)"
    return ""


def _field(field: Field) -> Iterator[list[str]]:
    if field.place != "body":
        name = "Idempotency-Key" if field.place == "header" else field.name
        yield [f"`{name}`", field.place, f"`{kind(field.type)}`", _given(field.default)]
        return
    for inner in msgspec.structs.fields(field.type):
        yield [f"`{inner.encode_name}`", "body", f"`{kind(inner.type)}`", _of_struct(inner)]


def _of_struct(field: Any) -> str:
    if field.default is not msgspec.NODEFAULT:
        return _given(field.default)
    if field.default_factory is not msgspec.NODEFAULT:
        return _given(field.default_factory())
    return "needed"


def _given(value: Any) -> str:
    if value is msgspec.UNSET:
        return ""
    if isinstance(value, msgspec.Struct):
        return "`{}`"
    return f"`{msgspec.json.encode(value).decode()}`"


def kind(annotation: Any) -> str:
    """Return a type in readable form."""
    text = inspect.formatannotation(annotation)
    text = re.sub(r"\b(?:\w+\.)+(?=[A-Z]\w)", "", text)
    text = re.sub(r"Literal\[([^]]*)\]", lambda found: found[1].replace(", ", " | "), text)
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
        "Data goes to standard output, everything else to standard error; `--json` prints the "
        "same structures as the [operations](operations.md). A noun may stand in the singular.",
        exit_codes(),
        *parts,
    )


def exit_codes() -> str:
    return grid(
        ["exit code", "meaning"],
        [
            ["0", "done; of `run` and `runs status`: the run succeeded (or is under way)"],
            ["1", "the run failed or was cancelled, the import failed, or the request was refused"],
            ["2", "usage: unknown command, option or parameter, or a value of the wrong type"],
            ["3", "no such thing"],
            ["5", "the server does not answer, or the store is busy"],
            ["130", "interrupted; a run that was started goes on"],
        ],
    )


def commands(group: click.Group, path: str = "nbyard") -> Iterator[tuple[str, click.Command]]:
    """Yield every visible command with the words that call it."""
    nouns = group.nouns if isinstance(group, Nouns) else {}
    for name, command in sorted({**group.commands, **nouns}.items()):
        if command.hidden:
            continue
        words = f"{path} {name}"
        yield words, command
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
        "They hold while the canvas has the focus (on a Mac, Ctrl is ⌘). Every command is also in "
        "the command palette; keys are changed in *Settings → Keyboard Shortcuts*. In the "
        "browser, `Shift /` shows those that hold now.",
        grid(["command", "key"], rows),
    )


# Errors


def error_codes() -> dict[str, type[NbyardError]]:
    """Map each code to the class that declares it; the class may have subclasses."""
    assert NewerSchema.code in error_classes(), "the rooms that add codes are loaded"
    return {
        code: next(c for c in cls.__mro__ if "code" in vars(c))
        for code, cls in error_classes().items()
    }


def errors() -> str:
    classes = sorted(error_codes().values(), key=lambda cls: (cls.status, cls.code))
    rows = [[f"`{c.code}`", str(c.status), f"`{c.__name__}`", inspect.getdoc(c)] for c in classes]
    return page(
        "Error codes",
        "Every refusal has one body, over REST and in Python: `{code, message, hint, details: "
        "[{path, message}], request_id}`. `message` is a sentence for people, `hint` says what "
        "helps, `details` names each refused field. The code is stable, the sentence is not.",
        grid(["code", "HTTP status", "Python class", "default sentence"], rows),
        "A request without a valid token is answered 403 (`forbidden`), as elsewhere in"
        " Jupyter, and at the link of a deployment 401 (`unauthenticated`).",
        f"In Python all of them are `{NbyardError.__name__}` of `nbyard.errors`.",
    )


# States


def state_machines() -> str:
    parts: list[str] = []
    for machine in states.MACHINES.values():
        rows = [
            [f"`{state}`", ", ".join(f"`{after}`" for after in moves) or "(the end)"]
            for state, moves in machine.moves.items()
        ]
        parts += [
            f"## {machine.name}",
            f"Begins as `{machine.initial}`.",
            grid(["state", "may become"], rows),
        ]
    return page(
        "States",
        "One table for each state machine; nothing else decides what may follow what. A task that "
        "took its result from the cache is `succeeded` with the flag `cached`; a request to "
        "cancel is a time (`cancel_requested_at`), not a state.",
        *parts,
        "## Why a task failed",
        "`failure.kind` is one of "
        + ", ".join(f"`{word}`" for word in typing.get_args(attempts.FailureKind))
        + ".",
    )


# Formats


def document_format() -> str:
    return page(
        "Workflow documents: `*.nbflow`",
        "Canonical JSON (sorted keys, two blanks of indentation), so that two versions compare "
        "line by line; positions stand in a block of their own.",
        *_structs(workflows.Document, workflows.Meta, workflows.Parameter, workflows.Node),
        "A node names either a `path`, relative to the document's folder, which it follows, or "
        "the id of a stored `executable` or `dataset`. Node ids match "
        f"`{workflows.NODE_ID.pattern.removesuffix(chr(92) + 'Z')}`; a document has at most "
        f"{workflows.MAX_NODES:,} nodes.",
        *_structs(workflows.Pin, workflows.Binding, workflows.Edge),
        "The key of an edge is `SOURCE.OUTPUT->TARGET.INPUT`. The only output of a dataset is "
        f"called `{workflows.DATA}`.",
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
        "`FILE.nbexec` beside a notebook, script or binary says what the file itself cannot: its "
        "arguments, how they reach the command line, what it needs. For a notebook the parameters "
        "cell stays the list of names and defaults, and the description corrects role, type, "
        "format and help by name. The form of the browser writes it; you may write it yourself. "
        "Files that the code opens by itself are [declared with one click]"
        "(../explanation/cache.md#files-that-nothing-declares): they have the reach `file`.",
        *_structs(descriptions.Description, executables.Resources, arguments.Argument),
        *_structs(invocations.Invocation, invocations.WorkFile, records.Record),
        f"A *role* is one of {_words(arguments.Role)}; a *type* is one of "
        f"{_words(arguments.ValueType)}.",
        "## How an argument reaches a command",
        grid(["kind", "fields", "meaning"], list(_reaches())),
        "A reference in a text is one of [CWL's](../how-to/cwl.md): `$(inputs.NAME)`, and of a "
        "file its `.path`, `.basename`, `.nameroot`, `.nameext`, `.dirname` or `.size`; "
        "`$(runtime.outdir)`, `.tmpdir`, `.cores` or `.ram` (MiB).",
        "Programs are started as an argument vector, never through a shell. `command` is the "
        'beginning of that vector; `"{file}"` stands for the file itself.',
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
        "`STORE/attempts/ATTEMPT_ID` is all there is between the dispatcher, a runtime and the "
        "runner: whoever holds it can say what happened. It can be read with `ls` and `cat`, "
        "during the run and after it. Inputs, outputs and code go when the attempt is at its end "
        "(outputs are kept in the store); the record stays.",
        f"```text\n{inspect.cleandoc(listed)}\n```",
        "It is finished when `result.json` is there, which is renamed in last.",
        *_structs(attempts.TaskFile, attempts.NotebookWork, attempts.CommandWork),
        *_structs(attempts.ExitCodes, attempts.Output),
        "The words `{attempt}` at the beginning of a path stand for the folder as the runner sees "
        "it: a container sees another one than the host.",
        *_structs(attempts.Result, attempts.Failure, attempts.RunnerIdentity),
        *_structs(attempts.Surroundings, environments.Lock, environments.Package, attempts.Image),
    )


def _structs(*structs: Any) -> Iterator[str]:
    for struct in structs:
        yield f"## {struct.__name__}"
        yield _paragraph(inspect.getdoc(struct) or "")
        rows = [
            [f"`{field.encode_name}`", f"`{kind(field.type)}`", _of_struct(field)]
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
    return re.sub(r"(?<!\n)\n(?!\n)", " ", text)


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
