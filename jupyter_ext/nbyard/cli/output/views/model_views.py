"""Print the facts of a model."""

from collections.abc import Sequence
from typing import Any

from nbyard.cli.output.console import format_age
from nbyard.cli.output.views.views_by_noun import show_facts
from nbyard.domain.models.structs import ModelPackage
from nbyard.reasons.structs import reason_text


def show_package(model_package: ModelPackage) -> None:
    """Print the facts of one model, one per line."""
    model, run = model_package.model, ""
    if of := model_package.source:
        run = f"{of.run_number} ({of.run_title}), {of.node}.{of.output}"
    show_facts(
        [
            ("name", model_package.name),
            ("tag", model_package.tag),
            ("mode", model_package.mode),
            ("platform tag", model_package.platform_tag),
            ("state", f"{model_package.state} {reason_text(model_package.reason)}".strip()),
            ("image", model_package.reference),
            ("image id", model_package.image_id),
            ("takes", _columns(model.inputs)),
            ("answers", _columns(model.outputs)),
            ("file", model_package.path),
            ("class", f"{model.module}.{model.class_name}" if model.module else model.flavour),
            ("run", run),
            ("bytes", model_package.bundle_digest),
            ("made", format_age(model_package.created_at)),
            ("id", model_package.id),
        ]
    )


def _columns(columns: Sequence[Any]) -> str:
    return ", ".join(
        f"{column.name} {column.type}{'?' if column.nullable else ''}" for column in columns
    )


VIEWS: dict[str, Any] = {"models.get": show_package}
