"""Who changed what, in a store of several users."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

LENGTHS = {"user": 200, "token": 80, "attempt_id": 36, "operation": 80, "subject": 200}


def upgrade() -> None:
    op.create_table(
        "audit",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("at", sa.Float(precision=53), nullable=False),
        *(sa.Column(name, sa.String(length), nullable=False) for name, length in LENGTHS.items()),
        sa.Column("person", sa.Text, nullable=False),
        sa.Column("owner", sa.String(200), nullable=False),
        sa.Column("status", sa.Integer, nullable=False),
        sa.Column("request_id", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit"),
    )
    op.create_index("ix_audit_user_id", "audit", ["user", "id"])
