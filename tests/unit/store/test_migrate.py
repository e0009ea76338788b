"""Migrations at start. The tables in code equal the migrated ones."""

import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from nbyard.errors import NewerSchema
from nbyard.store import Store
from nbyard.store.migrate import MIGRATIONS, revisions, schema_of
from nbyard.store.schema.list_indexes import INDEXED

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[3]
OPEN_STORE = """
import sys
from pathlib import Path
from nbyard.store import Store
print(Store(Path(sys.argv[1]), sys.argv[2]).id)
"""


def test_the_migrated_schema_equals_the_code(store: Store) -> None:
    with store.read() as c:
        context = MigrationContext.configure(c, opts={"compare_type": True})
        assert compare_metadata(context, INDEXED) == []


def test_revisions_are_known_by_the_names_of_their_files() -> None:
    """So that whoever opens a store that is up to date needs no Alembic."""
    scripts = ScriptDirectory(str(MIGRATIONS))
    assert sorted(script.revision for script in scripts.walk_revisions()) == revisions()
    assert scripts.get_current_head() == revisions()[-1]


def test_opening_again_changes_nothing(tmp_path: Path) -> None:
    first = Store(tmp_path)
    first.close()
    second = Store(tmp_path)
    second.close()
    assert first.id == second.id


def test_two_processes_open_a_new_store_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other one migrates after this one has seen that there is no schema."""
    others: list[Store] = []

    def schema_before_the_other(c: Connection) -> str:
        monkeypatch.undo()
        present = schema_of(c)
        others.append(Store(tmp_path / "s"))
        return present

    module = import_module("nbyard.store.migrate")
    monkeypatch.setattr(module, "schema_of", schema_before_the_other)
    store = Store(tmp_path / "s")
    assert [store.id] == [other.id for other in others]


def test_a_newer_schema_is_refused_and_left_alone(tmp_path: Path) -> None:
    opened = Store(tmp_path)
    with opened.write() as c:
        c.execute(text("update alembic_version set version_num = '9999'"))
    opened.close()
    with pytest.raises(NewerSchema) as refused:
        Store(tmp_path)
    assert "9999" in refused.value.hint
    with opened.read() as c:
        assert schema_of(c) == "9999"


@pytest.mark.parametrize("bare_database_url", ["sqlite", "postgresql"], indirect=True)
def test_a_store_of_the_last_release_is_upgraded(tmp_path: Path, bare_database_url: str) -> None:
    describe = ["git", "-C", str(ROOT), "describe", "--tags", "--abbrev=0"]
    tag = subprocess.run(describe, capture_output=True, text=True, check=False).stdout.strip()
    if not tag:
        pytest.skip("nothing is released: the first git tag starts this test")
    archive = ["git", "-C", str(ROOT), "archive", tag, "jupyter_ext/nbyard"]
    packed = subprocess.run(archive, capture_output=True, check=True).stdout
    subprocess.run(["tar", "x", "-C", str(tmp_path)], input=packed, check=True)
    released = {**os.environ, "PYTHONPATH": str(tmp_path / "jupyter_ext")}
    command = [sys.executable, "-c", OPEN_STORE, str(tmp_path / "store"), bare_database_url]
    opened = subprocess.run(command, env=released, capture_output=True, text=True, check=True)
    store = Store(tmp_path / "store", bare_database_url)
    with store.read() as c:
        context = MigrationContext.configure(c, opts={"compare_type": True})
        assert compare_metadata(context, INDEXED) == []
    store.close()
    assert store.id == opened.stdout.strip()
