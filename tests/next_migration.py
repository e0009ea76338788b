"""One migration more than nbyard has, for tests of what migrations do."""

import shutil
from importlib import import_module
from pathlib import Path

import pytest

SCRIPT = """
from alembic import op

revision, down_revision, branch_labels, depends_on = "{next}", "{newest}", None, None


def upgrade() -> None:
    op.create_index("ix_facts_value", "facts", ["value"])
    op.create_index("ix_leases_holder", "leases", ["holder"])
"""


def add_migration(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give this nbyard one more migration, so that existing stores become older."""
    module = import_module("nbyard.store.migrate")
    newest = module.revisions()[-1]
    following = f"{int(newest) + 1:04}"
    migrations = shutil.copytree(module.MIGRATIONS, folder / "migrations")
    script = SCRIPT.format(next=following, newest=newest)
    (migrations / f"versions/{following}_indexes.py").write_text(script)
    monkeypatch.setattr(module, "MIGRATIONS", migrations)
