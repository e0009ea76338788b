"""The files of a bundle: code, inputs, a script that repeats the run, and digests to compare.

Papermill runs notebooks. Scripts and binaries run by their command lines. Each element of a map
has a script of its own, which adds its outputs to those of the map.
"""

import os.path
import re
import shlex
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

import msgspec

from nbyard.domain.arguments.bindings import Beside, File, Found, Handed, Stdin
from nbyard.domain.arguments.structs import Argument
from nbyard.domain.cache_policy import IDENTITY
from nbyard.domain.commands.command_line import build_argv, expand_file
from nbyard.domain.commands.invocations import ATTEMPT
from nbyard.domain.digest import canonical_text
from nbyard.domain.executables.structs import ExecutableVersion
from nbyard.domain.maps.elements import collected_name
from nbyard.domain.maps.structs import ALL
from nbyard.domain.runs.planning import output_filename
from nbyard.domain.runs.structs import BytesOf, ResultOf, Run, SecretOf, TaskPlan, ValueOf

NODES = "nodes"


class StoredOutput(msgspec.Struct, frozen=True):
    """The file or folder of an output."""

    filename: str
    digest: str


class RecordedNode(msgspec.Struct, frozen=True):
    """A task of the run: its plan, the version of its code, its outputs and packages by name.

    `version` is None if the executable was deleted.
    """

    plan: TaskPlan
    version: ExecutableVersion | None
    outputs: Mapping[str, StoredOutput] = {}
    packages: Mapping[str, str] = {}
    succeeded: bool = True

    @property
    def folder(self) -> str:
        """Return the folder of the node in the bundle."""
        return f"{NODES}/{self.plan.node}"

    @property
    def shared_folder(self) -> str:
        """Return the folder with the code, which the elements of a map share."""
        return f"{NODES}/{self.plan.element.map}" if self.plan.element else self.folder

    def place_of(self, output: str) -> str:
        """Return the path of an output in the bundle."""
        return f"{self.folder}/outputs/{output}/{self.outputs[output].filename}"


class Member(msgspec.Struct, frozen=True):
    """A file or folder of the bundle at the path `place`: stored bytes by digest, or a text."""

    place: str
    digest: str = ""
    text: str = ""


Nodes = Mapping[str, RecordedNode]
Some = Sequence[RecordedNode]
NOTEBOOK, COMMAND = "notebook", "command"
# The folder that `nbyard.input` and `nbyard.output` use outside of a run.
HANDOFF = "handoff"
# The place of an attempt in a command line. A value that contains this text has two braces.
PLACE = re.compile(r"(?<!\{)\{attempt\}")
LITERAL = re.compile(r"\{(\{+attempt)")
SECRETS = "secrets"


class Steps(msgspec.Struct, frozen=True):
    """The steps that repeat a node: script lines, the files they need, and names of secrets."""

    lines: list[str]
    members: list[Member]
    secrets: list[str]


def can_repeat(node: RecordedNode) -> bool:
    """Return whether plain papermill or a shell can run the node.

    Functions, models, containers and tools with a folder of their own need nbyard.
    """
    version = node.version
    if version is None or node.plan.image or version.kind not in (NOTEBOOK, COMMAND):
        return False
    if any(isinstance(argument.reach, Found | Beside) for argument in version.arguments):
        return False
    return version.kind == NOTEBOOK or not version.invocation.apart


def has_inputs(node: RecordedNode, nodes: Nodes) -> bool:
    """Return whether the run recorded all results that the node uses as inputs.

    `nodes` are the recorded nodes of the run by ID.
    """
    edges = node.plan.edges()
    return all(e.source in nodes and e.output in nodes[e.source].outputs for e in edges)


def steps_of(node: RecordedNode, nodes: Nodes, identity: Mapping[str, str]) -> Steps:
    """Return the steps that repeat a node. Those of a map call the scripts of its elements.

    `nodes` are the nodes of the bundle by ID. `identity` has the values of the arguments that
    nbyard fills in itself, such as the ID of the run.
    """
    if not node.plan.map:
        return _NodeSteps(node, nodes).steps(identity)
    elements = (each.plan.element for each in nodes.values() if each.succeeded)
    keys = (f"{each.key}\n" for each in elements if each and each.map == node.plan.node)
    listed, outputs = f"{node.folder}/{ELEMENTS}", node.outputs.keys() - {ALL}
    members = [Member(listed, text="".join(keys))]
    lines = [
        shlex.join(["mkdir", "-p", node.folder, *map(node.place_of, sorted(outputs))]),
        f"for element in $(cat {shlex.quote(listed)}); do",
        f'    sh {shlex.quote(f"{node.folder}.")}"$element"/{SCRIPT}',
        "done",
    ]
    if ALL in node.outputs:
        table = node.place_of(ALL)
        lines.append(shlex.join(["python3", COLLECT, table]))
        members += [Member(table, node.outputs[ALL].digest), Member(COLLECT, text=COLLECTOR)]
    return Steps(lines, members, [])


class _NodeSteps:
    def __init__(self, node: RecordedNode, nodes: Nodes):
        assert node.version is not None
        self._node, self._nodes, self._version = node, nodes, node.version
        self._code = f"{node.folder}/code"
        self._cwd = os.path.normpath(f"{self._code}/{os.path.dirname(node.version.file)}")
        self._before: list[str] = []
        self._after: list[str] = []
        shared = f"{node.shared_folder}/code"
        self._members = [Member(shared, node.version.bundle_digest)]
        if node.plan.element:  # values for the code may already be in its folder
            copied = ["mkdir", "-p", self._code], ["cp", "-r", f"{shared}/.", self._code]
            self._before += map(shlex.join, copied)
        self._secrets: list[str] = []

    def steps(self, identity: Mapping[str, str]) -> Steps:
        arguments = {argument.name: argument for argument in self._version.arguments}
        values = {name: text for name, text in identity.items() if name in arguments}
        for name, binding in self._node.plan.bindings.items():
            if name in arguments and name not in IDENTITY:
                values |= self._value_by_name(arguments[name], binding)
        for argument in arguments.values():
            if argument.role == "output":
                values |= self._output(argument)
        run = self._notebook(values) if self._version.kind == NOTEBOOK else self._command(values)
        if element := self._node.plan.element:
            whole = self._nodes[element.map]
            for name in sorted(self._node.outputs.keys() & whole.outputs.keys()):
                own = collected_name(element.position + 1, self._node.outputs[name].filename)
                self._after += _copy(self._node.place_of(name), f"{whole.place_of(name)}/{own}")
        return Steps([*self._before, run, *self._after], self._members, self._secrets)

    def _value_by_name(self, argument: Argument, binding: Any) -> dict[str, Any]:
        """Return the value of an argument by name.

        The result is empty if the code reads it from a file, or has it as its own default.
        """
        name = argument.name
        if isinstance(binding, SecretOf):
            self._secrets.append(binding.name)
            return {name: self._path_from_code(f"{SECRETS}/{binding.name}")}
        if not isinstance(binding, ValueOf):
            return self._pass_input(argument, binding)
        if binding.is_default and self._version.kind == NOTEBOOK:
            return {}
        if not isinstance(argument.reach, Handed):
            return {name: binding.value}
        place = f"{self._cwd}/{HANDOFF}/{name}.json"
        self._members.append(Member(place, text=canonical_text(binding.value)))
        return {}

    def _pass_input(self, argument: Argument, binding: BytesOf | ResultOf) -> dict[str, Any]:
        """Pass a file to the code.

        Returns its path by the name of the argument. The result is empty if the file is copied to
        a place that the code reads by itself.
        """
        name, reach = argument.name, argument.reach
        if isinstance(binding, ResultOf):
            before = self._nodes[binding.node]
            source, digest = before.place_of(binding.output), before.outputs[binding.output].digest
        else:
            digest = binding.digest
            source = f"{self._node.folder}/inputs/{name}/{binding.filename}"
            self._members.append(Member(source, digest))
        if isinstance(reach, Handed):
            handed = f"{self._cwd}/{HANDOFF}/{name}{PurePosixPath(source).suffix}"
            self._before += _copy(source, handed)
            return {}
        if isinstance(reach, File):
            self._before += _copy(source, f"{self._code}/{reach.place(self._version.file)}")
            return {}
        # Standard input must be a file in the node's own folder, unlike other inputs.
        if isinstance(reach, Stdin) and isinstance(binding, ResultOf):
            beside = f"{self._node.folder}/inputs/{name}/{os.path.basename(source)}"
            self._before += _copy(source, beside)
            source = beside
        # A list of files is given as the folder of its files.
        is_one_of_list = argument.type == "list" and not digest.startswith("tree:")
        return {name: self._path_from_code(os.path.dirname(source) if is_one_of_list else source)}

    def _output(self, argument: Argument) -> dict[str, Any]:
        name = argument.name
        if name not in self._node.outputs:  # optional, and not written
            place = f"{self._node.folder}/outputs/{name}/{output_filename(argument)}"
        else:
            place = self._node.place_of(name)
        folder = place if argument.format == "folder" else os.path.dirname(place)
        self._before.append(shlex.join(["mkdir", "-p", folder]))
        if isinstance(argument.reach, Handed):
            # Outside of a run, `nbyard.output` chooses the suffix by the type of the value.
            pattern = shlex.quote(f"{self._cwd}/{HANDOFF}/{name}") + ".*"
            self._after.append(f"mv {pattern} {shlex.quote(place)}")
            return {}
        if isinstance(argument.reach, File):
            written = f"{self._code}/{argument.reach.place(self._version.file)}"
            self._after.append(shlex.join(["mv", written, place]))
            return {}
        return {name: self._path_from_code(place)}

    def _path_from_code(self, place: str) -> str:
        """Return the path by which the code in its folder reaches a place in the bundle.

        For a command line, the path begins with the place of the attempt until the line is built.
        """
        if self._version.kind == COMMAND:
            return f"{ATTEMPT}/{os.path.relpath(place, self._node.folder)}"
        return os.path.relpath(place, self._cwd)

    def _notebook(self, values: dict[str, Any]) -> str:
        place = f"{self._node.folder}/parameters.yaml"  # JSON is YAML
        self._members.append(Member(place, text=canonical_text(values)))
        argv = ["papermill", f"{self._code}/{self._version.file}"]
        argv += [f"{self._node.folder}/executed.ipynb", "--cwd", self._cwd, "-f", place]
        if self._node.plan.kernel:
            argv += ["-k", self._node.plan.kernel]
        # The shell inserts the option only if KERNEL is set. papermill uses the last `-k`.
        return shlex.join(argv) + ' ${KERNEL:+-k "$KERNEL"}'

    def _command(self, values: dict[str, Any]) -> str:
        version, here = self._version, os.path.relpath(self._node.folder, self._cwd)
        prefix = expand_file(version.command, version.file)
        if prefix[0].startswith(f"{ATTEMPT}/"):  # a zip keeps no permissions
            self._before.append(shlex.join(["chmod", "+x", f"{self._code}/{version.file}"]))
        named = [a for a in version.arguments if not isinstance(a.reach, Handed | File)]
        line = build_argv(prefix, named, values, version.invocation)
        parts = [f"cd {shlex.quote(self._cwd)} &&"]
        for name, text in line.environment.items():
            parts.append(f"{name}={shlex.quote(_from(here, text))}")
        parts.append(shlex.join(_from(here, word) for word in line.argv))
        streams = (("<", line.stdin), (">", line.stdout), ("2>", line.stderr))
        parts += [f"{sign} {shlex.quote(f'{here}/{at}')}" for sign, at in streams if at]
        return f"({' '.join(parts)})"


def _copy(source: str, target: str) -> list[str]:
    # If the script runs again, `cp -r` would copy a folder into the folder of the first time.
    before = [["rm", "-rf", target], ["mkdir", "-p", os.path.dirname(target)]]
    return [*map(shlex.join, [*before, ["cp", "-r", source, target]])]


def _from(here: str, text: str) -> str:
    """Replace the place of the attempt in a word by `here`, the path to the node's folder."""
    return LITERAL.sub(r"\1", PLACE.sub(lambda _: here, text))


SCRIPT, DIGESTS, README = "repeat.sh", "outputs.sha256", "README.md"
ELEMENTS, COLLECT = "elements.txt", "collect.py"
SHA256 = "sha256:"
HEAD = """#!/bin/sh
# Repeats the run in this folder. Needs papermill, and the packages of each node.
# KERNEL=python3 sh repeat.sh runs all notebooks with another kernel than their own.
set -eu
cd "$(dirname "$0")"
"""
ELEMENT_HEAD = 'set -eu\ncd "$(dirname "$0")/../.."\n'
COLLECTOR = """import json, pathlib, sys
table = pathlib.Path(sys.argv[1])
rows = [json.loads(line) for line in table.read_bytes().splitlines()]
for row in rows:
    for output, name in row["outputs"].items():
        file = table.parents[1] / output / output / name
        made = json.loads(file.read_bytes()) if file.suffix == ".json" and file.exists() else None
        for metric, value in made.items() if isinstance(made, dict) else ():
            if isinstance(row["metrics"].get(metric), float) and isinstance(value, (int, float)):
                row["metrics"][metric] = float(value)
table.write_text("".join(json.dumps(row, ensure_ascii=False) + "\\n" for row in rows), "utf-8")
"""


def write_bundle(run: Run, recorded: Some) -> list[Member]:
    """Return the files of the bundle of a run. `recorded` are its nodes in topological order."""
    nodes = {node.plan.node: node for node in recorded}
    # In a run that failed or was cancelled, some nodes lack results of the nodes before them.
    ready = [node for node in recorded if has_inputs(node, nodes)]
    idle = [node for node in recorded if not has_inputs(node, nodes)]
    repeated = [node for node in ready if can_repeat(node)]
    kept = [node for node in ready if not can_repeat(node)]
    members: list[Member] = []
    lines, secrets = [HEAD], set[str]()
    for node in repeated:
        known = dict(
            zip(IDENTITY, (run.id, node.plan.node, run.title, run.scheduled_at), strict=True)
        )
        steps = steps_of(node, nodes, known)
        members += steps.members
        secrets.update(steps.secrets)
        own = [f"# {' '.join(node.plan.label.split())}", *steps.lines, ""]
        if node.plan.element:
            text = "\n".join([ELEMENT_HEAD, *own])
            members.append(Member(f"{node.folder}/{SCRIPT}", text=text))
        else:
            lines += own
        if node.packages:
            pinned = (f"{name}=={version}\n" for name, version in sorted(node.packages.items()))
            members.append(Member(f"{node.shared_folder}/packages.txt", text="".join(pinned)))
    # What needs nbyard is not repeated: its results are part of the bundle.
    for node in kept:
        members += [Member(node.place_of(n), o.digest) for n, o in node.outputs.items()]
    digests = [
        # As `sha256sum -c` reads them. Folders have no single digest.
        f"{output.digest.removeprefix(SHA256)}  {node.place_of(name)}\n"
        for node in repeated
        for name, output in node.outputs.items()
        if output.digest.startswith(SHA256)
    ]
    texts = {
        SCRIPT: "\n".join(lines),
        DIGESTS: "".join(digests),
        README: _readme(run, repeated, kept, idle, sorted(secrets)),
    }
    members = [*(Member(name, text=text) for name, text in texts.items()), *members]
    return [*{member.place: member for member in members}.values()]


def _readme(run: Run, repeated: Some, kept: Some, idle: Some, secrets: Sequence[str]) -> str:
    title = run.name or run.title
    parts = [
        f"# Run {run.number}: {title}",
        "Repeat the run with papermill, without nbyard:",
        f"```sh\npip install papermill\nsh {SCRIPT}\nsha256sum -c {DIGESTS}\n```",
        "The last command shows which outputs have the same bytes as in the run."
        f" `{SCRIPT}` has one command for each node: papermill for notebooks, and the command"
        " line of scripts.",
        "Each folder below `nodes/` has the code of a node, its inputs and parameters, and"
        " `packages.txt` with the packages of the run if they are known.",
    ]
    if maps := [node for node in repeated if node.plan.map]:
        parts.append(
            f"These nodes run once for each element: {_names(maps)}. `{ELEMENTS}` in their folders"
            f" lists those that succeeded. `sh {NODES}/NODE.KEY/{SCRIPT}` repeats one of them, or"
            " one that failed. Logged metrics in the tables of elements stay those of the run."
        )
    if secrets:
        names = ", ".join(f"`{SECRETS}/{name}`" for name in secrets)
        parts.append(f"The bundle contains no secrets. Write them to these files first: {names}.")
    if kept:
        parts.append(
            "These nodes need nbyard, so that their results are part of the bundle:"
            f" {_names(kept)}."
        )
    if idle:
        parts.append(
            "These nodes did not run, because results that they use are missing. The bundle does"
            f" not contain them: {_names(idle)}."
        )
    if not repeated:
        parts.append("No node of this run can be repeated without nbyard.")
    return "\n\n".join(parts) + "\n"


def _names(nodes: Some) -> str:
    return ", ".join(f"`{node.plan.node}`" for node in nodes if not node.plan.element)
