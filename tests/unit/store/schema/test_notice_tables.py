"""The tables of notice channels, rules and the outbox."""

import pytest
from sqlalchemy.exc import IntegrityError

from ..notices.test_channels import add
from ..notices.test_outbox import fill


def test_a_channel_has_an_event_once(store):
    with store.write() as c:
        made = add(store, c)
        fill(store, c, made, 2)
    with pytest.raises(IntegrityError), store.write() as c:
        c.exec_driver_sql("update notices set event_id = 'same'")
