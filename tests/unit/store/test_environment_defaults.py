"""Default environments: one for the store and one for each project."""

from datetime import UTC, datetime

import pytest

from nbyard.domain.environments.references import EnvironmentDefault
from nbyard.store import Store


def insert_environment(store: Store, owner: str, name: str) -> str:
    row = {"id": f"{owner}-{name}", "name": name, "kernel": "", "owner": owner, "description": ""}
    with store.write() as c:
        store.environments.insert(c, {**row, "created_at": datetime.now(UTC)})
    return row["id"]


@pytest.mark.parametrize("owner", ["ann", "bob"])
def test_each_owner_has_a_default_that_is_replaced_and_removed(store: Store, owner: str) -> None:
    rows = store.environment_defaults
    cows = insert_environment(store, owner, "cows")
    ants = insert_environment(store, owner, "ants")
    other = "bob" if owner == "ann" else "ann"
    for chosen, name in ((cows, "cows"), (ants, "ants")):
        with store.write() as c:
            rows.set(c, owner, "", chosen)
            expected = EnvironmentDefault(name, "store")
            assert rows.all(c, owner) == {"": expected}
            assert rows.of_file(c, owner, "/a.py", "") == expected
            assert rows.of_file(c, owner, "/a.py", "another project") == expected
            assert rows.of_file(c, other, "/a.py", "") is None
    with store.write() as c:
        rows.set(c, owner, "", "")
        assert rows.all(c, owner) == {}
