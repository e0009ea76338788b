"""All tables. The domain package defines what their rows mean."""

from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    literal_column,
    text,
    true,
)
from sqlalchemy.schema import SchemaItem

from nbyard.domain.runs.origins import SCRATCH
from nbyard.store.schema.sql_column_types import Because, Moment

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Id = String(36)
Digest = String(80)
Event = BigInteger().with_variant(Integer, "sqlite")


def _owner() -> "Column[Any]":
    return Column("owner", String(200), nullable=False)


def plain_table(name: str, *columns: SchemaItem, **options: Any) -> Table:
    """Return a table of the store."""
    return Table(name, metadata, *columns, **options)


def table_with_id(name: str, *more: SchemaItem) -> Table:
    """Return a table whose rows have an ID."""
    return plain_table(name, Column("id", Id, primary_key=True), *more)


def named_table(name: str, *more: SchemaItem) -> Table:
    """Return a table whose rows have a name, owner and revision."""
    return table_with_id(
        name,
        Column("name", String(255), nullable=False),
        _owner(),
        Column("revision", Integer, nullable=False),
        Column("created_at", Moment, nullable=False),
        Column("updated_at", Moment, nullable=False),
        *more,
        UniqueConstraint("owner", "name"),
    )


datasets = named_table(
    "datasets",
    Column("description", Text, nullable=False),
)

dataset_versions = table_with_id(
    "dataset_versions",
    Column("dataset_id", Id, ForeignKey("datasets.id", ondelete="CASCADE"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("state", String(20), nullable=False, index=True),
    Column("origin", String(20), nullable=False),
    Column("source", Text, nullable=False),
    Column("filename", Text, nullable=False),
    Column("format", String(40), nullable=False),
    Column("reason", Because, nullable=False),
    Column("digest", Digest, nullable=False),
    Column("size_bytes", BigInteger),
    Column("bytes_done", BigInteger, nullable=False),
    Column("rows", BigInteger),
    Column("columns", Integer),
    Column("allowed_hosts", JSON, nullable=False, server_default="[]"),
    Column("run_id", Id, nullable=False, server_default=""),
    Column("created_at", Moment, nullable=False),
    Column("finished_at", Moment),
    UniqueConstraint("dataset_id", "number"),
)

# Table info inferred from all rows of a version. A separate table, because it can be long.
dataset_tables = plain_table(
    "dataset_tables",
    Column(
        "version_id", Id, ForeignKey("dataset_versions.id", ondelete="CASCADE"), primary_key=True
    ),
    Column("info", JSON, nullable=False),
)

executables = named_table(
    "executables",
    Column("description", Text, nullable=False),
    Column("path", Text, nullable=False, index=True),
)

executable_versions = table_with_id(
    "executable_versions",
    Column("executable_id", Id, nullable=False),
    Column("number", Integer, nullable=False),
    Column("kind", String(40), nullable=False),
    Column("language", String(80), nullable=False),
    Column("kernel", String(200), nullable=False),
    Column("file", Text, nullable=False),
    Column("content_digest", Digest, nullable=False),
    Column("code_digest", Digest, nullable=False),
    Column("bundle_digest", Digest, nullable=False),
    Column("arguments", JSON, nullable=False),
    Column("command", JSON, nullable=False),
    Column("invocation", JSON, nullable=False, server_default="{}"),
    Column("resources", JSON, nullable=False),
    Column("identity", Digest, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("not_reproducible", Because, nullable=False, server_default=""),
    UniqueConstraint("executable_id", "number"),
)

workflows = table_with_id(
    "workflows",
    _owner(),
    Column("document_id", String(80), nullable=False),
    Column("path", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    Column("listed", Boolean, nullable=False, server_default=true()),  # not if only saved
    UniqueConstraint("owner", "path"),
)

workflow_versions = table_with_id(
    "workflow_versions",
    Column("workflow_id", Id, ForeignKey("workflows.id", ondelete="CASCADE"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("digest", Digest, nullable=False),
    Column("document", JSON, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("person", Text, nullable=False, server_default=""),
    Column("kept", Boolean, nullable=False, server_default=true()),  # not if only saved
    UniqueConstraint("workflow_id", "number"),
)


runs = table_with_id(
    "runs",
    Column("number", Integer, nullable=False, index=True),
    Column("name", String(255)),
    Column("title", Text, nullable=False),
    _owner(),
    Column("state", String(20), nullable=False, index=True),
    Column("path", Text, nullable=False),
    Column("workflow_id", Id, nullable=False),
    Column("workflow_version_id", Id, nullable=False),
    Column("parameters", JSON, nullable=False),
    Column("runtime", String(40), nullable=False),
    Column("priority", Integer, nullable=False, server_default="0"),
    Column("edges", JSON, nullable=False),
    Column("reason", Because, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("started_at", Moment),
    Column("finished_at", Moment),
    Column("cancel_requested_at", Moment),
    Column("kept", Boolean, nullable=False, server_default=false()),
    Column("origin", String(20), nullable=False, server_default="manual"),
    Column("origin_id", Id, nullable=False, server_default=""),
    Column("source_id", Id, nullable=False, server_default=""),
    Column("due_at", Moment),
    Column("backfill_id", Id, nullable=False, server_default=""),
    Column("cause", JSON(none_as_null=True)),
    Column("chain", JSON, nullable=False, server_default="[]"),
    Column("person", Text, nullable=False, server_default=""),
    Column("template_id", Id, nullable=False, server_default="", index=True),
    Column("submission_key", String(220)),
    Column("git", JSON(none_as_null=True)),
    Column("output_group", Text, nullable=False, server_default=""),
    Column("tags", Text),  # with a space before and after each
    UniqueConstraint("owner", "number"),
    UniqueConstraint("owner", "name"),
    Index("ix_runs_submission_key", "owner", "submission_key", unique=True),
)

tasks = table_with_id(
    "tasks",
    Column("run_id", Id, ForeignKey("runs.id", ondelete="CASCADE"), nullable=False),
    Column("node", String(80), nullable=False),
    Column("place", Integer, nullable=False),
    Column("state", String(20), nullable=False, index=True),
    Column("cached", Boolean, nullable=False),
    Column("reason", Because, nullable=False),
    Column("waits", Because, nullable=False, server_default=""),
    Column("warning", Because, nullable=False, server_default=""),
    Column("failure", JSON),
    Column("plan", JSON, nullable=False),
    Column("parts", JSON),
    Column("cache_key", Digest, nullable=False, index=True),
    Column("base_key", Digest, nullable=False, server_default=""),  # the key without the code files
    Column("observed", JSON),
    Column("other_files", JSON),
    Column("metrics", JSON(none_as_null=True)),  # null until they are read
    Column("executable_id", Id, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("queued_at", Moment),
    Column("started_at", Moment),
    Column("finished_at", Moment),
    Column("cancel_requested_at", Moment),
    UniqueConstraint("run_id", "node"),
    Index("ix_tasks_run_id_state_cached", "run_id", "state", "cached"),  # covers the counts
    Index("ix_tasks_base_key", "base_key"),
)

attempts = table_with_id(
    "attempts",
    Column("task_id", Id, ForeignKey("tasks.id", ondelete="CASCADE"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("state", String(20), nullable=False, index=True),
    Column("runtime", String(40), nullable=False),
    Column("site", Text, nullable=False),
    Column("token", String(80), nullable=False),
    Column("mark", String(80), nullable=False),
    Column("reason", Because, nullable=False),
    Column("usage", JSON, nullable=False),
    Column("gpus", JSON, nullable=False, server_default="[]"),
    Column("worker", Id, nullable=False, server_default=""),
    Column("created_at", Moment, nullable=False),
    Column("prepared_at", Moment),
    Column("started_at", Moment),
    Column("working_at", Moment),
    Column("finished_at", Moment),
    Column("published_at", Moment),
    UniqueConstraint("task_id", "number"),
)

artifacts = table_with_id(
    "artifacts",
    Column("run_id", Id, ForeignKey("runs.id", ondelete="CASCADE"), nullable=False),
    Column("task_id", Id, ForeignKey("tasks.id", ondelete="CASCADE"), nullable=False),
    Column("name", String(200), nullable=False),
    Column("filename", Text, nullable=False),
    Column("format", String(40), nullable=False),
    Column("digest", Digest, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("type", Text),
    UniqueConstraint("task_id", "name"),
)

# Rows are only added, and deleted by their age: see store/admin.py. IDs are in order of time.
audit = table_with_id(
    "audit",
    Column("at", Moment, nullable=False),
    Column("user", String(200), nullable=False),
    Column("person", Text, nullable=False),
    Column("token", String(80), nullable=False),
    Column("attempt_id", Id, nullable=False),
    Column("operation", String(80), nullable=False),
    Column("subject", String(200), nullable=False),
    Column("owner", String(200), nullable=False),  # empty if it is the user
    Column("status", Integer, nullable=False),
    Column("request_id", String(64), nullable=False),
    Index("ix_audit_user_id", "user", "id"),
)

cache = plain_table(
    "cache",
    Column("owner", String(200), primary_key=True),
    Column("key", Digest, primary_key=True),
    Column("task_id", Id, ForeignKey("tasks.id", ondelete="CASCADE"), nullable=False),
    Column("created_at", Moment, nullable=False),
)

fingerprints = plain_table(
    "fingerprints",
    Column("fingerprint", Digest, primary_key=True),
    Column("packages", JSON, nullable=False),
    Column("created_at", Moment, nullable=False),
)

environments = table_with_id(
    "environments",
    Column("name", String(255), nullable=False),
    Column("description", Text, nullable=False),
    Column("kernel", String(255), nullable=False),
    _owner(),
    Column("created_at", Moment, nullable=False),
    UniqueConstraint("owner", "name"),
)

environment_versions = table_with_id(
    "environment_versions",
    Column("environment_id", Id, ForeignKey("environments.id", ondelete="CASCADE"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("state", String(20), nullable=False, index=True),
    Column("requirements", JSON, nullable=False),
    Column("packages", JSON, nullable=False),
    Column("digest", Digest, nullable=False),
    Column("python", String(80), nullable=False),
    Column("place", Text, nullable=False),
    Column("reason", Because, nullable=False),
    Column("size_bytes", BigInteger),
    Column("created_at", Moment, nullable=False),
    Column("finished_at", Moment),
    UniqueConstraint("environment_id", "number"),
)

images = table_with_id(
    "images",
    Column("reference", String(512), nullable=False),
    _owner(),
    Column("origin", String(20), nullable=False),
    Column("state", String(20), nullable=False, index=True),
    Column("environment", Id, nullable=False),
    Column("version", Integer, nullable=False),
    Column("path", Text, nullable=False),
    Column("source", String(512), nullable=False),
    Column("recipe", JSON, nullable=False),
    Column("context_digest", Digest, nullable=False),
    Column("file", Text, nullable=False),
    Column("digest", Digest, nullable=False),
    Column("image_id", String(80), nullable=False),
    Column("size_bytes", BigInteger),
    Column("cached", Boolean, nullable=False),
    Column("reason", Because, nullable=False),
    Column("failed_line", JSON),
    Column("created_at", Moment, nullable=False),
    Column("started_at", Moment),
    Column("finished_at", Moment),
    Column("removed_at", Moment),
    Index("ix_images_owner_reference", "owner", "reference"),
)

credentials = table_with_id(
    "credentials",
    Column("name", String(255), nullable=False),
    _owner(),
    Column("kind", String(40), nullable=False),
    Column("description", Text, nullable=False),
    Column("fields", JSON, nullable=False),
    Column("kept", JSON, nullable=False),
    Column("version", Integer, nullable=False),
    Column("sealed", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    UniqueConstraint("owner", "name"),
)

events = plain_table(
    "events",
    Column("id", Event, primary_key=True, autoincrement=True),
    Column("at", Moment, nullable=False),
    Column("owner", String(200), nullable=False),
    Column("topic", String(40), nullable=False),
    Column("subject_id", String(80), nullable=False),
    Column("run_id", String(36), nullable=False, index=True),
    Column("data", JSON, nullable=False),
    # Otherwise SQLite gives the ID of a deleted newest event again, which readers have passed.
    sqlite_autoincrement=True,
)

leases = plain_table(
    "leases",
    Column("name", String(80), primary_key=True),
    Column("holder", String(200), nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("until", Moment, nullable=False),
    Column("seconds", Float, nullable=False, server_default="30"),
)

submissions = plain_table(
    "submissions",
    Column("owner", String(200), primary_key=True),
    Column("key", String(200), primary_key=True),
    Column("digest", Digest, nullable=False),
    Column("subject_id", Id, nullable=False),
    Column("created_at", Moment, nullable=False),
)

facts = plain_table(
    "facts",
    Column("name", String(80), primary_key=True),
    Column("value", Text, nullable=False),
)


# `source` is `dataset:ID` of a version or `artifact:ID`. The plan of the task has it too, but
# only an index finds the tasks of a source.
task_sources = plain_table(
    "task_sources",
    Column("task_id", Id, ForeignKey("tasks.id", ondelete="CASCADE"), primary_key=True),
    Column("name", String(200), primary_key=True),
    Column("source", String(50), nullable=False),
    Index("ix_task_sources_source_task_id", "source", "task_id"),
)


# `digests` are those of all bytes that the content names, so that they are found without it.
run_templates = table_with_id(
    "run_templates",
    Column("owner", String(200), nullable=False),
    Column("title", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("workflow_id", Id, nullable=False),
    Column("workflow_version_id", Id, nullable=False),
    Column("content", JSON, nullable=False),
    Column("digests", JSON, nullable=False),
    Column("digest", Digest, nullable=False),
    Column("created_at", Moment, nullable=False),
    UniqueConstraint("owner", "digest"),
)


# `probes` grows by one for each run. Only the dispatcher writes it, while the state is running.
bisections = table_with_id(
    "bisections",
    Column("owner", String(200), nullable=False),
    Column("title", Text, nullable=False),
    Column("good_run", Id, nullable=False),
    Column("bad_run", Id, nullable=False),
    Column("good_number", Integer, nullable=False),
    Column("bad_number", Integer, nullable=False),
    Column("state", String(20), nullable=False, index=True),
    Column("judge", JSON, nullable=False),
    Column("limit", Integer, nullable=False),
    Column("expected", Integer, nullable=False),
    Column("changes", JSON, nullable=False),
    Column("probes", JSON, nullable=False),
    Column("ending", String(20)),
    Column("culprits", JSON, nullable=False),
    Column("reason", Because, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("finished_at", Moment),
    Index("ix_bisections_owner_id", "owner", "id"),
)


NAMED = text("workflow_id = '' and name is not null")
HAS_NAME = text("name is not null")
HAS_TAGS = text("tags is not null")
# Runs of an automation. Most runs have none; in a full index, all others seem to share one.
OF_SOURCE = text("source_id <> ''")
RECHECKED = text("origin = 'recheck'")
WORKED = text("state = 'succeeded' and not cached")
UNREAD = text("state = 'succeeded' and metrics is null")


# Queries that read runs leave scratch runs (check runs, bisections) out by these conditions, or
# are listed with their reason in `tests/architecture/test_scratch_runs.py`.
# Literals: PostgreSQL plans a repeated statement without the values of its parameters. Then it
# would expect that this condition leaves no run.
KINDS: list[ColumnElement[str]] = [literal_column(f"'{origin}'") for origin in sorted(SCRATCH)]
IS_SCRATCH: ColumnElement[bool] = runs.c.origin.in_(KINDS)
HISTORY: ColumnElement[bool] = runs.c.origin.not_in(KINDS)
