"""Rows of executables and their immutable versions."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, bindparam, delete, func, insert, select, update

from nbyard.domain.arguments.structs import Argument
from nbyard.domain.commands.invocations import Invocation
from nbyard.domain.executables.structs import Executable, ExecutableVersion, Resources
from nbyard.domain.naming.unique_names import no_such
from nbyard.store import events
from nbyard.store.database.project_filter import linked_to
from nbyard.store.database.query_parts import newest_first, with_newest_version, with_text
from nbyard.store.events import Subject
from nbyard.store.schema.tables import executable_versions, executables, tasks

V = executable_versions.c
VERSION_FIELDS = ExecutableVersion.__struct_fields__
# Building these statements takes longer than executing them, and every run start needs them.
CURRENT = (
    select(*executables.c, *(V[field].label(f"v_{field}") for field in VERSION_FIELDS))
    .select_from(with_newest_version(executables, executable_versions, "executable_id"))
    .where(executables.c.owner == bindparam("of"))
)
BY_PATH = CURRENT.where(executables.c.path == bindparam("at"))
IS_ID = executables.c.id == bindparam("key")
BY_KEY = CURRENT.where(IS_ID | (executables.c.name == bindparam("key"))).order_by(IS_ID.desc())
LAST_VERSION = (
    select(executable_versions)
    .where(V.executable_id == bindparam("of"))
    .order_by(V.number.desc())
    .limit(1)
)


class ExecutableRows:
    """Queries on executables; queries with an `owner` see only the executables of that owner."""

    def insert(self, c: Connection, executable: dict[str, Any]) -> None:
        """Insert an executable, still without a version."""
        c.execute(insert(executables), [executable])
        self.append_event(c, executable["id"], executable["owner"], "created")

    def append_event(self, c: Connection, executable_id: str, owner: str, change: str) -> None:
        """Append an event about an executable."""
        events.append(c, "executable", Subject(executable_id, owner), {"change": change})

    def add_version(self, c: Connection, version: ExecutableVersion, identity: str) -> None:
        """Insert a version; `identity` is the digest of everything that makes versions differ."""
        row = msgspec.to_builtins(version, builtin_types=(datetime,))
        c.execute(insert(executable_versions), [{**row, "identity": identity}])
        query = select(executables.c.owner).where(executables.c.id == version.executable_id)
        owner = c.execute(query).scalar()
        if owner is not None and version.number > 1:  # "created" announces the first version
            self.append_event(c, version.executable_id, owner, "version")

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
        return _executable(row) if row else None

    def find(self, c: Connection, owner: str, key: str, path: str) -> Executable:
        """Return an executable by ID, name or the real `path` of its file.

        Raises:
            NotFound: there is no such executable.
        """
        executable = self.get(c, owner, key) or self.by_path(c, owner, path)
        if executable is None:
            raise no_such("executable", key, self.names(c, owner).values())
        return executable

    def path(self, c: Connection, owner: str, executable_id: str) -> str:
        """Return the path of an executable; "" if it has none or does not exist."""
        is_wanted = (executables.c.owner == owner, executables.c.id == executable_id)
        return c.execute(select(executables.c.path).where(*is_wanted)).scalar() or ""

    def by_path(self, c: Connection, owner: str, path: str) -> Executable | None:
        """Return the executable with this path, or None."""
        row = c.execute(BY_PATH, {"of": owner, "at": path}).first()
        return _executable(row) if row else None

    def move_to_push(self, c: Connection, owner: str, pushes: str, folder: str) -> None:
        """Move executables of earlier pushes to the newest one.

        `pushes` is the folder of all pushes of the project, `folder` that of the newest. Changed
        code then becomes a new version of the executable.
        """
        E = executables.c
        own = select(E.id, E.path).where(E.owner == owner, E.path.startswith(f"{pushes}/"))
        rows = c.execute(own.order_by(E.id.desc())).all()
        paths = {row.path for row in rows}
        for row in rows:
            inside = row.path.removeprefix(f"{pushes}/").partition("/")[2]
            if (path := f"{folder}/{inside}") not in paths:  # the newest of those with one path
                paths.add(path)
                c.execute(update(executables).where(E.id == row.id).values(path=path))

    def paths(self, c: Connection, owner: str) -> set[str]:
        """Return the paths of all executables with a file."""
        return {
            *c.execute(select(executables.c.path).where(executables.c.owner == owner)).scalars()
        }

    def names(self, c: Connection, owner: str) -> dict[str, str]:
        """Return all names by ID."""
        query = select(executables.c.id, executables.c.name).where(executables.c.owner == owner)
        return {row.id: row.name for row in c.execute(query)}

    def page(
        self, c: Connection, owner: str, limit: int, after: str, search: str, project: str = ""
    ) -> list[Executable]:
        """Return a page of executables, newest first."""
        known = with_text(CURRENT, search, executables.c.name)
        known = known.where(linked_to(project, "executable", executables.c.id))
        query = newest_first(known, executables.c.id, limit, after)
        return [_executable(row) for row in c.execute(query, {"of": owner})]

    def version(self, c: Connection, version_id: str) -> ExecutableVersion | None:
        """Return a version by ID, or None."""
        row = c.execute(select(executable_versions).where(V.id == version_id)).first()
        return _version(row) if row else None

    def versions(self, c: Connection, executable_id: str) -> list[ExecutableVersion]:
        """Return all versions, newest first."""
        query = select(executable_versions).where(V.executable_id == executable_id)
        return [_version(row) for row in c.execute(query.order_by(V.number.desc()))]

    def change(self, c: Connection, executable: Executable, **columns: Any) -> bool:
        """Update an executable if its revision is unchanged; return whether it was."""
        statement = (
            update(executables)
            .where(
                executables.c.id == executable.id,
                executables.c.revision == executable.revision,
            )
            .values(revision=executable.revision + 1, updated_at=datetime.now(UTC), **columns)
        )
        if c.execute(statement).rowcount != 1:
            return False
        self.append_event(c, executable.id, executable.owner, "changed")
        return True

    def digests(self, c: Connection) -> Iterable[str]:
        """Yield the digests of versions that can still run or that records of runs name."""
        # Versions outlive their executable, so both kinds of references count.
        known = V.executable_id.in_(select(executables.c.id))
        ran = V.executable_id.in_(select(tasks.c.executable_id))
        for row in c.execute(select(V.content_digest, V.bundle_digest).where(known | ran)):
            yield from row

    def delete(self, c: Connection, executable: Executable) -> None:
        """Delete an executable; its versions stay, because records of runs name them."""
        c.execute(delete(executables).where(executables.c.id == executable.id))
        self.append_event(c, executable.id, executable.owner, "deleted")


def _version(row: Row[Any], prefix: str = "") -> ExecutableVersion:
    values = {f: getattr(row, prefix + f) for f in VERSION_FIELDS}
    values["arguments"] = msgspec.convert(values["arguments"], list[Argument])
    values["invocation"] = msgspec.convert(values["invocation"], Invocation)
    values["resources"] = msgspec.convert(values["resources"], Resources)
    return ExecutableVersion(**values)


def _executable(row: Row[Any]) -> Executable:
    return Executable(
        id=row.id,
        name=row.name,
        description=row.description,
        owner=row.owner,
        path=row.path,
        revision=row.revision,
        created_at=row.created_at,
        updated_at=row.updated_at,
        current=_version(row, "v_"),
    )
