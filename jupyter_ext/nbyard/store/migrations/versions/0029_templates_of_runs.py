"""Store the templates and the origins of runs. Runs that exist have no template."""

import json
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

RETRIES = sa.text("select id, owner, reason from runs where reason like '%\"retry-of-run\"%'")
OF_NUMBER = sa.text("select id from runs where owner = :owner and number = :number")
SET = sa.text("update runs set origin = 'retry', origin_id = :origin where id = :id")


def upgrade() -> None:
    text = sa.Text()
    op.create_table(
        "run_templates",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("owner", sa.String(200), nullable=False),
        sa.Column("title", text, nullable=False),
        sa.Column("path", text, nullable=False),
        sa.Column("workflow_id", sa.String(36), nullable=False),
        sa.Column("workflow_version_id", sa.String(36), nullable=False),
        sa.Column("content", sa.JSON, nullable=False),
        sa.Column("digests", sa.JSON, nullable=False),
        sa.Column("digest", sa.String(80), nullable=False),
        sa.Column("created_at", sa.Float(precision=53), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_run_templates"),
        sa.UniqueConstraint("owner", "digest", name="uq_run_templates_owner_digest"),
    )
    for name, length, default in (("origin", 20, "manual"), ("origin_id", 36, "")):
        kind = sa.String(length)
        op.add_column("runs", sa.Column(name, kind, nullable=False, server_default=default))
    op.add_column("runs", sa.Column("due_at", sa.Float(precision=53)))
    op.add_column(
        "runs", sa.Column("template_id", sa.String(36), nullable=False, server_default="")
    )
    op.add_column("runs", sa.Column("submission_key", sa.String(220)))
    set_origins(op.get_bind())
    op.create_index("ix_runs_template_id", "runs", ["template_id"])
    op.create_index("ix_runs_submission_key", "runs", ["owner", "submission_key"], unique=True)
    op.create_index("ix_runs_owner_origin_id", "runs", ["owner", "origin", "id"])
    op.create_index("ix_runs_origin_id_id", "runs", ["origin_id", "id"])


def set_origins(c: sa.Connection) -> None:
    """Mark the retries, with the run that each repeats; it may be deleted."""
    for run in c.execute(RETRIES).all():
        number = _retried(json.loads(run.reason))
        if number is not None:
            known = c.execute(OF_NUMBER, {"owner": run.owner, "number": number}).scalar()
            c.execute(SET, {"id": run.id, "origin": known or ""})


def _retried(reason: Any) -> int | None:
    """Return the number of the retried run, which comes before the reason of a failure."""
    if reason["code"] == "all":
        return next(filter(None, map(_retried, reason["params"]["reasons"])), None)
    return reason["params"]["run"] if reason["code"] == "retry-of-run" else None
