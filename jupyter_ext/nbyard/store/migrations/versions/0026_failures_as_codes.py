"""Turn the sentences of failures into codes with parameters, also in reasons and events.

An old sentence becomes the code `text`, so that it is shown as it was written.
"""

import json
from typing import Any

from alembic import op
from sqlalchemy import Connection, text

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

# columns with failures, or with reasons that were one; the last is the type of a column
COLUMNS = (
    ("tasks", "failure", "json"),
    ("tasks", "reason", "text"),
    ("attempts", "reason", "text"),
    ("runs", "reason", "text"),
    ("events", "data", "json"),
)


def upgrade() -> None:
    encode_failures(op.get_bind())


def encode_failures(c: Connection) -> None:
    """Encode every failure of the tables and of their events."""
    is_sqlite = c.dialect.name == "sqlite"
    for table, column, kind in COLUMNS:
        old = text(
            f"select id, cast({column} as text) as content from {table}"
            f" where cast({column} as text) like '%\"message\"%'"
        )
        new = "cast(:content as json)" if kind == "json" and not is_sqlite else ":content"
        statement = text(f"update {table} set {column} = {new} where id = :id")
        for row in c.execute(old).all():
            content = json.loads(row.content)
            encoded = _with_reason(content) if column == "failure" else _encoded(content)
            if encoded != content:
                c.execute(statement, {"id": row.id, "content": json.dumps(encoded)})


def _encoded(value: Any) -> Any:
    """Return the value with the failures in it encoded."""
    if isinstance(value, list):
        return [_encoded(element) for element in value]
    if not isinstance(value, dict):
        return value
    params = value.get("params")
    if value.get("code") == "failure" and isinstance(params, dict):
        return _text(params.get("message", ""))
    if isinstance(value.get("failure"), dict):
        value = {**value, "failure": _with_reason(value["failure"])}
    return {key: _encoded(member) for key, member in value.items()}


def _with_reason(failure: Any) -> Any:
    if not isinstance(failure, dict) or "reason" in failure or "message" not in failure:
        return failure
    rest = {key: member for key, member in failure.items() if key != "message"}
    return {**rest, "reason": _text(failure["message"])}


def _text(message: Any) -> dict[str, Any]:
    return {"code": "text", "params": {"text": str(message)}}
