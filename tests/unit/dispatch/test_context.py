"""The dispatcher's own transaction: only the holder of the lease commits."""

import pytest
from sqlalchemy import text

from nbyard.store.leases import LeaseLost


def test_only_the_holder_of_the_lease_writes(bench):
    former = bench.context
    bench.replace_dispatcher()
    insert = text("insert into facts (name, value) values (:name, 'x')")
    with pytest.raises(LeaseLost), former.write() as c:
        c.execute(insert, {"name": "former"})
    with bench.context.write() as c:
        c.execute(insert, {"name": "present"})
    with bench.store.read() as c:
        found = c.execute(text("select name from facts where value = 'x'")).scalars().all()
    assert found == ["present"]


def test_a_replaced_dispatcher_loses_the_lease(bench):
    former = bench.context
    with bench.store.read() as c:
        assert former.is_held(c)
    bench.replace_dispatcher()
    with bench.store.read() as c:
        assert not former.is_held(c)
        assert bench.context.is_held(c)
