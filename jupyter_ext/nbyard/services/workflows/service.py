"""Service operations on workflows. Creates copies of templates."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import uuid
from collections.abc import Iterator
from functools import partial
from pathlib import Path, PurePosixPath
from typing import get_args

import msgspec

from nbyard.blobs.file_operations import translated_missing_space
from nbyard.domain.callers import Caller
from nbyard.domain.environments.requirements import normal_name
from nbyard.domain.naming.runtime_names import DOCKER
from nbyard.domain.paging import Page, page_of
from nbyard.domain.parsing.canonical_json import canonical
from nbyard.domain.parsing.strict_json import read_json
from nbyard.domain.runs.map_plans import with_map_ports
from nbyard.domain.runs.planning import (
    CONTAINER,
    ResolvedNode,
    RunOverrides,
    find_problems,
    planned_class,
    raise_problems,
    runtime_of,
)
from nbyard.domain.workflows.active_nodes import idle_nodes, without_muted
from nbyard.domain.workflows.edges import Files, propose_edges
from nbyard.domain.workflows.revisions import (
    ComparedVersions,
    SavedVersion,
    copy_of,
    differences,
    restored,
)
from nbyard.domain.workflows.structs import (
    PACKAGES,
    CheckWorkflow,
    ConnectedFiles,
    Document,
    Example,
    ExampleNeeds,
    ExampleTemplate,
    FilesOfWorkflow,
    NeededImage,
    NewExample,
    Node,
    NodeLine,
    NodeView,
    Pin,
    Problem,
    Template,
    Workflow,
    WorkflowCheck,
    WorkflowFile,
    dependencies,
    read_document,
    topological_order,
)
from nbyard.domain.workflows.subworkflows import KIND as SUBWORKFLOW
from nbyard.errors import Forbidden, Invalid, NbyardError, NotFound
from nbyard.freezing.environment_resolution import find_default
from nbyard.freezing.node_problems import unread_reason
from nbyard.freezing.node_resolution import Freeze, Resolver, import_hints
from nbyard.freezing.pinned_nodes import pinned_node
from nbyard.freezing.pushed_folders import folder_of_pushes, pushed_context, pushed_path
from nbyard.freezing.workflow_files import is_there
from nbyard.host import kernels
from nbyard.host.entry_points import check_runtimes
from nbyard.host.example_files import copied_example, source
from nbyard.host.kernels import NATIVE
from nbyard.host.project_files import DOCUMENT, ProjectFiles, write_whole
from nbyard.services.executables import undeclared_files
from nbyard.services.operation import operation
from nbyard.services.requests import filter_project
from nbyard.services.service_context import Service, ServiceContext
from nbyard.services.workflows.file_tracking import (
    follow_rename,
    place_of,
    record_save,
    saved_workflow,
    unrun_files,
)
from nbyard.services.workflows.from_files import codes_of, create_from_files
from nbyard.services.workflows.pushed_workflows import PushedCopies, PushedNames

READ_ONLY = (errno.EACCES, errno.EPERM, errno.EROFS)


@contextlib.contextmanager
def _writing(files: ProjectFiles, path: Path) -> Iterator[None]:
    """Translate errors of writing a file or folder: it is read-only, or the disk is full."""
    try:
        with translated_missing_space():
            yield
    except OSError as error:
        if error.errno not in READ_ONLY:
            raise
        raise Forbidden(f"{files.shown(path)[:200]} is not writable.") from None


def new_example(files: ProjectFiles, asked: NewExample) -> Example:
    """Copy a template into a new folder, with new IDs and the chosen environment.

    Raises:
        NotFound: The folder or the files of the template do not exist.
        Forbidden: The folder is read-only.
        Unavailable: The disk is full.
    """
    parent = files.locate(asked.folder or ".", "folder")
    if not parent.is_dir():
        raise NotFound(f"There is no folder {files.shown(parent)[:200]}.")
    original = source(f"{asked.template}/{asked.template}{DOCUMENT}")
    if original is None:
        raise NotFound("This installation does not contain the template.")
    with _writing(files, parent), copied_example(original, parent) as file:
        document = json.loads(file.read_bytes())
        # With the same ID, each further example would count as a copy of the first.
        document["meta"]["id"] = str(uuid.uuid4())
        for node in document["nodes"].values():
            if asked.environment and node["type"] == "executable":
                node["environment"] = asked.environment
                del node["requirements"]  # a node has one source of packages
        file.write_text(canonical(document), "utf-8")
    return Example(files.shown(file))


Names = list[str]  # inside the class, `list` is the operation


class WorkflowService(Service):
    """Workflows that ran, and checks of documents in the editor."""

    noun = "workflows"

    @operation("GET", "/workflows", scope="workflows:read", files="lists")
    def list(
        self,
        caller: Caller,
        limit: int = 50,
        after: str = "",
        search: str = "",
        project: str = "",
    ) -> Page[Workflow]:
        """List workflows that ran, or were pushed or linked, newest first.

        A pushed copy is left out if the server lists its file. This file is in a folder whose
        `nbyard.toml` names the project.
        """
        store, folder = self._store, folder_of_pushes(self._store)
        with store.read() as c:
            of = filter_project(store, c, caller, project)
            copies, names = PushedCopies(store, c, caller.name), PushedNames(store, c, caller.name)
            known = store.workflows.placed(c, caller.name) if copies else []
        pushed = copies.listed(known, of)
        with store.read() as c:
            rows = store.workflows.page(c, caller.name, limit + 1, after, search, pushed)
            places = {row.id: place for row in rows if (place := pushed_path(folder, row.path))}
            ids = {row.id for row in rows}.union(*(pushed.same_as.get(row.id, ()) for row in rows))
            ran = store.workflows.with_runs(c, ids)
        workflows = [
            msgspec.structs.replace(
                row,
                pushed_path=places.get(row.id, ""),
                has_runs=not ran.isdisjoint((row.id, *pushed.same_as.get(row.id, ()))),
                same_as=pushed.same_as.get(row.id, []),
                shown_path=self._context.files.without_root(names.shown(row.path)),
            )
            for row in rows
        ]
        return page_of(workflows, limit)

    @operation("GET", "/workflows/unrun", scope="workflows:read", files="lists")
    def unrun(self, caller: Caller, limit: int = 50) -> Page[WorkflowFile]:
        """List workflow files that never ran, those saved last first.

        They lie below the root, or below the working directory of a shell.
        """
        return Page(unrun_files(self._context, caller.name)[:limit])

    @operation("GET", "/workflows/example", scope="workflows:read")
    def example_needs(self, caller: Caller) -> ExampleNeeds:
        """Show which packages the templates need, and which of them are missing.

        Without a readable kernel, none counts as missing.
        """
        try:
            lock = kernels.find_kernel(NATIVE).lock
        except NbyardError:
            lock = None
        installed = {normal_name(package.name) for package in lock.packages} if lock else ()
        missing = [name for name in PACKAGES if lock and normal_name(name) not in installed]
        return ExampleNeeds([*PACKAGES], missing)

    @operation("GET", "/workflows/templates", scope="workflows:read")
    def templates(self, caller: Caller) -> Page[ExampleTemplate]:
        """List the templates from which workflows can be created, with their documents."""
        files = ((name, source(f"{name}/{name}{DOCUMENT}")) for name in get_args(Template))
        texts = [(name, file.read_bytes()) for name, file in files if file]
        return Page([ExampleTemplate(name, read_document(text)) for name, text in texts])

    @operation("POST", "/workflows/example", scope="workflows:write", status=201, files="writes")
    def create_example(self, caller: Caller, body: NewExample) -> Example:
        """Copy a template into a new folder.

        The folder is named after the template, such as `penguins`, or `penguins-1` if that exists.
        """
        return new_example(self._context.files, body)

    @operation("POST", "/workflows/from-files", scope="workflows:write", status=201, files="writes")
    def from_files(self, caller: Caller, body: FilesOfWorkflow) -> ConnectedFiles:
        """Create a workflow from notebooks and scripts.

        Their source is read, without running it. Files that one writes and another reads become
        outputs, inputs and connections. Other files that they write become results. In folders,
        tests, copies and modules that others import are left out.
        """
        made = create_from_files(self._context, partial(self.check, caller), body)
        self.saved(caller, made.path)
        return made

    @operation("GET", "/workflows/code-files", scope="workflows:read", files="lists")
    def code_files(self, caller: Caller, folder: str) -> Page[str]:
        """List the notebooks and scripts of a folder, as `from_files` chooses them."""
        files = self._context.files
        return Page(
            [files.shown(file) for file in codes_of(files, [files.locate(folder, "folder")])]
        )

    @operation("GET", "/workflows/versions", scope="workflows:read")
    def versions(
        self, caller: Caller, path: str, limit: int = 50, after: str = ""
    ) -> Page[SavedVersion]:
        """List the versions of a workflow, newest first.

        Saves of ten minutes are one version, and the newest 100 that no run uses are kept. `path`
        is a file, or the ID of a workflow that others share.
        """
        workflow = self._by_id(caller, path) or self._known(caller, path)
        with self._store.read() as c:
            rows = self._store.workflows.versions(c, workflow, caller.name, limit + 1, after)
        return page_of(rows, limit)

    @operation("GET", "/workflows/compare", scope="workflows:read")
    def compare(self, caller: Caller, path: str, old: int, new: int = 0) -> ComparedVersions:
        """Show what differs between two versions of a workflow. `new` 0 is the saved file."""
        left, right = (self._version(caller, path, number) for number in (old, new))
        return ComparedVersions(left, right, differences(left, right))

    @operation("POST", "/workflows/restore", scope="workflows:write", files="writes")
    def restore(
        self, caller: Caller, path: str, version: int = 0, workflow: str = ""
    ) -> SavedVersion:
        """Write a version of a workflow into its file, or into a copy.

        The present content is stored as a version first, and the restored one as the newest. The
        file keeps its ID, cards that are in both keep their places, and comments of both stay. A
        missing file is created. A file without a readable workflow is refused. `version` 0 is the
        newest. With `workflow`, the ID of a workflow that others share, the file becomes an own
        workflow. The files of its nodes are not copied.

        Raises:
            NotFound: The workflow, the version or the folder does not exist.
            Invalid: The file of a copy has another suffix.
        """
        files, rows = self._context.files, self._store.workflows
        known = self._by_id(caller, workflow) or self._known(caller, workflow or path)
        old, real = self._stored(known, version, workflow or path), files.locate(path)
        if workflow:
            if real.suffix != DOCUMENT:
                raise Invalid.field("path", f"needs the suffix {DOCUMENT}")
            old = copy_of(old, known.owner)
        document, present = old, {}
        content = files.content(real) if real.exists() else b""
        if content.strip():
            document, present = read_document(content), read_json(content)
        if not real.parent.is_dir():
            raise NotFound(f"There is no folder {files.shown(real.parent)[:200]}.")
        with self._store.write() as c:
            if workflow:  # the file may have no history yet
                at = (caller.name, str(real))
                known = rows.create_or_update(c, *at, document, is_there, listed=False)
            if present:
                rows.version_of(c, known, document, caller.submitter)
        text = canonical(restored(present, old))
        with _writing(files, real):
            if content and not os.access(real, os.W_OK):
                raise PermissionError(errno.EACCES, "read-only")
            write_whole(real, text.encode())
        with self._store.write() as c:
            rows.version_of(c, known, read_document(text), caller.submitter)
            return rows.versions(c, known, caller.name, 1, "")[0]

    def _version(self, caller: Caller, path: str, number: int) -> Document:
        workflow = self._by_id(caller, path)
        if not (number or workflow):
            return read_document(self._context.files.read(path))
        return self._stored(workflow or self._known(caller, path), number, path)

    def _stored(self, workflow: Workflow, number: int, shown: str) -> Document:
        with self._store.read() as c:
            document = self._store.workflows.document(c, workflow, number)
        if document is None:
            raise NotFound(f"There is no version {number or 1} of {shown[:200]}.")
        return document

    def _by_id(self, caller: Caller, workflow_id: str) -> Workflow | None:
        with self._store.read() as c:
            return self._store.workflows.get(c, caller.name, workflow_id)

    def _known(self, caller: Caller, path: str) -> Workflow:
        real = self._context.files.locate(path)
        with self._store.read() as c:
            workflow = saved_workflow(self._context, c, caller.name, real)
        if workflow is None:
            raise NotFound(f"{path[:200]} has no history yet. It starts with a save or a run.")
        return workflow

    @operation("GET", "/workflows/nodes", scope="workflows:read")
    def show(self, caller: Caller, path: str) -> Page[NodeLine]:
        """List the nodes of a saved workflow in execution order.

        `path` is a file, or the ID of a workflow that others share.
        """
        document, resolver = self._opened(caller, path)
        edges = dependencies(document)
        lines = []
        for name in topological_order(document.nodes, edges):
            node = document.nodes[name]
            view = resolver.view(node)
            line = NodeLine(
                node=name,
                kind=view.kind,
                executable=node.path or view.name,
                runtime=node.runtime or (DOCKER if view.kind == CONTAINER else ""),
                image=node.image or view.image,
                after=sorted({edge.source for edge in edges if edge.target == name}),
                problem=view.problem,
                outputs={a.name: planned_class(a) for a in view.arguments if a.role == "output"},
            )
            lines.append(line)
        return Page(lines)

    @operation("GET", "/workflows/images", scope="workflows:read")
    def images(self, caller: Caller, path: str, runtime: str = "") -> Page[NeededImage]:
        """List the images that a saved workflow needs.

        They are the images of nodes that run in containers, as the workflow says or, with
        `runtime`, for all nodes.
        """
        document, resolver = self._opened(caller, path)
        check_runtimes(document, runtime)
        usual = runtime or self._context.settings.default_runtime
        overrides = RunOverrides(usual, runtime_given=bool(runtime))
        known = {
            name: (node, resolver.view(node))
            for name, node in without_muted(document).nodes.items()
            if node.type == "executable" and node.pin is None and node.mode is None
        }
        nodes = {
            name: node
            for name, (node, view) in known.items()
            if runtime_of(node, view.kind, node.image or view.image, overrides) == DOCKER
        }
        freeze = Freeze(resolver, nodes)
        problems = {name: known[name][1].problem for name in nodes}
        problems |= {
            name: why for name, frozen in freeze.nodes.items() if (why := frozen.resolved.problem)
        }
        # A node with a problem might need any image.
        if wrong := [Problem(why, node=name) for name, why in problems.items() if why]:
            raise_problems(wrong)
        nodes_by_image: dict[NeededImage, Names] = {}
        for name, node in nodes.items():
            image = self._needed_image(name, node, known[name][1], freeze)
            nodes_by_image.setdefault(image, []).append(name)
        replace = msgspec.structs.replace
        return Page([replace(image, nodes=tuple(names)) for image, names in nodes_by_image.items()])

    def _needed_image(self, name: str, node: Node, view: NodeView, freeze: Freeze) -> NeededImage:
        """Return the image that a node needs: named, built from a Dockerfile or from requirements.

        A notebook in a named image uses the packages that are installed there.
        """
        own = node.image or view.image or view.hinted_image
        bundle, dockerfile = freeze.dockerfile(name)
        if dockerfile and not own:
            return NeededImage("", "", False, True, dockerfile=dockerfile, bundle=bundle)
        base = own or self._context.settings.docker_base_image
        requirements, notebook = freeze.requirements(name), view.kind == "notebook"
        is_built = bool(requirements) or (notebook and not own)
        return NeededImage(base, requirements, notebook, is_built)

    def _opened(self, caller: Caller, path: str) -> tuple[Document, Resolver]:
        """Return a saved workflow document, and a resolver for paths in it."""
        context, path = pushed_context(self._context, caller.name, path) or (self._context, path)
        if known := self._by_id(caller, path):
            real = Path(known.path)
            document = copy_of(self._stored(known, 0, path), known.owner)
        else:
            real = context.files.locate(path)
            document = read_document(context.files.read(path), strict=True)
        base = context.files.shown(real.parent) if context.files.has(real) else ""
        resolver = _resolver(context, caller, base, path, document)
        return document if known else resolver.expanded(document, path), resolver

    @operation("POST", "/workflows/check", scope="workflows:read")
    def check(self, caller: Caller, body: CheckWorkflow) -> WorkflowCheck:
        """Check a workflow and propose connections.

        The result describes every node and lists the problems that block a run.
        """
        document = read_document(body.document)
        real = self._context.files.locate(body.path)
        place, original = place_of(self._context, caller.name, real, document.meta.id)
        base = str(PurePosixPath(body.path).parent)
        resolver = _resolver(self._context, caller, base, body.path, document)
        views = {name: resolver.view(node) for name, node in document.nodes.items()}
        resolved = {
            name: ResolvedNode(
                view.name, view.arguments, problem=view.problem, unread=unread_reason(view.hints)
            )
            for name, view in views.items()
        }
        for name, node in document.nodes.items():
            if node.pin and node.type == "executable" and views[name].kind != SUBWORKFLOW:
                resolved[name] = self._pinned(caller, name, node.pin, views[name])
                fields = {"arguments": resolved[name].arguments, "problem": resolved[name].problem}
                views[name] = msgspec.structs.replace(views[name], **fields)
        with self._context.store.read() as c:
            credentials = self._context.store.credentials.references(c, caller.name)
        problems = find_problems(document, resolved, credentials)
        for name, reason in ((problem.node, problem.reason) for problem in problems):
            if name and reason == resolved[name].unread:
                views[name] = msgspec.structs.replace(views[name], problem=reason)
        try:
            topological_order(document.nodes, dependencies(document))
        except Invalid as error:
            problems.append(Problem(error.reason))
        _complete_views(resolver, document, views, body.path)
        opened = undeclared_files.opened_files_of_nodes(resolver, place, document.nodes, views)
        for name, undeclared in opened.items():
            views[name] = msgspec.structs.replace(views[name], undeclared=undeclared)
        ports = {name: view.arguments for name, view in views.items()}
        places = {
            name: undeclared_files.folder_of(resolver, node, views[name])
            for name, node in document.nodes.items()
        }
        files = {
            name: undeclared.files for name, undeclared in opened.items() if not undeclared.problem
        }
        edges = [*document.edges.values()]
        proposals = propose_edges(document.nodes, edges, ports, Files(files, places))
        for name, arguments in with_map_ports(document, ports).items():
            views[name] = msgspec.structs.replace(views[name], arguments=arguments)
        return WorkflowCheck(views, problems, proposals, self._context.files.without_root(original))

    def saved(self, caller: Caller, path: str) -> None:
        """Store the version of a workflow file that the caller saved."""
        record_save(self._context, caller, self._context.files.real_path_of(path))

    def renamed(self, source: str, target: str) -> None:
        """Update stored paths after the server renamed a file or folder below the root."""
        files = self._context.files
        follow_rename(self._context, files.real_path_of(source), files.locate(target))

    def _pinned(self, caller: Caller, name: str, pin: Pin, view: NodeView) -> ResolvedNode:
        try:
            return pinned_node(self._context, caller.name, name, pin)
        except NbyardError as error:
            return ResolvedNode(view.name, view.arguments, problem=error.reason)


def _complete_views(
    resolver: Resolver, document: Document, views: dict[str, NodeView], path: str
) -> None:
    """Mark idle nodes; add hints on packages that imports lack."""
    for name in idle_nodes(document):
        is_idle = document.nodes[name].mode is None
        views[name] = msgspec.structs.replace(views[name], is_idle=is_idle)
    nodes = {
        name: node
        for name, node in document.nodes.items()
        if node.type == "executable" and not (node.pin or node.mode)
        if not (views[name].problem or views[name].is_idle)
    }
    for name, hint in import_hints(resolver, nodes, PurePosixPath(path).stem).items():
        views[name] = msgspec.structs.replace(views[name], hints=[*views[name].hints, hint])


def _resolver(
    context: ServiceContext, caller: Caller, base: str, path: str, document: Document
) -> Resolver:
    wanted = document.meta.environment
    default = find_default(context, caller.name, path, wanted, caller.project)
    return Resolver(context, caller.name, base, default=default)
