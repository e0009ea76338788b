"""The tables of projects, of their links, default environments and clean-ups, and of quotas."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Float,
    ForeignKey,
    Index,
    String,
    Text,
)

from nbyard.store.schema.sql_column_types import Moment
from nbyard.store.schema.tables import Digest, Id, named_table, plain_table, table_with_id

# `files` is the digest of the folder that was pushed last, empty for none.
projects = named_table(
    "projects",
    Column("description", Text, nullable=False),
    Column("repository", Text, nullable=False),
    Column("requirements", Text, nullable=False),
    Column("metadata", JSON, nullable=False),
    Column("task", JSON, nullable=False),
    Column("files", Digest, nullable=False),
    Column("git", JSON(none_as_null=True)),
    Column("pushed_at", Moment),
)

# A link may outlive its resource until the next collection of garbage; IDs are never reused.
project_links = plain_table(
    "project_links",
    Column("project_id", Id, ForeignKey("projects.id", ondelete="CASCADE"), primary_key=True),
    Column("kind", String(20), primary_key=True),
    Column("resource_id", Id, primary_key=True),
    Column("created_at", Moment, nullable=False),
    Index("ix_project_links_kind_resource_id", "kind", "resource_id"),
)

# The newest results that runs of a project have linked to it, by the keys of the cache.
project_cache = plain_table(
    "project_cache",
    Column("project_id", Id, ForeignKey("projects.id", ondelete="CASCADE"), primary_key=True),
    Column("key", Digest, primary_key=True),
    Column("base_key", Digest, nullable=False),
    Column("task_id", Id, ForeignKey("tasks.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("created_at", Moment, nullable=False),
    Index("ix_project_cache_project_id_base_key", "project_id", "base_key"),
)

# The role of a user or group on a project or another resource, besides its owner's. A grant may
# outlive its resource until the next collection of garbage.
grants = plain_table(
    "grants",
    Column("kind", String(20), primary_key=True),
    Column("resource_id", Id, primary_key=True),
    Column("grantee_kind", String(10), primary_key=True),
    Column("grantee", String(200), primary_key=True),
    Column("role", String(10), nullable=False),
    Column("created_at", Moment, nullable=False),
    Index("ix_grants_grantee", "grantee", "grantee_kind", "kind"),
)

# Links that show one resource to everyone who knows the secret with this hash.
share_links = table_with_id(
    "share_links",
    Column("kind", String(20), nullable=False),
    Column("resource_id", Id, nullable=False, index=True),
    Column("hash", String(64), nullable=False, unique=True),
    Column("creator", String(200), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
)

# The groups of each user in the user's last request.
group_members = plain_table(
    "group_members",
    Column("user_name", String(200), primary_key=True),
    Column("group_name", String(200), primary_key=True),
)

# `project_id` is empty for the default of the store.
environment_defaults = plain_table(
    "environment_defaults",
    Column("owner", String(200), primary_key=True),
    Column("project_id", Id, primary_key=True),
    Column("environment_id", Id, ForeignKey("environments.id", ondelete="CASCADE"), nullable=False),
    Index("ix_environment_defaults_environment_id", "environment_id"),
)


# The rules of each owner for all runs.
retention = plain_table(
    "retention",
    Column("owner", String(200), primary_key=True),
    Column("rules", JSON, nullable=False),
    Column("updated_at", Moment, nullable=False),
)

# The policies of projects.
project_retention = plain_table(
    "project_retention",
    Column("project_id", Id, ForeignKey("projects.id", ondelete="CASCADE"), primary_key=True),
    Column("name", String(255), primary_key=True),
    Column("rules", JSON, nullable=False),
    Column("updated_at", Moment, nullable=False),
)

# The ID is `everyone`, or the kind and name, such as `user:ann`; for a project, its ID.
quotas = plain_table(
    "quotas",
    Column("id", String(220), primary_key=True),
    Column("limits", JSON, nullable=False),
    Column("updated_at", Moment, nullable=False),
)

# The bytes of files that belong to no dataset or run. The source is `home:OWNER` for the mirror of
# a user's files, and `push:ID` for the pushed files of a project.
user_files = plain_table(
    "user_files",
    Column("source", String(240), primary_key=True),
    Column("owner", String(200), nullable=False, index=True),
    Column("size_bytes", BigInteger, nullable=False),
)

# What users have used, decayed to the time `at`.
usage = plain_table(
    "usage",
    Column("owner", String(200), primary_key=True),
    Column("seconds", Float(53), nullable=False),
    Column("at", Float(53), nullable=False),
)
