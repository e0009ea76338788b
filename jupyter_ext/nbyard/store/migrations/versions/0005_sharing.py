"""Grants of roles on resources, and the groups that users were last seen in."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "grants",
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("resource_id", sa.String(36), nullable=False),
        sa.Column("grantee_kind", sa.String(10), nullable=False),
        sa.Column("grantee", sa.String(200), nullable=False),
        sa.Column("role", sa.String(10), nullable=False),
        sa.Column("created_at", sa.Float(precision=53), nullable=False),
        sa.PrimaryKeyConstraint(
            "kind", "resource_id", "grantee_kind", "grantee", name=op.f("pk_grants")
        ),
    )
    op.create_index("ix_grants_grantee", "grants", ["grantee", "grantee_kind", "kind"])
    op.create_table(
        "group_members",
        sa.Column("user_name", sa.String(200), nullable=False),
        sa.Column("group_name", sa.String(200), nullable=False),
        sa.PrimaryKeyConstraint("user_name", "group_name", name=op.f("pk_group_members")),
    )
