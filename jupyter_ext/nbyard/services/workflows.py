"""Workflows: what you can ask of documents."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath

import msgspec

from nbyard.domain.callers import Caller
from nbyard.domain.matching import propose
from nbyard.domain.paging import Page, check_limit, page_of
from nbyard.domain.planning import ResolvedNode, find_problems
from nbyard.domain.workflows import (
    CheckWorkflow,
    Edge,
    Node,
    NodeLine,
    NodeView,
    Pin,
    Problem,
    Workflow,
    WorkflowCheck,
    ordered,
    read_document,
)
from nbyard.errors import Invalid, NbyardError
from nbyard.services.operation import operation
from nbyard.services.parts import Parts
from nbyard.services.pinning import pinned_node
from nbyard.services.resolving import Resolver


class WorkflowService:
    """Documents that were opened or run, and checks of what is being drawn."""

    noun = "workflows"

    def __init__(self, parts: Parts):
        self._parts = parts
        self._store = parts.store

    @operation("GET", "/workflows", scope="workflows:read")
    def list(
        self, caller: Caller, limit: int = 50, after: str = "", search: str = ""
    ) -> Page[Workflow]:
        """List workflows that ran, newest first."""
        check_limit(limit)
        with self._store.read() as c:
            found = self._store.workflows.page(c, caller.name, limit + 1, after, search)
        return page_of(found, limit, lambda w: w.id)

    @operation("GET", "/workflows/nodes", scope="workflows:read")
    def show(self, caller: Caller, path: str) -> Page[NodeLine]:
        """Show the nodes of a saved workflow, in the order in which they could run."""
        real = self._parts.files.locate(path)
        document = read_document(self._parts.files.read(path), strict=True)
        resolver = Resolver(self._parts, caller.name, self._parts.files.shown(real.parent))
        edges = [*document.edges.values()]
        return Page(
            [
                _line(name, document.nodes[name], resolver, edges)
                for name in ordered(document.nodes, edges)
            ]
        )

    @operation("POST", "/workflows/check", scope="workflows:read")
    def check(self, caller: Caller, body: CheckWorkflow) -> WorkflowCheck:
        """Tell what every node is, what blocks a run, and which arrows could be drawn."""
        document = read_document(body.document)
        base = str(PurePosixPath(body.path).parent)
        resolver = Resolver(self._parts, caller.name, base)
        views = {name: resolver.view(node) for name, node in document.nodes.items()}
        resolved = {name: _resolved(view) for name, view in views.items()}
        for name, node in document.nodes.items():
            if node.pin is not None and node.type == "executable":
                resolved[name] = self._pinned(caller, name, node.pin, views[name])
                found = {"arguments": resolved[name].arguments, "problem": resolved[name].problem}
                views[name] = msgspec.structs.replace(views[name], **found)
        problems = find_problems(document, resolved)
        try:
            ordered(document.nodes, document.edges.values())
        except Invalid as error:
            problems.append(Problem(error.message))
        ports = {name: view.arguments for name, view in views.items()}
        proposals = propose(document.nodes, list(document.edges.values()), ports)
        return WorkflowCheck(views, problems, proposals)

    def _pinned(self, caller: Caller, name: str, pin: Pin, view: NodeView) -> ResolvedNode:
        try:
            return pinned_node(self._parts, caller.name, name, pin)
        except NbyardError as error:
            return ResolvedNode(view.name, view.arguments, problem=error.message)


def _line(name: str, node: Node, resolver: Resolver, edges: Sequence[Edge]) -> NodeLine:
    view = resolver.view(node)
    return NodeLine(
        node=name,
        kind=view.kind,
        executable=node.path or view.name,
        runtime=node.runtime,
        image=node.image or view.image,
        after=sorted({edge.source for edge in edges if edge.target == name}),
        problem=view.problem,
    )


def _resolved(view: NodeView) -> ResolvedNode:
    return ResolvedNode(view.name, view.arguments, problem=view.problem)
