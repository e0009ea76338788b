"""Give each failed run the reason of its first failed task, as the dispatcher now does."""

import json

from alembic import op
from sqlalchemy import Connection, text

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

FAILURES = text(
    "select tasks.run_id, cast(tasks.failure as text) as failure, tasks.reason from tasks"
    " join runs on runs.id = tasks.run_id"
    " where runs.state = 'failed' and runs.reason = '' and tasks.state = 'failed'"
    " order by tasks.finished_at desc, tasks.place desc"
)
SET = text("update runs set reason = :reason where id = :id")


def upgrade() -> None:
    set_reasons(op.get_bind())


def set_reasons(c: Connection) -> None:
    """Copy the reasons; the earliest failures come last and replace the others."""
    reasons = {}
    for row in c.execute(FAILURES).all():
        failure = json.loads(row.failure or "null") or {}
        reason = json.dumps(failure["reason"]) if "reason" in failure else row.reason
        if reason:
            reasons[row.run_id] = reason
    for run_id, reason in reasons.items():
        c.execute(SET, {"id": run_id, "reason": reason})
