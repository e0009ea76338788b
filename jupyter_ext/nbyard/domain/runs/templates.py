"""Run templates: frozen documents from which runs are created, once or repeatedly."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import msgspec

from nbyard.domain.arguments.structs import Argument
from nbyard.domain.runs.map_plans import with_map_ports
from nbyard.domain.runs.origins import GitState
from nbyard.domain.runs.planning import ResolvedNode, RunOverrides
from nbyard.domain.runs.structs import BytesOf
from nbyard.domain.workflows.active_nodes import active_part
from nbyard.domain.workflows.structs import Document, Edge


class TemplateContent(msgspec.Struct, frozen=True, omit_defaults=True):
    """A document with its frozen nodes, and the options of its runs.

    `document` has no muted nodes. Runs include the `chosen` nodes. `parameters` are those of the
    workflow, or of the node `main` if only one executable runs. `values` are the values of
    parameters in the request. A run may override them, and needs values of all `needed`
    parameters.
    """

    document: Document
    nodes: dict[str, ResolvedNode]
    chosen: list[str]
    overrides: RunOverrides = msgspec.field(name="wish")  # its name in stored templates
    parameters: list[Argument] = []
    needed: list[str] = []
    values: dict[str, Any] = {}
    priority: int = 0
    main: str = ""
    git: GitState | None = None

    def edges(self) -> list[Edge]:
        """Return the connections between the nodes that can run."""
        ports = {name: known.arguments for name, known in self.nodes.items()}
        ports = with_map_ports(self.document, ports)
        return list(active_part(self.document, ports).document.edges.values())

    def digests(self) -> Iterator[str]:
        """Yield the digests of stored files that the nodes use, apart from their code."""
        for node in self.nodes.values():
            plan = node.pinned
            yield from (node.requirements_digest, node.lock_digest, node.model_requirements)
            yield plan.requirements_digest if plan else ""
            bound = [*plan.bindings.values()] if plan else []
            yield from (
                content.digest for content in (node.data, *bound) if isinstance(content, BytesOf)
            )


class RunTemplate(msgspec.Struct, frozen=True):
    """A stored template.

    For a single executable, the workflow's IDs are empty, and `path` is that of its file, if any.
    """

    id: str
    owner: str
    title: str
    path: str
    workflow_id: str
    workflow_version_id: str
    content: TemplateContent
    created_at: datetime
