"""The files of a bundle: code, inputs, a script that repeats the run, and digests to compare."""

from collections.abc import Sequence

from nbyard.domain.cache_policy import IDENTITY
from nbyard.domain.repeats.node_steps import SECRETS, can_repeat, has_inputs, steps_of
from nbyard.domain.repeats.structs import Member, RecordedNode
from nbyard.domain.runs.structs import Run

SCRIPT, DIGESTS, README = "repeat.sh", "outputs.sha256", "README.md"
SHA256 = "sha256:"
HEAD = """#!/bin/sh
# Repeats the run in this folder. Needs papermill, and the packages of each node.
# KERNEL=python3 sh repeat.sh runs all notebooks with another kernel than their own.
set -eu
cd "$(dirname "$0")"
"""


def write_bundle(run: Run, recorded: Sequence[RecordedNode]) -> list[Member]:
    """Return the files of the bundle of a run. `recorded` are its nodes in topological order."""
    nodes = {node.plan.node: node for node in recorded}
    # In a run that failed or was cancelled, some nodes lack results of the nodes before them.
    ready = [node for node in recorded if has_inputs(node, nodes)]
    idle = [node for node in recorded if not has_inputs(node, nodes)]
    repeated = [node for node in ready if can_repeat(node)]
    kept = [node for node in ready if not can_repeat(node)]
    members: dict[str, Member] = {}
    lines, secrets = [HEAD], []
    for node in repeated:
        known = (run.id, node.plan.node, run.title, run.scheduled_at)
        steps = steps_of(node, nodes, dict(zip(IDENTITY, known, strict=True)))
        members |= {member.place: member for member in steps.members}
        secrets += steps.secrets
        lines += [f"# {' '.join(node.plan.label.split())}", *steps.lines, ""]
    # What needs nbyard is not repeated: its results are part of the bundle.
    for node in kept:
        places = {node.place_of(name): output.digest for name, output in node.outputs.items()}
        members |= {place: Member(place, digest) for place, digest in places.items()}
    for node in repeated:
        if node.packages:
            place = f"{node.folder}/packages.txt"
            pinned = (f"{name}=={version}\n" for name, version in sorted(node.packages.items()))
            members[place] = Member(place, text="".join(pinned))
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
        README: _readme(run, repeated, kept, idle, sorted(set(secrets))),
    }
    return [*(Member(name, text=text) for name, text in texts.items()), *members.values()]


def _readme(
    run: Run,
    repeated: Sequence[RecordedNode],
    kept: Sequence[RecordedNode],
    idle: Sequence[RecordedNode],
    secrets: Sequence[str],
) -> str:
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


def _names(nodes: Sequence[RecordedNode]) -> str:
    return ", ".join(f"`{node.plan.node}`" for node in nodes)
