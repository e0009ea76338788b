"""Give each failed run the reason of its first failed task, as the dispatcher now does."""

import json

from alembic import op
from sqlalchemy import Connection, text

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

FAILED = text("select id, reason from runs where state = 'failed'")
# Failures have tracebacks, so one is read at a time.
FIRST = text(
    "select cast(failure as text) as failure, reason from tasks"
    " where run_id = :id and state = 'failed'"
    " and (coalesce(cast(failure as text), 'null') <> 'null' or reason <> '')"
    " order by finished_at, place limit 1"
)
SET = text("update runs set reason = :reason where id = :id")


def upgrade() -> None:
    set_reasons(op.get_bind())


def set_reasons(c: Connection) -> None:
    """Copy the reasons; a retry keeps the run that it retries before them."""
    for run in c.execute(FAILED).all():
        task = c.execute(FIRST, {"id": run.id}).first()
        if task is None:
            continue
        failure = json.loads(task.failure or "null") or {}
        reason = json.dumps(failure["reason"]) if "reason" in failure else task.reason
        if reason and run.reason:
            both = [json.loads(run.reason), json.loads(reason)]
            reason = json.dumps({"code": "all", "params": {"reasons": both}})
        if reason:
            c.execute(SET, {"id": run.id, "reason": reason})
