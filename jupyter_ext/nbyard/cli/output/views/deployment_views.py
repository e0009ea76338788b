"""Print models, and deployments with their revisions, events and traffic."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import click

from nbyard.cli.output.console import (
    columns,
    format_age,
    format_estimate,
    print_note,
    show_items,
    show_table,
)
from nbyard.cli.output.views.views_by_noun import show_facts
from nbyard.domain.deployments.structs import Deployment
from nbyard.domain.models.structs import ModelPackage
from nbyard.reasons.structs import reason_text


def show_deployment(deployment: Any) -> None:
    """Print the facts of one deployment, one per line."""
    spec = deployment.spec
    cores = "1 core" if spec.cpu == 1 else f"{spec.cpu:g} cores"
    hardware = f"{cores}, {spec.memory_gb:g} GB memory, {spec.disk_gb:g} GB disk"
    gpus = f"{spec.gpu} asked for" if spec.gpu else ""
    if deployment.gpus:
        gpus = f"{len(deployment.gpus)} ({', '.join(deployment.gpus)})"
    model = ""
    if served := deployment.model:
        model = f"{served.name} {served.tag or served.number}"
        if of := served.source:
            model += f", run {of.run_number}, {of.node}.{of.output}"
    revision = str(deployment.revision)
    if deployment.serving not in (0, deployment.revision):
        revision += f", while {deployment.serving} answers"
    show_facts(
        [
            ("name", deployment.name),
            ("title", deployment.title if deployment.title != deployment.name else ""),
            ("state", deployment.state),
            ("reason", reason_text(deployment.reason)),
            ("reproduce", deployment.reproduce),
            ("service", spec.service),
            ("image", spec.image),
            ("model", model),
            ("hardware", hardware),
            ("gpus", gpus),
            ("revision", revision),
            ("stops", stop_text(deployment)),
            ("description", deployment.description),
            ("made", format_age(deployment.created_at)),
            ("id", deployment.id),
        ]
    )
    if deployment.address:
        click.echo(f"with a key: {deployment.address}")
    for link in deployment.links:
        mark = "answers" if link.answers else "not responding"
        click.echo(f"{link.name}: {link.path} ({mark})")
    print_warnings(deployment)


def stop_text(deployment: Deployment) -> str:
    """Return when the lifetime ends; empty without a limit."""
    if deployment.expires_at is None:
        return ""
    left = (deployment.expires_at - datetime.now(UTC)).total_seconds()
    hint = f" (nbyard deployments extend {deployment.name})" if deployment.expires_soon else ""
    return f"in {format_estimate(max(left, 0.0))}{hint}"


def print_warnings(deployment: Deployment) -> None:
    """Print the warnings of a deployment."""
    for warning in deployment.warnings:
        print_note(f"Warning: {warning}")


def _traffic(traffic: Any) -> None:
    rows = [
        (
            part.at,
            part.requests,
            part.refused,
            part.errors,
            _seconds(part.p50_seconds),
            _seconds(part.p99_seconds),
        )
        for part in traffic.parts
        if part.requests
    ]
    show_table(rows, ("from", "requests", "refused", "errors", "p50", "p99"))
    print_note(f"{traffic.requests} requests, {traffic.refused} refused, {traffic.errors} errors.")


def _seconds(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds * 1000:.3g} ms"


def show_key(made: Any) -> None:
    """Print a new key, and how programs use it."""
    print_note("This key is not shown again. Programs send it with each request:")
    print_note(f'  curl -H "Authorization: Bearer KEY" {made.address}')
    click.echo(made.key)


def show_keys(page: Any) -> None:
    """Print the keys of a deployment as a table."""
    show_items(page.items, columns("key=prefix name made=created_at expires=expires_at"))


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


VIEWS: dict[str, Any] = {
    "deployments.get": show_deployment,
    "deployments.extend": show_deployment,
    "deployments.stop": show_deployment,
    "deployments.traffic": _traffic,
    "models.get": show_package,
}
