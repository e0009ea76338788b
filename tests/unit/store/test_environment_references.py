"""Versions that active runs and pins need."""

from sqlalchemy import Connection, insert

from nbyard.domain.ids import new_id
from nbyard.domain.workflows.structs import Document, Node
from nbyard.store import Store
from nbyard.store.schema.tables import environments

from .rows import moment


def version(store: Store, c: Connection, name: str) -> str:
    environment = new_id()
    row = {"id": environment, "name": name, "description": "", "kernel": "", "owner": "ada"}
    c.execute(insert(environments), [row | {"created_at": moment(0)}])
    return store.environments.add_version(c, "ada", environment, ["cow"])


def test_a_pin_of_the_newest_version_of_a_workflow_counts(store: Store) -> None:
    with store.write() as c:
        made, other = version(store, c, "cows"), version(store, c, "ants")
        for reference, found in (("cows@1", {made}), ("cows@2", set()), ("cows", set())):
            node = Node("executable", path="n.ipynb", environment=reference)
            document = Document(1, nodes={"n": node, "other": Node("dataset", path="x")})
            workflow = store.workflows.create_or_update(c, "ada", "/flow.nbflow", document)
            store.workflows.version_of(c, workflow, document)
            assert store.uses.by_pins(c) == found
        assert other not in store.uses.by_pins(c)
        assert store.uses.by_runs(c) == {}
