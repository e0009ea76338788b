"""All operations in one table, from which every surface is made."""

from nbyard.services.operation import operations
from nbyard.services.operation_table import SERVICES, table
from nbyard.services.registry import Services


def test_each_operation_is_listed_once_in_order():
    ids = [op.id for op in table()]
    assert ids == [op.id for op in operations(SERVICES)]
    assert len(ids) == len(set(ids))
    assert list(dict.fromkeys(op.noun for op in table())) == [service.noun for service in SERVICES]


def test_the_table_is_built_once():
    assert table() is table()


def test_every_operation_can_be_called_on_an_open_yard(yard):
    services = Services(yard.context)
    for op in table():
        assert callable(getattr(getattr(services, op.noun), op.verb)), op.id


def test_every_noun_can_be_read():
    """HOUSE, first sentence: everything you can ask is an operation."""
    readable = {op.noun for op in table() if op.method == "GET"}
    assert readable == {service.noun for service in SERVICES}


def test_deletions_return_nothing_and_creations_return_201():
    for op in table():
        assert (op.method == "DELETE") == (op.status == 204), op.id
        if op.verb == "create":
            assert (op.method, op.status) == ("POST", 201), op.id
