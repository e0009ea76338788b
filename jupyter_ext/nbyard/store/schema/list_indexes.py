"""Indexes for lists, newest first: a page costs the same however many runs exist.

Migrations read this module. Queries do not, because indexes load the dialects of all databases.
"""

from sqlalchemy import Index, text

from nbyard.store.schema.tables import (
    HAS_NAME,
    HAS_TAGS,
    NAMED,
    OF_SOURCE,
    RECHECKED,
    UNREAD,
    WORKED,
    artifacts,
    cache,
    metadata,
    runs,
    tasks,
)

R, T = runs.c, tasks.c
Index("ix_runs_owner_id", R.owner, R.id)
Index("ix_runs_owner_state_id", R.owner, R.state, R.id)
Index("ix_runs_owner_origin_id", R.owner, R.origin, R.id)
Index("ix_runs_workflow_id_id", R.workflow_id, R.id)
Index("ix_runs_path_id", R.path, R.id)
SOURCES = (R.source_id, R.id)
Index("ix_runs_of_sources", *SOURCES, sqlite_where=OF_SOURCE, postgresql_where=OF_SOURCE)
# With the columns of all conditions: SQLite then reads no rows.
GROUP = (R.output_group, R.state, R.id, R.origin)
Index("ix_runs_output_group", R.owner, *GROUP)
GROUP_OF_SOURCE = (R.source_id, *GROUP, R.owner)
Index(
    "ix_runs_output_group_of_sources",
    *GROUP_OF_SOURCE,
    sqlite_where=OF_SOURCE,
    postgresql_where=OF_SOURCE,
)
KEPT = (text("kept = 1"), text("kept"))
Index("ix_runs_kept", R.owner, sqlite_where=KEPT[0], postgresql_where=KEPT[1])
NAMED_RUNS = (R.owner, R.workflow_id, R.id)
Index("ix_runs_named", *NAMED_RUNS, sqlite_where=NAMED, postgresql_where=NAMED)
# For searches: each title once, and the names and tags, without runs that have none.
Index("ix_runs_title", R.title)
Index("ix_runs_name", R.name, R.id, sqlite_where=HAS_NAME, postgresql_where=HAS_NAME)
Index("ix_runs_tags", R.tags, R.id, sqlite_where=HAS_TAGS, postgresql_where=HAS_TAGS)
Index("ix_runs_rechecked", R.id, sqlite_where=RECHECKED, postgresql_where=RECHECKED)
Index("ix_runs_person_id", R.person, R.id)
Index("ix_tasks_executable_id_run_id", T.executable_id, T.run_id)
Index("ix_tasks_worked", T.executable_id, T.id, sqlite_where=WORKED, postgresql_where=WORKED)
Index("ix_tasks_unread", T.run_id, sqlite_where=UNREAD, postgresql_where=UNREAD)
Index("ix_artifacts_run_id_id", artifacts.c.run_id, artifacts.c.id)
Index("ix_cache_task_id", cache.c.task_id)  # to delete a run
INDEXED = metadata  # all tables, with these indexes
