"""What columns of rows from elsewhere may hold; whole backups are in `backup`."""

import pytest
from sqlalchemy import text

from nbyard.errors import Damaged
from nbyard.store import Store
from nbyard.store.database.row_checks import TYPES, check_rows
from nbyard.store.named_rows import NamedRows

from ...backup.test_backups import add_in_each_state
from ..rows import Rows
from ..test_projects import add as add_project

OUTSIDE = "../../outside"
VALUES = [
    ("attempts", "worker", ".."),
    ("attempts", "worker", OUTSIDE),
    ("artifacts", "digest", f"SHA256:{'0' * 64}"),
    ("artifacts", "digest", "sha256:1"),
    ("artifacts", "filename", "a\nb"),
    ("artifacts", "filename", OUTSIDE),
    ("artifacts", "type", "[]"),
    ("dataset_versions", "filename", OUTSIDE),
    ("environments", "kernel", OUTSIDE),
    ("executable_versions", "file", "../x.py"),
    ("projects", "files", f"tree:{OUTSIDE}"),
    ("projects", "name", "../../etc"),
    ("projects", "task", "[]"),
    ("runs", "cause", '{"kind": "other"}'),
    ("runs", "created_at", 1e300),
    ("runs", "edges", "{}"),
    ("runs", "finished_at", -1e300),
    ("runs", "name", "a\x1b]0;title\x07"),
    ("runs", "number", -5),
    ("runs", "origin", "other"),
    ("runs", "parameters", "[]"),
    ("runs", "state", "other"),
    ("automations", "run", "{}"),
    ("automations", "timing", "[]"),
    ("automations", "timing", '{"kind": "interval", "seconds": -1}'),
    ("automations", "zone", "Mars/X"),
    ("tasks", "failure", "[]"),
    ("tasks", "plan", "{}"),
]


def test_bad_values_are_refused_by_table_row_and_column(store: Store) -> None:
    with store.write() as c:
        rows = Rows(store, c)
        rows.artifact(rows.succeeded(rows.run("nightly")))
        rows.executable("train")
        add_project(store, c)
    add_in_each_state(store)
    with store.write() as c:
        default = c.execute(text("select max(id) from environments")).scalar_one()
        store.environment_defaults.set(c, "ada", "", default)
        check_rows(c)
        for table, column, value in VALUES:
            key = c.execute(text(f"select max(id) from {table}")).scalar_one()
            change = text(f"update {table} set {column} = :value where id = :key")
            savepoint = c.begin_nested()
            c.execute(change, {"value": value, "key": key})
            with pytest.raises(Damaged) as refused:
                check_rows(c)
            savepoint.rollback()
            assert f"row '{key}' of the table {table}" in refused.value.message
            assert column in refused.value.message


def test_the_columns_of_each_named_row_have_types(store: Store) -> None:
    assert {rows.stored_in.name for rows in NamedRows.__subclasses__()} <= {*TYPES}
