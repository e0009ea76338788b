"""Default environments: one for the store and one for each project."""

import pytest

from nbyard.domain.environments.references import EnvironmentDefault
from nbyard.store import Store

from .lineage.records import Records


@pytest.mark.parametrize("owner", ["ann", "bob"])
def test_each_owner_has_a_default_that_is_replaced_and_removed(store: Store, owner: str) -> None:
    rows = store.environment_defaults
    other = "bob" if owner == "ann" else "ann"
    for name in ("cows", "ants"):
        with store.write() as c:
            rows.set(c, owner, "", Records(store, c).environment(name, owner).id)
            expected = EnvironmentDefault(name, "store")
            assert rows.all(c, owner) == {"": expected}
            assert rows.of_file(c, owner, "/a.py", "") == expected
            assert rows.of_file(c, owner, "/a.py", "another project") == expected
            assert rows.of_file(c, other, "/a.py", "") is None
    with store.write() as c:
        rows.set(c, owner, "", "")
        assert rows.all(c, owner) == {}
