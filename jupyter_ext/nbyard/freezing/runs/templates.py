"""Freeze requests for runs, and store them as the templates from which runs are created."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import msgspec

from nbyard.domain.arguments.structs import own_name
from nbyard.domain.images.structs import check_reference
from nbyard.domain.inspection.functions import split_function_path
from nbyard.domain.limits import Limits, invalid_limits
from nbyard.domain.maps.elements import read_sweep
from nbyard.domain.maps.structs import Grid, Map
from nbyard.domain.naming.runtime_names import DOCKER
from nbyard.domain.naming.unique_names import check_run_name
from nbyard.domain.runs.planning import RunOverrides
from nbyard.domain.runs.previews.estimates import ForecastRequest
from nbyard.domain.runs.structs import NewRun
from nbyard.domain.runs.templates import RunTemplate, TemplateContent
from nbyard.domain.workflows.active_nodes import selected_nodes, without_muted
from nbyard.domain.workflows.structs import Document, part_for_runs, read_document, with_pins
from nbyard.errors import Invalid, NbyardError, NotFound
from nbyard.freezing.environment_resolution import find_default
from nbyard.freezing.freezing_context import FreezingContext
from nbyard.freezing.model_packages import check_packages
from nbyard.freezing.node_resolution import Freeze, Resolver
from nbyard.freezing.pinned_nodes import requested_pins
from nbyard.freezing.pushed_folders import is_mirror, pushed_project
from nbyard.freezing.runs.single_run import MAIN, given_values, single_document
from nbyard.freezing.workflow_files import files_now, store_workflow
from nbyard.host import hardware
from nbyard.host.entry_points import check_runtimes, check_searches
from nbyard.host.git import repository_state
from nbyard.host.kernels import check_kernel
from nbyard.host.project_files import DOCUMENT, file_of
from nbyard.reasons.structs import because

if TYPE_CHECKING:
    from nbyard.domain.runs.origins import GitState
    from nbyard.freezing.node_resolution import Follow
    from nbyard.store import Connection
    from nbyard.store.workflows import IsThere

MAX_PRIORITY = 100


class FrozenRequest(msgspec.Struct, frozen=True):
    """A checked request for runs, with the bytes of its files in the blob store.

    `document` is the saved workflow. `meant` has the pins of this request, the nodes of
    sub-workflows and no muted nodes.
    Runs include the `chosen` nodes. `is_there` returns whether a workflow file exists at a path.
    """

    context: FreezingContext
    owner: str
    body: NewRun
    name: str | None
    document: Document
    meant: Document
    chosen: Collection[str]
    nodes: Freeze
    overrides: RunOverrides
    is_there: IsThere
    git: GitState | None = None

    @property
    def title(self) -> str:
        """Return the title of the document or the name of its file; empty without both."""
        path = self.body.path
        return (
            self.document.meta.title
            or split_function_path(path).function
            or PurePosixPath(path).stem
        )


def freeze(context: FreezingContext, owner: str, body: NewRun, project: str = "") -> FrozenRequest:
    """Check a request for runs, and store the bytes of its files. No row is written.

    It needs no transaction, so other writers are not blocked. The stored bytes are garbage until a
    row names them: call this and `store_template` in one `without_collection` block of the blobs.
    `project` is the ID of the active project.

    Raises:
        NotFound: a file, executable or pinned result does not exist.
        Invalid: a field is refused.
    """
    if abs(body.priority) > MAX_PRIORITY:
        raise Invalid.field("priority", f"must be from -{MAX_PRIORITY} to {MAX_PRIORITY}")
    name = check_run_name(body.name) if isinstance(body.name, str) else None
    if name is None and body.replace:
        raise Invalid.field("name", "a name is needed to replace a run")
    resolver, document = _resolver_and_document(context, owner, body, project)
    # The stored document keeps its own pins, sub-workflows, positions and comments.
    meant = resolver.expanded(part_for_runs(document), body.path)
    meant = with_sweep(resolver, meant, body)
    meant = with_pins(meant, requested_pins(context, owner, meant, body.pins))
    chosen = selected_nodes(meant, body.scope, body.nodes)
    check_runtimes(meant, body.runtime)
    check_searches(meant)
    meant = without_muted(meant)
    if body.environment:
        resolver.used(body.environment)
    nodes, overrides = Freeze(resolver, meant.nodes), _overrides(context, body)
    is_there = files_now(context, owner, body.path, document.meta.id)
    # A forecast records no commit.
    is_asked = not isinstance(body, ForecastRequest)
    git = commit_of(context, owner, body, meant) if is_asked else None
    return FrozenRequest(
        context, owner, body, name, document, meant, chosen, nodes, overrides, is_there, git
    )


def check_request(context: FreezingContext, owner: str, body: NewRun) -> Document:
    """Check a request like `freeze`, but freeze no nodes; return the document to run."""
    resolver, document = _resolver_and_document(context, owner, body)
    document = resolver.expanded(part_for_runs(document), body.path)
    document = with_sweep(resolver, document, body)
    check_runtimes(document, body.runtime)
    check_searches(document)
    _overrides(context, body)
    return document


def with_sweep(resolver: Resolver, document: Document, body: NewRun) -> Document:
    """Return the document with a map for each node whose parameters the request sweeps.

    All elements run, although some fail, unless the node has a map with another policy.

    Raises:
        Invalid: there is no such parameter, or a value does not fit.
    """
    is_workflow = body.path.endswith(DOCUMENT)
    grids: dict[str, dict[str, list[Any]]] = {}
    for name, text in body.sweep.items():
        node, _, own = name.rpartition(".") if is_workflow else (MAIN, "", name)
        where, own = f"sweep.{name}", own_name(own)
        if node not in document.nodes:
            raise Invalid.field(where, "there is no such node; name a parameter as NODE.NAME")
        if not is_workflow and own in {*map(own_name, (*body.parameters, *body.texts))}:
            raise Invalid.field(where, "has a value and a sweep; give only one of them")
        view = resolver.checked_view(document.nodes[node])
        values = {each.name: each for each in view.arguments if each.role == "value"}
        if own not in values:
            known = ", ".join(values) or "none"
            raise Invalid.field(where, f"is no parameter of {view.name}; it has: {known}")
        grids.setdefault(node, {})[own] = read_sweep(values[own], text, where)
    nodes = dict(document.nodes)
    for name, grid in grids.items():
        before = nodes[name].map or Map(Grid({}), "all")
        swept = msgspec.structs.replace(before, each=Grid(grid))
        nodes[name] = msgspec.structs.replace(nodes[name], map=swept)
    return msgspec.structs.replace(document, nodes=nodes)


def content_of(
    c: Connection, frozen: FrozenRequest, follow: Follow | None = None
) -> TemplateContent:
    """Return the content of a template. `follow` stores new versions of executables.

    Raises:
        Invalid: a value is refused, or a model lacks packages.
    """
    resolved, body, document = frozen.nodes.rows(c, follow), frozen.body, frozen.document
    main = "" if body.path.endswith(DOCUMENT) else MAIN
    if main:
        known = resolved[MAIN]
        if why := known.problem:
            raise Invalid.field("path" if body.path else "executable", why)
        declared, owner = {a.name: a for a in known.arguments}, known.name
    else:
        declared, owner = {n: p.argument(n) for n, p in document.meta.parameters.items()}, ""
    chosen = {name: node for name, node in frozen.nodes.nodes.items() if name in frozen.chosen}
    problems = {name: node.problems for name, node in chosen.items() if node.problems}
    check_packages(frozen.meant, resolved, frozen.overrides, problems)
    # A value is required only if a chosen node uses it.
    bound = (b for node in frozen.chosen for b in frozen.meant.nodes[node].arguments.values())
    used = {binding.parameter for binding in bound if isinstance(binding.parameter, str)}
    return TemplateContent(
        document=frozen.meant,
        nodes=resolved,
        chosen=sorted(frozen.chosen),
        overrides=frozen.overrides,
        parameters=list(declared.values()),
        needed=[n for n, a in declared.items() if a.required and n in used],
        values=given_values(declared, body, owner),
        priority=body.priority,
        main=main,
        git=frozen.git,
    )


def store_template(c: Connection, frozen: FrozenRequest) -> RunTemplate:
    """Store a frozen request as a template in the caller's transaction.

    An existing template with the same content is returned.

    Raises:
        Invalid: a value is refused.
    """
    content = content_of(c, frozen)
    store, path = frozen.context.store, frozen.body.path
    real = str(frozen.context.files.locate_code(path)) if path else ""
    workflow_id = version_id = ""
    if path.endswith(DOCUMENT):
        document = frozen.document
        workflow = store_workflow(store, c, frozen.owner, real, document, frozen.is_there)
        workflow_id, version_id = workflow.id, store.workflows.version_of(c, workflow, document)
    columns = {
        "title": frozen.title,
        "path": real,
        "workflow_id": workflow_id,
        "workflow_version_id": version_id,
    }
    return store.templates.keep(c, frozen.owner, content, columns)


def _resolver_and_document(
    context: FreezingContext, owner: str, body: NewRun, project: str = ""
) -> tuple[Resolver, Document]:
    if body.kernel and body.environment:
        raise Invalid.field("kernel", "set a kernel or an environment, not both")
    if body.kernel:
        try:
            check_kernel(body.kernel, "")  # its language is that of each notebook
        except NotFound as error:
            raise Invalid.field("kernel", error.reason, hint=error.hint_reason) from None
    if bool(body.path) == bool(body.executable):
        raise Invalid.field("path", "set either a path or an executable")
    base = ""
    if body.path.endswith(DOCUMENT):
        base = context.files.shown(context.files.locate(body.path).parent)
    elif body.path:
        real = context.files.locate_code(body.path)
        if not file_of(real).is_file():
            raise NotFound(because("no-file", path=body.path[:200]))
        base = context.files.shown(real.parent)
    document = None
    if body.path.endswith(DOCUMENT):
        unsaved = body.document if isinstance(body, ForecastRequest) else ""
        text = unsaved or context.files.read(body.path)
        document = read_document(text, strict=True)
    default = None
    if not (body.environment or body.kernel or body.image):
        of_workflow = document.meta.environment if document else ""
        default = find_default(context, owner, body.path, of_workflow, project)
    resolver = Resolver(
        context,
        owner,
        base,
        arguments=body.arguments,
        environment=body.environment,
        kernel=body.kernel,
        default=default,
    )
    return resolver, document or single_document(resolver, body)


def _overrides(context: FreezingContext, body: NewRun) -> RunOverrides:
    settings = context.settings
    warm = body.containers == "warm" or (not body.containers and settings.warm_containers)
    # Fail now: a task with an invalid image name or too many GPUs would wait in the queue forever.
    if body.image:
        check_reference(body.image, "image")
    for name, reason in invalid_limits(Limits(gpu=body.gpu)):
        raise Invalid.field(name, reason)
    if body.gpu and body.gpu > (there := len(hardware.gpu_ids(settings.gpus))):
        raise Invalid.field(
            "gpu",
            f"{body.gpu} requested, but this machine has {there}"
            if there
            else f"{body.gpu} requested, but this machine has no GPU",
            hint="nbyard doctor shows how GPUs were detected. The setting gpus can list them.",
        )
    usual = DOCKER if body.image else settings.default_runtime
    runtime = body.runtime or usual
    return RunOverrides(runtime, body.image, body.force, bool(body.runtime), warm, body.gpu)


def commit_of(
    context: FreezingContext, owner: str, body: NewRun, document: Document
) -> GitState | None:
    """Return the state of the Git repository of the code; None without a repository.

    For the files of a pushed project, it is the state that the push recorded.
    """
    # A mirror has no repository, and git must not read what looks like one.
    if is_mirror(context.store, context.files.root):
        return None
    files = list(_code_files(context, owner, body, document))
    if files and (project := pushed_project(context.store, files[0])):
        with context.store.read() as c:
            pushed = context.store.projects.by_id(c, project)
            return pushed.git if pushed else None
    return repository_state(files)


def _code_files(
    context: FreezingContext, owner: str, body: NewRun, document: Document
) -> Iterator[Path]:
    """Yield the real paths of the requested file, and of the files that its nodes name."""
    if body.executable:
        with context.store.read() as c:
            known = context.store.executables.get(c, owner, body.executable)
        if known is not None and known.path:
            yield file_of(Path(known.path))
        return
    real = file_of(context.files.locate_code(body.path))
    yield real
    base = context.files.shown(real.parent)
    paths = {node.path for node in document.nodes.values() if node.type == "executable"}
    for path in sorted(paths - {""}):  # many nodes may follow one file
        # The only node of a single file names the file that was yielded above.
        if not body.path.endswith(path):
            try:
                yield file_of(context.files.locate_code(path, base=base))
            except NbyardError:  # freezing names a wrong path at its node
                continue
