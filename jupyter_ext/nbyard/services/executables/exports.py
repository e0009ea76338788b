"""Exports executables to formats of other programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nbyard.domain.executables.nbexec_files import Description
from nbyard.domain.executables.structs import Exported
from nbyard.errors import Invalid
from nbyard.importers.registry import exporters

if TYPE_CHECKING:
    from nbyard.domain.executables.structs import Executable
    from nbyard.freezing.executable_versions import Code, Freezer


def export_executable(
    freezer: Freezer, executable: Executable, code: Code, wanted: str
) -> Exported:
    """Return the executable in the format `wanted`, from its current code and description.

    Raises:
        Invalid: The format is unknown, or cannot express the executable.
    """
    known = exporters()
    if wanted not in known:
        why = f"unknown format '{wanted[:40]}'; known: {', '.join(sorted(known))}"
        raise Invalid.field("format", why)
    exporter, suffix = known[wanted]
    kind, reading, resources = freezer.read(code)
    description = Description(
        kind=kind.name,
        arguments=tuple(reading.arguments),
        command=tuple(reading.command),
        invocation=reading.invocation,
        resources=resources,
    )
    text = exporter.write(
        description, label=executable.name, doc=executable.description, file=code.filename
    )
    return Exported(f"{code.stem}{suffix}", text)
