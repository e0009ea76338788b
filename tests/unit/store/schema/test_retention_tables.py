"""The table of the rules of clean-ups."""

from sqlalchemy import inspect

from nbyard.store.schema.project_tables import retention


def test_each_owner_has_one_row(store):
    assert [column.name for column in retention.primary_key] == ["owner"]
    with store.read() as c:
        assert "retention" in inspect(c).get_table_names()
