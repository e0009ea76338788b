"""Turn the sentences of reasons into codes with parameters, also in events.

An old sentence becomes the code `text`, so that it is shown as it was written.
"""

import json
import re
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Connection, text

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

TABLES = (
    *("runs", "tasks", "attempts", "dataset_versions", "environment_versions", "images"),
    *("deployments", "revisions"),
)

SQLITE_REASON = "json_object('code', 'text', 'params', json_object('text', {words}))"
POSTGRESQL_REASON = "json_build_object('code', 'text', 'params', json_build_object('text', {words}))"
SQLITE_EVENTS = """update events set data = json_set(data, '$.reason', json({reason}))
    where json_type(data, '$.reason') = 'text' and json_extract(data, '$.reason') <> ''"""
POSTGRESQL_EVENTS = """update events
    set data = jsonb_set(data::jsonb, '{{reason}}', {reason}::jsonb)::json
    where strpos(data::text, '\\u0000') = 0  -- jsonb refuses it
    and json_typeof(data -> 'reason') = 'string' and data ->> 'reason' <> ''"""
# what an earlier version wrote before the wait of a task
WAIT = " – wait"
ATTEMPT = re.compile(r"attempt (\d+) (failed|was lost): (.*)", re.S)
BEING_BUILT = "Its image is being built."


def upgrade() -> None:
    op.add_column("tasks", sa.Column("waits", sa.Text, nullable=False, server_default=""))
    encode_reasons(op.get_bind())


def encode_reasons(c: Connection) -> None:
    """Encode every reason of the tables and of their events."""
    is_sqlite = c.dialect.name == "sqlite"
    reason = SQLITE_REASON if is_sqlite else POSTGRESQL_REASON
    expression = "json_extract(data, '$.reason')" if is_sqlite else "data ->> 'reason'"
    for table in TABLES:
        encoded = reason.format(words="reason") + ("" if is_sqlite else "::text")
        c.execute(text(f"update {table} set reason = {encoded} where reason <> ''"))
    # Divide the reasons of live tasks: why they run, and what they wait for.
    live = "select id, reason from tasks where state in ('queued', 'preparing') and reason <> ''"
    for row in c.execute(text(live)).all():
        message = json.loads(row.reason)["params"]["text"]
        why, sign, wait = ("", WAIT, message[4:]) if message.startswith("wait") else message.partition(WAIT)
        encoded = _encoded("text", text=why) if why else ""
        if match := ATTEMPT.fullmatch(why):
            code = "attempt-failed" if match[2] == "failed" else "attempt-lost"
            cause = {"code": "text", "params": {"text": match[3]}}
            encoded = _encoded(code, number=int(match[1]), cause=cause)
        waits = _encoded("text", text=f"wait{wait}") if sign else ""
        values = {"id": row.id, "reason": encoded, "waits": waits}
        c.execute(text("update tasks set reason = :reason, waits = :waits where id = :id"), values)
    for table in ("deployments", "revisions"):
        for row in c.execute(text(f"select id, reason from {table} where reason <> ''")).all():
            if json.loads(row.reason)["params"]["text"] == BEING_BUILT:
                values = {"id": row.id, "reason": _encoded("waits-for-build")}
                c.execute(text(f"update {table} set reason = :reason where id = :id"), values)
    statement = SQLITE_EVENTS if is_sqlite else POSTGRESQL_EVENTS
    c.execute(text(statement.format(reason=reason.format(words=expression))))


def _encoded(code: str, **params: Any) -> str:
    return json.dumps({"code": code, "params": params}, ensure_ascii=False)
