"""Print models, and deployments with their revisions, events and traffic."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import click

from nbyard.cli.output.console import columns, format_estimate, print_note, show_items
from nbyard.cli.output.views.views_by_noun import facts_of, show_facts
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
    facts = facts_of(
        deployment,
        "name title state reason reproduce service=spec.service image=spec.image model hardware"
        " gpus revision stops description made=created_at id",
        title=lambda d: d.title if d.title != d.name else "",
        model=lambda _: model,
        hardware=lambda _: hardware,
        gpus=lambda _: gpus,
        revision=lambda _: revision,
        stops=stop_text,
    )
    show_facts(facts)
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
    show_items([part for part in traffic.parts if part.requests], TRAFFIC_COLUMNS)
    print_note(f"{traffic.requests} requests, {traffic.refused} refused, {traffic.errors} errors.")


def _milliseconds(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds * 1000:.3g} ms"


TRAFFIC_COLUMNS = columns(
    "from=at requests refused errors p50 p99",
    p50=lambda part: _milliseconds(part.p50_seconds),
    p99=lambda part: _milliseconds(part.p99_seconds),
)


def show_key(made: Any) -> None:
    """Print a new key, and how programs use it."""
    print_note("This key is not shown again. Programs send it with each request:")
    print_note(f'  curl -H "Authorization: Bearer KEY" {made.address}')
    click.echo(made.key)


def show_package(model_package: ModelPackage) -> None:
    """Print the facts of one model, one per line."""
    model, run = model_package.model, ""
    name = model.class_name
    if of := model_package.source:
        run = f"{of.run_number} ({of.run_title}), {of.node}.{of.output}"
    facts = facts_of(
        model_package,
        "name tag mode platform_tag state image=reference image_id=image_id takes answers"
        " file=path class run bytes=bundle_digest made=created_at id",
        state=lambda package: f"{package.state} {reason_text(package.reason)}".strip(),
        takes=lambda _: _columns(model.inputs),
        answers=lambda _: _columns(model.outputs),
        run=lambda _: run,
        **{"class": lambda _: f"{model.module}.{name}" if model.module else model.flavour},
    )
    show_facts(facts)


def _columns(columns: Sequence[Any]) -> str:
    return ", ".join(
        f"{column.name} {column.type}{'?' if column.nullable else ''}" for column in columns
    )


VIEWS: dict[str, Any] = {
    "deployments.create_key": show_key,
    "deployments.get": show_deployment,
    "deployments.extend": show_deployment,
    "deployments.stop": show_deployment,
    "deployments.traffic": _traffic,
    "models.get": show_package,
}
