"""Rows of lineage: the connections of nodes, the nodes themselves, and their sources."""

from collections.abc import Collection, Iterable, Mapping

from sqlalchemy import Connection, insert

from nbyard.domain.lineage.run_record import RunRecord
from nbyard.domain.lineage.structs import Direction, Found, LineageNode, Ref
from nbyard.domain.runs.structs import BytesOf, Run, TaskPlan
from nbyard.store.lineage.downstream import connections_from
from nbyard.store.lineage.nodes import nodes_for_viewer
from nbyard.store.lineage.run_records import read_run_record
from nbyard.store.lineage.upstream import connections_to
from nbyard.store.schema.lineage_tables import task_sources


class LineageRows:
    """Queries on lineage. Links may lead to other owners; nodes hide what a user must not see."""

    def insert(self, c: Connection, plans: Iterable[tuple[str, TaskPlan]]) -> None:
        """Store the sources of tasks, given as (task ID, plan)."""
        rows = [
            {"task_id": task_id, "name": name, "source": binding.source}
            for task_id, plan in plans
            for name, binding in plan.bindings.items()
            if isinstance(binding, BytesOf) and binding.source
        ]
        if rows:
            c.execute(insert(task_sources), rows)

    def run_record(self, c: Connection, run: Run) -> RunRecord:
        """Return the record of a run that the user may see."""
        return read_run_record(c, run)

    def links(
        self, c: Connection, viewer: str, refs: Collection[Ref], direction: Direction, most: int
    ) -> Found:
        """Return the connections of nodes in one direction.

        For each node, at most `most` connections of each kind are returned. If a node has more,
        the totals contain the number of all of them.
        """
        if direction == "back":
            return connections_to(c, viewer, refs, most)
        return connections_from(c, viewer, refs, most)

    def nodes(self, c: Connection, viewer: str, hints: Mapping[Ref, str]) -> dict[Ref, LineageNode]:
        """Return nodes as a user may see them. A deleted node has its hint as a name."""
        return nodes_for_viewer(c, viewer, hints)
