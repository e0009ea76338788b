"""Print the facts of a model."""

from collections.abc import Sequence
from typing import Any

from nbyard.cli.output.console import format_age
from nbyard.cli.output.views_by_noun import show_facts
from nbyard.domain.models.structs import ModelPackage
from nbyard.reasons.structs import reason_text


def show_package(found: ModelPackage) -> None:
    """Print the facts of one model, one per line."""
    model, run = found.model, ""
    if of := found.source:
        run = f"{of.run_number} ({of.run_title}), {of.node}.{of.output}"
    show_facts(
        [
            ("name", found.name),
            ("tag", found.tag),
            ("mode", found.mode),
            ("platform tag", found.platform_tag),
            ("state", f"{found.state} {reason_text(found.reason)}".strip()),
            ("image", found.reference),
            ("image id", found.image_id),
            ("takes", _columns(model.inputs)),
            ("answers", _columns(model.outputs)),
            ("file", found.path),
            ("class", f"{model.module}.{model.class_name}" if model.module else model.flavour),
            ("run", run),
            ("bytes", found.bundle_digest),
            ("made", format_age(found.created_at)),
            ("id", found.id),
        ]
    )


def _columns(columns: Sequence[Any]) -> str:
    return ", ".join(f"{one.name} {one.type}{'?' if one.nullable else ''}" for one in columns)


VIEWS: dict[str, Any] = {"models.get": show_package}
