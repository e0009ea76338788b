"""Rows of executables and their immutable versions."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, Select, bindparam, func, insert, select, update

from nbyard.domain.arguments.structs import Argument
from nbyard.domain.commands.invocations import Invocation
from nbyard.domain.executables.structs import Executable, ExecutableVersion, Resources
from nbyard.domain.naming.unique_names import no_such
from nbyard.reasons.structs import Reason
from nbyard.store.database.query_parts import is_one_of, with_newest_version
from nbyard.store.named_rows import NamedRows, struct_of_row
from nbyard.store.schema.tables import executable_versions, executables, tasks
from nbyard.store.visibility import is_own, may_see, role_of

V = executable_versions.c
VERSION_FIELDS = ExecutableVersion.__struct_fields__
# Building these statements takes longer than executing them, and every run start needs them.
CURRENT = select(
    *executables.c, *(V[field].label(f"v_{field}") for field in VERSION_FIELDS)
).select_from(with_newest_version(executables, executable_versions, "executable_id"))
IS_OWN = is_own(bindparam("of"), executables.c.owner)
BY_PATH = CURRENT.where(IS_OWN, executables.c.path == bindparam("at"))
IS_ID = executables.c.id == bindparam("key")
IS_SEEN = IS_ID & may_see(bindparam("of"), executables.c.owner)
IS_NAMED = IS_OWN & (executables.c.name == bindparam("key"))
BY_KEY = CURRENT.add_columns(role_of(bindparam("of"), executables.c.owner))
BY_KEY = BY_KEY.where(IS_SEEN | IS_NAMED).order_by(IS_ID.desc())
LAST_VERSION = (
    select(executable_versions)
    .where(V.executable_id == bindparam("of"))
    .order_by(V.number.desc())
    .limit(1)
)


class ExecutableRows(NamedRows[Executable]):
    """Queries on executables; queries with an `owner` see only the executables of that owner."""

    stored_in, struct, noun = executables, Executable, "executable"

    def query(self) -> Select[Any]:
        """Return the query of all rows with their newest versions."""
        return CURRENT

    def read(self, row: Row[Any]) -> Executable:
        """Return an executable with its newest version."""
        return struct_of_row(row, Executable, current=_version(row, "v_"))

    def add_version(self, c: Connection, version: ExecutableVersion, identity: str) -> None:
        """Insert a version; `identity` is the digest of everything that makes versions differ."""
        row = msgspec.to_builtins(version, builtin_types=(datetime,))
        c.execute(insert(executable_versions), [{**row, "identity": identity}])
        query = select(executables.c.owner).where(executables.c.id == version.executable_id)
        owner = c.execute(query).scalar()
        if owner is not None and version.number > 1:  # "created" announces the first version
            self.append_event(c, version.executable_id, owner, "version")

    def mark(self, c: Connection, version_id: str, reason: Reason) -> None:
        """Mark a version as not reproducible."""
        c.execute(
            update(executable_versions).where(V.id == version_id).values(not_reproducible=reason)
        )
        E = executables.c
        of_version = select(V.executable_id).where(V.id == version_id).scalar_subquery()
        for row in c.execute(select(E.id, E.owner).where(E.id == of_version)):
            self.append_event(c, row.id, row.owner, "changed")

    def marks(self, c: Connection, task_ids: Collection[str]) -> dict[str, Reason]:
        """Return why the code of tasks is not reproducible, by ID."""
        of_task = V.id == tasks.c.plan["executable_version_id"].as_string()
        query = select(tasks.c.id, V.not_reproducible).join(executable_versions, of_task)
        query = query.where(is_one_of(tasks.c.id, task_ids))
        return {row.id: row.not_reproducible for row in c.execute(query) if row.not_reproducible}

    def same_version(
        self, c: Connection, executable_id: str, identity: str
    ) -> ExecutableVersion | None:
        """Return the newest version if it has that identity."""
        row = c.execute(LAST_VERSION, {"of": executable_id}).first()
        return _version(row) if row and row.identity == identity else None

    def next_number(self, c: Connection, executable_id: str) -> int:
        """Return the number of the next version."""
        query = select(func.max(V.number)).where(V.executable_id == executable_id)
        return int(c.execute(query).scalar() or 0) + 1

    def get(self, c: Connection, owner: str, key: str) -> Executable | None:
        """Return an executable by ID, else by name."""
        row = c.execute(BY_KEY, {"of": owner, "key": key}).first()
        return self.read(row) if row else None

    def find(self, c: Connection, owner: str, key: str, path: str = "") -> Executable:
        """Return an executable by ID, name or the real `path` of its file.

        Raises:
            NotFound: there is no such executable.
        """
        executable = self.get(c, owner, key) or (self.by_path(c, owner, path) if path else None)
        if executable is None:
            raise no_such("executable", key, self.names(c, owner).values())
        return executable

    def by_path(self, c: Connection, owner: str, path: str) -> Executable | None:
        """Return the executable with this path, or None."""
        row = c.execute(BY_PATH, {"of": owner, "at": path}).first()
        return self.read(row) if row else None

    def move_to_push(self, c: Connection, owner: str, pushes: str, folder: str) -> None:
        """Move executables of earlier pushes to the newest one.

        `pushes` is the folder of all pushes of the project, `folder` that of the newest. Changed
        code then becomes a new version of the executable.
        """
        E = executables.c
        own = select(E.id, E.path).where(is_own(owner, E.owner), E.path.startswith(f"{pushes}/"))
        rows = c.execute(own.order_by(E.id.desc())).all()
        paths = {row.path for row in rows}
        for row in rows:
            inside = row.path.removeprefix(f"{pushes}/").partition("/")[2]
            if (path := f"{folder}/{inside}") not in paths:  # the newest of those with one path
                paths.add(path)
                c.execute(update(executables).where(E.id == row.id).values(path=path))

    def paths(self, c: Connection, owner: str) -> set[str]:
        """Return the paths of all own executables with a file."""
        query = select(executables.c.path).where(is_own(owner, executables.c.owner))
        return {*c.execute(query).scalars()}

    def version(self, c: Connection, version_id: str) -> ExecutableVersion | None:
        """Return a version by ID, or None."""
        row = c.execute(select(executable_versions).where(V.id == version_id)).first()
        return _version(row) if row else None

    def versions(self, c: Connection, executable_id: str) -> list[ExecutableVersion]:
        """Return all versions, newest first."""
        query = select(executable_versions).where(V.executable_id == executable_id)
        return [_version(row) for row in c.execute(query.order_by(V.number.desc()))]

    def has_notebooks(self, c: Connection) -> bool:
        """Return whether any version is a notebook."""
        return c.execute(select(V.id).where(V.kind == "notebook").limit(1)).first() is not None

    def digests(self, c: Connection) -> Iterable[str]:
        """Yield the digests of versions that can still run or that records of runs name."""
        # Versions outlive their executable, so both kinds of references count.
        known = V.executable_id.in_(select(executables.c.id))
        ran = V.executable_id.in_(select(tasks.c.executable_id))
        for row in c.execute(select(V.content_digest, V.bundle_digest).where(known | ran)):
            yield from row


def _version(row: Row[Any], prefix: str = "") -> ExecutableVersion:
    values = {f: getattr(row, prefix + f) for f in VERSION_FIELDS}
    values["arguments"] = msgspec.convert(values["arguments"], list[Argument])
    values["invocation"] = msgspec.convert(values["invocation"], Invocation)
    values["resources"] = msgspec.convert(values["resources"], Resources)
    return ExecutableVersion(**values)
