"""Nodes of bundles, and a bundle as a folder."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from nbyard.domain.arguments.structs import Argument
from nbyard.domain.executables.structs import ExecutableVersion, Resources
from nbyard.domain.repeats.run_bundle import Member, RecordedNode, StoredOutput
from nbyard.domain.runs.structs import TaskPlan

CODE = "tree:code"


def recorded(
    node: str,
    file: str,
    arguments: list[Argument],
    bindings: Mapping[str, Any],
    *,
    command: tuple[str, ...] = (),
    outputs: dict[str, str] | None = None,
    plan: dict[str, Any] | None = None,
    **version: Any,
) -> RecordedNode:
    """Return a node whose outputs are files of these names."""
    kind = "notebook" if file.endswith(".ipynb") else "command"
    made = ExecutableVersion(
        *("v", "e", 1, kind, "python", "python3", file, "sha256:c", "sha256:c", CODE),
        arguments,
        list(command),
        Resources(),
        datetime(2026, 11, 26, tzinfo=UTC),
        **version,
    )
    frozen = TaskPlan(node, node, "e", "v", arguments, dict(bindings), "process", **(plan or {}))
    stored = {name: StoredOutput(at, f"sha256:{name}") for name, at in (outputs or {}).items()}
    return RecordedNode(frozen, made, stored)


def write(folder: Path, members: list[Member], code: dict[str, str]) -> None:
    """Write a bundle; each code folder has these files, other stored bytes are their digests."""
    for member in members:
        if member.digest == CODE:
            for name, text in code.items():
                _write(folder / member.place / name, text)
        else:
            _write(folder / member.place, member.text or member.digest)


def _write(place: Path, text: str) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text, encoding="utf-8")
