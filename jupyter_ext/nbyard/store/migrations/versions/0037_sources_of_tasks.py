"""Store which dataset version or artifact each input of a task is, also for earlier tasks."""

import json
import re
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Connection, text

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None

MANY = 1000
VERSION = re.compile(r"(.+) v(\d{1,9})", re.DOTALL)
TASKS = """select tasks.id, tasks.plan, runs.owner from tasks join runs on runs.id = tasks.run_id
    where tasks.id > :after order by tasks.id limit :many"""
VERSIONS = """select dataset_versions.id from dataset_versions
    join datasets on datasets.id = dataset_versions.dataset_id
    where datasets.owner = :owner and datasets.name = :name and dataset_versions.number = :number
    and dataset_versions.digest = :digest"""
ARTIFACTS = """select artifacts.id from artifacts join runs on runs.id = artifacts.run_id
    where runs.owner = :owner and runs.name = :name
    and artifacts.name = :output and artifacts.digest = :digest"""


def upgrade() -> None:
    op.create_table(
        "task_sources",
        sa.Column("task_id", sa.String(36), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("source", sa.String(50), nullable=False),
        sa.PrimaryKeyConstraint("task_id", "name", name="pk_task_sources"),
        sa.ForeignKeyConstraint(
            ["task_id"], ["tasks.id"], name="fk_task_sources_task_id", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_task_sources_source_task_id", "task_sources", ["source", "task_id"])
    find_sources(op.get_bind())


def find_sources(c: Connection) -> None:
    """Add the sources of earlier tasks to their plans and to the table."""
    after = ""
    known: dict[tuple[Any, ...], str] = {}
    while rows := c.execute(text(TASKS), {"after": after, "many": MANY}).all():
        after = rows[-1].id
        for row in rows:
            plan = json.loads(row.plan) if isinstance(row.plan, str) else row.plan
            sources = {}
            for name, binding in plan["bindings"].items():
                if binding["kind"] == "bytes" and (
                    source := _source(c, row.owner, binding, known)
                ):
                    sources[name] = binding["source"] = source
            if sources:
                values = {"id": row.id, "plan": json.dumps(plan)}
                c.execute(text("update tasks set plan = :plan where id = :id"), values)
                statement = text("insert into task_sources values (:task, :name, :source)")
                c.execute(statement, [
                    {"task": row.id, "name": name, "source": source}
                    for name, source in sources.items()
                ])


def _source(
    c: Connection, owner: str, binding: dict[str, Any], known: dict[tuple[Any, ...], str]
) -> str:
    """Return the source of bytes by their origin, empty if none fits."""
    origin, digest = binding.get("origin", ""), binding["digest"]
    key = (owner, origin, digest)
    if key not in known:
        known[key] = ""
        values: dict[str, Any] = {"owner": owner, "digest": digest}
        if version := VERSION.fullmatch(origin):
            values |= {"name": version[1], "number": int(version[2])}
            source_id = c.execute(text(VERSIONS), values).scalar()
            known[key] = f"dataset:{source_id}" if source_id else ""
        elif "." in origin:  # NAME.OUTPUT of a named artifact, or a file
            name, _, output = origin.rpartition(".")
            source_id = c.execute(text(ARTIFACTS), values | {"name": name, "output": output}).scalar()
            known[key] = f"artifact:{source_id}" if source_id else ""
    return known[key]
