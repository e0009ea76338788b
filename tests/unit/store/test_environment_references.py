"""Versions that active runs and pins need."""

from nbyard.domain.workflows.structs import Document, Node
from nbyard.store import Store

from .lineage.records import Records


def test_a_pin_of_the_newest_version_of_a_workflow_counts(store: Store) -> None:
    with store.write() as c:
        rows = Records(store, c)
        made, other = (rows.environment(name).version_id for name in ("cows", "ants"))
        for reference, found in (("cows@1", {made}), ("cows@2", set()), ("cows", set())):
            node = Node("executable", path="n.ipynb", environment=reference)
            document = Document(1, nodes={"n": node, "other": Node("dataset", path="x")})
            workflow = store.workflows.create_or_update(c, "ada", "/flow.nbflow", document)
            store.workflows.version_of(c, workflow, document)
            assert store.uses.by_pins(c) == found
        assert other not in store.uses.by_pins(c)
        assert store.uses.by_runs(c) == {}
