"""The clause that selects visible rows."""

import pytest
from sqlalchemy import select

from nbyard.store.schema.tables import runs
from nbyard.store.visibility import may_see

from .rows import Rows


@pytest.mark.parametrize(("viewer", "is_seen"), [("ada", True), ("eve", False), ("", False)])
def test_a_row_is_seen_by_its_owner(store, viewer, is_seen):
    with store.write() as c:
        Rows(store, c).run()
        assert c.execute(select(may_see(viewer, runs.c.owner))).scalar_one() == is_seen
