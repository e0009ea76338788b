"""Results that projects share, and marks of versions that are not reproducible."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

LENGTHS = {"project_id": 36, "key": 80, "base_key": 80, "task_id": 36}


def upgrade() -> None:
    mark = sa.Column("not_reproducible", sa.Text, nullable=False, server_default="")
    op.add_column("executable_versions", mark)
    columns = [sa.Column(name, sa.String(size), nullable=False) for name, size in LENGTHS.items()]
    op.create_table(
        "project_cache",
        *columns,
        sa.Column("created_at", sa.Float(precision=53), nullable=False),
        sa.PrimaryKeyConstraint("project_id", "key", name="pk_project_cache"),
        *(
            sa.ForeignKeyConstraint(
                [f"{noun}_id"],
                [f"{noun}s.id"],
                name=f"fk_project_cache_{noun}_id",
                ondelete="CASCADE",
            )
            for noun in ("project", "task")
        ),
    )
    by_base_key = "ix_project_cache_project_id_base_key"
    op.create_index(by_base_key, "project_cache", ["project_id", "base_key"])
    op.create_index("ix_project_cache_task_id", "project_cache", ["task_id"])
    where = sa.text("origin = 'recheck'")
    op.create_index("ix_runs_rechecked", "runs", ["id"], sqlite_where=where, postgresql_where=where)
