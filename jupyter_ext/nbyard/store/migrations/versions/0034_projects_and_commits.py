"""Store projects, the resources linked to them, and the commit of each run."""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def moment(name: str, *, nullable: bool = False) -> sa.Column[float]:
    return sa.Column(name, sa.Float(precision=53), nullable=nullable)


def upgrade() -> None:
    op.add_column("runs", sa.Column("git", sa.JSON))
    op.create_table(
        "projects",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("owner", sa.String(200), nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("repository", sa.Text, nullable=False),
        sa.Column("requirements", sa.Text, nullable=False),
        sa.Column("metadata", sa.JSON, nullable=False),
        sa.Column("task", sa.JSON, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        moment("created_at"),
        moment("updated_at"),
        sa.Column("files", sa.String(80), nullable=False),
        sa.Column("git", sa.JSON),
        moment("pushed_at", nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_projects"),
        sa.UniqueConstraint("owner", "name", name="uq_projects_owner_name"),
    )
    op.create_table(
        "project_links",
        sa.Column("project_id", sa.String(36), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("resource_id", sa.String(36), nullable=False),
        moment("created_at"),
        sa.PrimaryKeyConstraint("project_id", "kind", "resource_id", name="pk_project_links"),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["projects.id"],
            name="fk_project_links_project_id",
            ondelete="CASCADE",
        ),
    )
    columns = ["kind", "resource_id"]
    op.create_index("ix_project_links_kind_resource_id", "project_links", columns)
