"""Drafts of runs: checked requests whose bytes are stored, before any row is written."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

import msgspec

from nbyard.domain.callers import Caller
from nbyard.domain.inspection.functions import split_function_path
from nbyard.domain.limits import Limits, invalid_limits
from nbyard.domain.runs.forecasts import ForecastRequest
from nbyard.domain.runs.planning import Resolved, Wish, plan_tasks
from nbyard.domain.runs.structs import NewRun, TaskPlan
from nbyard.domain.runtime_names import DOCKER
from nbyard.domain.unique_names import check_run_name
from nbyard.domain.workflows.active_nodes import active_part, selection, without_muted
from nbyard.domain.workflows.structs import Document, Edge, read_document, repinned, semantic
from nbyard.errors import Invalid, NotFound
from nbyard.freezing.environment_resolution import without_lock
from nbyard.freezing.freezing_context import FreezingContext
from nbyard.freezing.node_resolution import Freeze, Resolver
from nbyard.freezing.pinned_nodes import asked_pins
from nbyard.freezing.single_run import single_document
from nbyard.host import gpus
from nbyard.host.installed_runtimes import check_runtimes
from nbyard.host.project_files import file_of
from nbyard.reasons.structs import because

if TYPE_CHECKING:
    from nbyard.store import Connection, Store

Values = Mapping[str, Any]
MAX_PRIORITY = 100
WORKFLOW = ".nbflow"


class Draft(msgspec.Struct, frozen=True):
    """A checked request for a run.

    `document` is what is saved. `meant` also has the pins of this run, but no muted nodes.
    `chosen` are the nodes that the run includes.
    """

    body: NewRun
    name: str | None
    document: Document
    meant: Document
    chosen: Collection[str]
    freeze: Freeze
    wish: Wish

    @property
    def title(self) -> str:
        """Return the title of the document or the name of its file; empty without both."""
        path = self.body.path
        return (
            self.document.meta.title
            or split_function_path(path).function
            or PurePosixPath(path).stem
        )

    def edges(self, resolved: Resolved) -> list[Edge]:
        """Return the connections between the nodes that can run."""
        ports = {name: known.arguments for name, known in resolved.items()}
        return list(active_part(self.meant, ports).document.edges.values())


def create_draft(parts: FreezingContext, caller: Caller, body: NewRun) -> Draft:
    """Check and freeze a requested run.

    Raises:
        NotFound: a file, executable or pinned result does not exist.
        Invalid: a field is refused.
    """
    if abs(body.priority) > MAX_PRIORITY:
        raise Invalid.field("priority", because("priority-out-of-range", most=MAX_PRIORITY))
    name = check_run_name(body.name) if isinstance(body.name, str) else None
    if name is None and body.replace:
        raise Invalid.field("name", because("name-needed-to-replace"))
    resolver, document = _opened(parts, caller, body)
    # The stored document keeps its own pins; those of the request hold for this run only.
    meant = repinned(document, asked_pins(parts, caller.name, document, body.pins))
    chosen = selection(meant, body.scope, body.nodes)
    meant = without_muted(meant)
    check_runtimes(document, body.runtime)
    if body.environment:
        resolver.used(body.environment)
    freeze = Freeze(resolver, meant.nodes)
    return Draft(body, name, document, meant, chosen, freeze, _wish(parts, body))


def check_request(parts: FreezingContext, caller: Caller, body: NewRun) -> Document:
    """Return the document to run after the checks of `create_draft` that need no freezing."""
    _, document = _opened(parts, caller, body)
    check_runtimes(document, body.runtime)
    _wish(parts, body)
    return document


def plans_of(
    store: Store, c: Connection, owner: str, draft: Draft, resolved: Resolved, values: Values
) -> list[TaskPlan]:
    """Return the tasks of a draft in topological order.

    Raises:
        Invalid: nothing is to run, or a problem prevents it.
    """
    credentials = store.credentials.references(c, owner)
    plans = plan_tasks(draft.meant, resolved, values, draft.chosen, draft.wish, credentials)
    if not plans:
        raise Invalid.field("document", because("nothing-to-run"))
    kinds = {node: one.kind for node, one in resolved.items()}
    return [without_lock(store, c, owner, plan, kinds[plan.node]) for plan in plans]


def _opened(parts: FreezingContext, caller: Caller, body: NewRun) -> tuple[Resolver, Document]:
    if body.kernel and body.environment:
        raise Invalid.field("kernel", because("kernel-or-environment"))
    if bool(body.path) == bool(body.executable):
        raise Invalid.field("path", because("path-or-executable"))
    base = ""
    if body.path.endswith(WORKFLOW):
        base = parts.files.shown(parts.files.locate(body.path).parent)
    elif body.path:
        real = parts.files.locate_code(body.path)
        if not file_of(real).is_file():
            raise NotFound(because("no-file", path=body.path[:200]))
        base = parts.files.shown(real.parent)
    resolver = Resolver(parts, caller.name, base, body.arguments, body.environment, body.kernel)
    if body.path.endswith(WORKFLOW):
        unsaved = body.document if isinstance(body, ForecastRequest) else ""
        document = read_document(unsaved or parts.files.read(body.path), strict=True)
        return resolver, semantic(document)
    return resolver, single_document(resolver, body)


def _wish(parts: FreezingContext, body: NewRun) -> Wish:
    settings = parts.settings
    warm = body.containers == "warm" or (not body.containers and settings.warm_containers)
    # Fail now: a task with too many GPUs would wait in the queue forever.
    for name, reason in invalid_limits(Limits(gpu=body.gpu)):
        raise Invalid.field(name, reason)
    if body.gpu and body.gpu > (there := len(gpus.gpu_ids(settings.gpus))):
        raise Invalid.field(
            "gpu",
            because("too-few-gpus", wanted=body.gpu, present=there)
            if there
            else because("no-gpus", wanted=body.gpu),
            hint=because("find-gpus"),
        )
    usual = DOCKER if body.image else settings.default_runtime
    runtime = body.runtime or usual
    return Wish(runtime, body.image, body.force, bool(body.runtime), warm, body.gpu)
