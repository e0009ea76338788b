"""Create all tables."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

Names = Sequence[str]
Column = partial(sa.Column[Any], nullable=False)


def string(name: str, length: int, **options: Any) -> sa.Column[Any]:
    return Column(name, sa.String(length), **options)


def text(name: str, **options: Any) -> sa.Column[Any]:
    return Column(name, sa.Text, **options)


def integer(name: str, **options: Any) -> sa.Column[Any]:
    return Column(name, sa.Integer, **options)


def big(name: str, **options: Any) -> sa.Column[Any]:
    return Column(name, sa.BigInteger, **options)


def real(name: str, **options: Any) -> sa.Column[Any]:
    return Column(name, sa.Float, **options)


def moment(name: str, **options: Any) -> sa.Column[Any]:
    return Column(name, sa.Float(precision=53), **options)


def boolean(name: str, **options: Any) -> sa.Column[Any]:
    return Column(name, sa.Boolean, **options)


def json(name: str, **options: Any) -> sa.Column[Any]:
    return Column(name, sa.JSON, **options)


def create(
    table: str,
    *columns: sa.Column[Any],
    key: Names = ("id",),
    unique: Sequence[Names] = (),
    parents: Mapping[str, str] | None = None,
    indexes: Sequence[Names] = (),
    **options: Any,
) -> None:
    """Create a table with its constraints and indexes.

    `parents` are the tables that columns refer to. Rows are deleted with their parent.
    """
    op.create_table(
        table,
        *columns,
        sa.PrimaryKeyConstraint(*key, name=f"pk_{table}"),
        *(sa.UniqueConstraint(*names, name=f"uq_{table}_{'_'.join(names)}") for names in unique),
        *(
            sa.ForeignKeyConstraint(
                [name], [f"{parent}.id"], name=f"fk_{table}_{name}", ondelete="CASCADE"
            )
            for name, parent in (parents or {}).items()
        ),
        **options,
    )
    for names in indexes:
        op.create_index(f"ix_{table}_{'_'.join(names)}", table, names)


def create_partial_index(
    name: str, table: str, columns: Names, sqlite: str, postgresql: str = ""
) -> None:
    where = (sa.text(sqlite), sa.text(postgresql or sqlite))
    op.create_index(name, table, columns, sqlite_where=where[0], postgresql_where=where[1])


def upgrade() -> None:  # noqa: PLR0915 (one statement for each table)
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    event_id = Column("id", number, autoincrement=True)
    create(
        "bisections",
        string("id", 36), string("owner", 200), text("title"), string("good_run", 36),
        string("bad_run", 36), integer("good_number"), integer("bad_number"), string("state", 20),
        json("judge"), integer("limit"), integer("expected"), json("changes"), json("probes"),
        string("ending", 20, nullable=True), json("culprits"), text("reason"), moment("created_at"),
        moment("finished_at", nullable=True),
        indexes=[["state"], ["owner", "id"]],
    )
    create(
        "credentials",
        string("id", 36), string("name", 255), string("owner", 200), string("kind", 40),
        text("description"), json("fields"), json("kept"), integer("version"), text("sealed"),
        moment("created_at"), moment("updated_at"),
        unique=[["owner", "name"]],
    )
    create(
        "datasets",
        string("id", 36), string("name", 255), text("description"), string("owner", 200),
        integer("revision"), moment("created_at"), moment("updated_at"),
        unique=[["owner", "name"]],
    )
    create(
        "deployments",
        string("id", 36), string("name", 63), text("title"), text("description"),
        string("owner", 200), string("state", 20), boolean("is_wanted"), text("reason"),
        integer("revision"), integer("serving"), moment("created_at"), moment("changed_at"),
        moment("started_at", nullable=True), moment("finished_at", nullable=True),
        moment("removed_at", nullable=True), integer("port", server_default="0"),
        unique=[["owner", "name"]], indexes=[["state"]],
    )
    create(
        "environments",
        string("id", 36), string("name", 255), text("description"), string("kernel", 255),
        string("owner", 200), moment("created_at"),
        unique=[["owner", "name"]],
    )
    create(
        "events",
        event_id, moment("at"), string("owner", 200), string("topic", 40), string("subject_id", 80),
        string("run_id", 36), json("data"),
        indexes=[["run_id"]], sqlite_autoincrement=True,
    )
    create(
        "executable_versions",
        string("id", 36), string("executable_id", 36), integer("number"), string("kind", 40),
        string("language", 80), string("kernel", 200), text("file"), string("content_digest", 80),
        string("code_digest", 80), string("bundle_digest", 80), json("arguments"), json("command"),
        json("invocation", server_default="{}"), json("resources"), string("identity", 80),
        moment("created_at"),
        unique=[["executable_id", "number"]],
    )
    create(
        "executables",
        string("id", 36), string("name", 255), text("description"), string("owner", 200),
        text("path"), integer("revision"), moment("created_at"), moment("updated_at"),
        unique=[["owner", "name"]], indexes=[["path"]],
    )
    create("facts", string("name", 80), text("value"), key=["name"])
    create(
        "fingerprints",
        string("fingerprint", 80), json("packages"), moment("created_at"),
        key=["fingerprint"],
    )
    create(
        "images",
        string("id", 36), string("reference", 512), string("owner", 200), string("origin", 20),
        string("state", 20), string("environment", 36), integer("version"), text("path"),
        string("source", 512), json("recipe"), string("context_digest", 80), text("file"),
        string("digest", 80), string("image_id", 80), big("size_bytes", nullable=True),
        boolean("cached"), text("reason"), json("failed_line", nullable=True), moment("created_at"),
        moment("started_at", nullable=True), moment("finished_at", nullable=True),
        moment("removed_at", nullable=True),
        indexes=[["state"], ["owner", "reference"]],
    )
    create(
        "leases",
        string("name", 80), string("holder", 200), integer("epoch"), moment("until"),
        real("seconds", server_default="30"),
        key=["name"],
    )
    create(
        "notice_channels",
        string("id", 36), string("name", 255), string("owner", 200), integer("revision"),
        string("kind", 20), string("service", 200), text("address"), text("sealed"),
        json("allowed_hosts"), text("base_url"), json("digest"), moment("sent_at", nullable=True),
        moment("failed_at", nullable=True), text("error"), moment("retry_at", nullable=True),
        moment("created_at"), moment("updated_at"),
        unique=[["owner", "name"]],
    )
    create(
        "projects",
        string("id", 36), string("name", 255), string("owner", 200), text("description"),
        text("repository"), text("requirements"), json("metadata"), json("task"),
        integer("revision"), moment("created_at"), moment("updated_at"), string("files", 80),
        json("git", nullable=True), moment("pushed_at", nullable=True),
        unique=[["owner", "name"]],
    )
    create("retention", string("owner", 200), json("rules"), moment("updated_at"), key=["owner"])
    create(
        "run_templates",
        string("id", 36), string("owner", 200), text("title"), text("path"),
        string("workflow_id", 36), string("workflow_version_id", 36), json("content"),
        json("digests"), string("digest", 80), moment("created_at"),
        unique=[["owner", "digest"]],
    )
    create(
        "runs",
        string("id", 36), integer("number"), string("name", 255, nullable=True), text("title"),
        string("owner", 200), string("state", 20), text("path"), string("workflow_id", 36),
        string("workflow_version_id", 36), json("parameters"), string("runtime", 40),
        integer("priority", server_default="0"), json("edges"), text("reason"),
        moment("created_at"), moment("started_at", nullable=True),
        moment("finished_at", nullable=True), moment("cancel_requested_at", nullable=True),
        boolean("kept", server_default=sa.false()), string("origin", 20, server_default="manual"),
        string("origin_id", 36, server_default=""), string("source_id", 36, server_default=""),
        moment("due_at", nullable=True), string("backfill_id", 36, server_default=""),
        json("cause", nullable=True), json("chain", server_default="[]"),
        text("person", server_default=""), string("template_id", 36, server_default=""),
        string("submission_key", 220, nullable=True), json("git", nullable=True),
        text("output_group", server_default=""),
        unique=[["owner", "number"], ["owner", "name"]],
        indexes=[
            ["state"], ["owner", "id"], ["owner", "state", "id"], ["workflow_id", "id"],
            ["path", "id"],
        ],
    )
    create(
        "automations",
        string("id", 36), string("name", 255), string("owner", 200), integer("revision"),
        boolean("is_enabled"), text("path"), json("run"), text("root"), text("start"),
        string("template_id", 36), string("mode", 20), string("overlap", 20), string("kind", 20),
        json("event"), json("timing", nullable=True), string("zone", 64), moment("anchor"),
        moment("starts_at", nullable=True), moment("ends_at", nullable=True),
        integer("at_most", nullable=True), json("missed"), moment("next_due", nullable=True),
        moment("handled_until"), string("source_id", 36), text("source_path"), big("since_event"),
        json("values_from"), text("secret"), integer("started_count"), integer("missed_count"),
        integer("overlapped_count"), integer("failed_count"), moment("created_at"),
        moment("updated_at"),
        unique=[["owner", "name"]],
        indexes=[
            ["next_due"], ["handled_until"], ["template_id"],
            ["kind", "is_enabled", "since_event"], ["source_id"], ["source_path"],
        ],
    )
    create(
        "submissions",
        string("owner", 200), string("key", 200), string("digest", 80), string("subject_id", 36),
        moment("created_at"),
        key=["owner", "key"],
    )
    create(
        "trials",
        string("id", 36), json("trial"), json("answer", nullable=True),
        moment("begun_at", nullable=True), moment("created_at"),
    )
    create(
        "workflows",
        string("id", 36), string("owner", 200), string("document_id", 80), text("path"),
        text("title"), moment("created_at"), moment("updated_at"),
        unique=[["owner", "path"]],
    )
    create(
        "backfills",
        string("id", 36), string("automation_id", 36), string("owner", 200), string("state", 20),
        moment("since"), moment("until"), integer("at_once"), boolean("again"),
        string("template_id", 36), moment("created_at"), moment("finished_at", nullable=True),
        parents={"automation_id": "automations"},
        indexes=[["state"], ["automation_id", "id"], ["owner", "id"], ["template_id"]],
    )
    create(
        "dataset_versions",
        string("id", 36), string("dataset_id", 36), integer("number"), string("state", 20),
        string("origin", 20), text("source"), text("filename"), string("format", 40),
        text("reason"), string("digest", 80), big("size_bytes", nullable=True), big("bytes_done"),
        big("rows", nullable=True), integer("columns", nullable=True),
        json("allowed_hosts", server_default="[]"), string("run_id", 36, server_default=""),
        moment("created_at"), moment("finished_at", nullable=True),
        unique=[["dataset_id", "number"]], parents={"dataset_id": "datasets"}, indexes=[["state"]],
    )
    create(
        "deployment_keys",
        string("id", 36), string("deployment_id", 36), string("prefix", 20), string("hash", 64),
        string("name", 80), moment("created_at"), moment("expires_at", nullable=True),
        parents={"deployment_id": "deployments"}, indexes=[["deployment_id"]],
    )
    create(
        "environment_defaults",
        string("owner", 200), string("project_id", 36), string("environment_id", 36),
        key=["owner", "project_id"], parents={"environment_id": "environments"},
        indexes=[["environment_id"]],
    )
    create(
        "environment_versions",
        string("id", 36), string("environment_id", 36), integer("number"), string("state", 20),
        json("requirements"), json("packages"), string("digest", 80), string("python", 80),
        text("place"), text("reason"), big("size_bytes", nullable=True), moment("created_at"),
        moment("finished_at", nullable=True),
        unique=[["environment_id", "number"]], parents={"environment_id": "environments"},
        indexes=[["state"]],
    )
    create(
        "models",
        string("id", 36), string("owner", 200), string("name", 200), string("tag", 128),
        string("mode", 40), text("platform_tag"), string("repository", 256), integer("number"),
        text("path"), string("bundle_digest", 80), json("model"), json("source", nullable=True),
        string("image", 36), moment("created_at"), moment("kept_until", nullable=True),
        parents={"image": "images"}, indexes=[["owner"], ["image"], ["repository"]],
    )
    create(
        "notice_rules",
        string("id", 36), string("owner", 200), string("channel_id", 36), string("automation_id", 36),
        json("events"), text("path"), real("long_factor", nullable=True),
        real("long_seconds", nullable=True), string("project_id", 36, server_default=""),
        parents={"channel_id": "notice_channels"},
        indexes=[["owner"], ["channel_id"], ["automation_id"]],
    )
    create(
        "notices",
        string("id", 36), string("owner", 200), string("channel_id", 36), string("event", 20),
        string("event_id", 160), text("title"), string("run_id", 36), json("facts"),
        string("outcome", 20), string("message_id", 36), integer("attempts"), text("reason"),
        moment("created_at"), moment("sent_at", nullable=True),
        unique=[["channel_id", "event_id"]], parents={"channel_id": "notice_channels"},
        indexes=[["outcome", "channel_id", "id"], ["channel_id", "id"]],
    )
    create(
        "project_links",
        string("project_id", 36), string("kind", 20), string("resource_id", 36),
        moment("created_at"),
        key=["project_id", "kind", "resource_id"], parents={"project_id": "projects"},
        indexes=[["kind", "resource_id"]],
    )
    create(
        "project_retention",
        string("project_id", 36), string("name", 255), json("rules"), moment("updated_at"),
        key=["project_id", "name"], parents={"project_id": "projects"},
    )
    create(
        "revisions",
        string("id", 36), string("deployment_id", 36), integer("number"), string("origin", 80),
        json("spec"), text("password"), text("prefix"), string("image_id", 80), json("gpus"),
        json("places"), json("forms"), integer("restarts"), integer("exit_code", nullable=True),
        text("reason"), text("reproduce"), moment("created_at"),
        moment("started_at", nullable=True), moment("ready_at", nullable=True),
        moment("ended_at", nullable=True),
        unique=[["deployment_id", "number"]], parents={"deployment_id": "deployments"},
    )
    create(
        "tasks",
        string("id", 36), string("run_id", 36), string("node", 80), integer("place"),
        string("state", 20), boolean("cached"), text("reason"), text("waits", server_default=""),
        text("warning", server_default=""), json("failure", nullable=True), json("plan"),
        json("parts", nullable=True), string("cache_key", 80),
        string("base_key", 80, server_default=""), json("observed", nullable=True),
        json("other_files", nullable=True), string("executable_id", 36), moment("created_at"),
        moment("queued_at", nullable=True), moment("started_at", nullable=True),
        moment("finished_at", nullable=True),
        unique=[["run_id", "node"]], parents={"run_id": "runs"},
        indexes=[
            ["state"], ["run_id", "state", "cached"], ["base_key"], ["executable_id", "run_id"],
        ],
    )
    create(
        "automation_files",
        string("automation_id", 36), integer("version"), json("files"),
        key=["automation_id"], parents={"automation_id": "automations"},
    )
    create(
        "automation_firings",
        string("id", 36), string("automation_id", 36), string("backfill_id", 36),
        string("event_key", 220), moment("due_at", nullable=True), moment("since", nullable=True),
        integer("count"), json("cause", nullable=True), json("chain"), json("given"),
        string("outcome", 20), text("reason"), string("run_id", 36), moment("created_at"),
        unique=[["automation_id", "event_key"]], parents={"automation_id": "automations"},
        indexes=[
            ["automation_id", "backfill_id", "id"], ["automation_id", "due_at"],
            ["backfill_id", "due_at"], ["outcome", "backfill_id"],
            ["automation_id", "outcome", "backfill_id"],
        ],
    )
    create(
        "workflow_versions",
        string("id", 36), string("workflow_id", 36), integer("number"), string("digest", 80),
        json("document"), moment("created_at"),
        unique=[["workflow_id", "number"]], parents={"workflow_id": "workflows"},
    )
    create(
        "artifacts",
        string("id", 36), string("run_id", 36), string("task_id", 36), string("name", 200),
        text("filename"), string("format", 40), string("digest", 80), big("size_bytes"),
        moment("created_at"), text("type", nullable=True),
        unique=[["task_id", "name"]], parents={"run_id": "runs", "task_id": "tasks"},
        indexes=[["run_id", "id"]],
    )
    create(
        "attempts",
        string("id", 36), string("task_id", 36), integer("number"), string("state", 20),
        string("runtime", 40), text("site"), string("token", 80), string("mark", 80),
        text("reason"), json("usage"), json("gpus", server_default="[]"),
        string("worker", 36, server_default=""), moment("created_at"),
        moment("prepared_at", nullable=True), moment("started_at", nullable=True),
        moment("working_at", nullable=True), moment("finished_at", nullable=True),
        moment("published_at", nullable=True),
        unique=[["task_id", "number"]], parents={"task_id": "tasks"}, indexes=[["state"]],
    )
    create(
        "cache",
        string("owner", 200), string("key", 80), string("task_id", 36), moment("created_at"),
        key=["owner", "key"], parents={"task_id": "tasks"}, indexes=[["task_id"]],
    )
    create(
        "dataset_tables",
        string("version_id", 36), json("info"),
        key=["version_id"], parents={"version_id": "dataset_versions"},
    )
    create(
        "task_sources",
        string("task_id", 36), string("name", 200), string("source", 50),
        key=["task_id", "name"], parents={"task_id": "tasks"}, indexes=[["source", "task_id"]],
    )
    create_partial_index(
        "ix_runs_named", "runs", ["owner", "workflow_id", "id"],
        "workflow_id = '' and name is not null",
    )
    op.create_index("ix_runs_template_id", "runs", ["template_id"])
    op.create_index("ix_runs_submission_key", "runs", ["owner", "submission_key"], unique=True)
    op.create_index("ix_runs_owner_origin_id", "runs", ["owner", "origin", "id"])
    create_partial_index("ix_runs_of_sources", "runs", ["source_id", "id"], "source_id <> ''")
    group = ["output_group", "state", "id", "origin"]
    op.create_index("ix_runs_output_group", "runs", ["owner", *group])
    of_sources = ["source_id", *group, "owner"]
    create_partial_index("ix_runs_output_group_of_sources", "runs", of_sources, "source_id <> ''")
    create_partial_index("ix_runs_kept", "runs", ["owner"], "kept = 1", "kept")
    op.create_index("ix_runs_title", "runs", ["title"])
    create_partial_index("ix_runs_name", "runs", ["name", "id"], "name is not null")
    op.create_index("ix_runs_person_id", "runs", ["person", "id"])
    create_partial_index(
        "ix_tasks_worked", "tasks", ["executable_id", "id"], "state = 'succeeded' and not cached"
    )
    op.create_index("ix_tasks_cache_key", "tasks", ["cache_key"])
