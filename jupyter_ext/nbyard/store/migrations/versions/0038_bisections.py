"""Store bisections."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None


def text(name: str, length: int) -> sa.Column[str]:
    return sa.Column(name, sa.String(length), nullable=False)


def whole(name: str, kind: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False)


def upgrade() -> None:
    op.create_table(
        "bisections",
        text("id", 36),
        text("owner", 200),
        whole("title", sa.Text),
        text("good_run", 36),
        text("bad_run", 36),
        whole("good_number", sa.Integer),
        whole("bad_number", sa.Integer),
        text("state", 20),
        whole("judge", sa.JSON),
        whole("limit", sa.Integer),
        whole("expected", sa.Integer),
        whole("changes", sa.JSON),
        whole("probes", sa.JSON),
        sa.Column("ending", sa.String(20)),
        whole("culprits", sa.JSON),
        whole("reason", sa.Text),
        sa.Column("created_at", sa.Float(precision=53), nullable=False),
        sa.Column("finished_at", sa.Float(precision=53)),
        sa.PrimaryKeyConstraint("id", name="pk_bisections"),
    )
    for columns in (["state"], ["owner", "id"]):
        op.create_index(f"ix_bisections_{'_'.join(columns)}", "bisections", columns)
