"""Rows of environments and their versions, defaults, uses and packages."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import (
    Connection,
    Row,
    Select,
    bindparam,
    case,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)

from nbyard.domain.environments.references import EnvironmentDefault, split_reference
from nbyard.domain.environments.structs import Environment, EnvironmentVersion, LockedPackage
from nbyard.domain.ids import new_id
from nbyard.domain.state_machines import ENVIRONMENT_VERSION, TASK
from nbyard.store import events, transition
from nbyard.store.database.query_parts import with_newest_version
from nbyard.store.events import Subject
from nbyard.store.named_rows import NamedRows, struct_of_row
from nbyard.store.schema.project_tables import environment_defaults, project_links, projects
from nbyard.store.schema.tables import (
    environment_versions,
    environments,
    executable_versions,
    executables,
    fingerprints,
    tasks,
    workflow_versions,
    workflows,
)
from nbyard.store.visibility import is_own, may_see, reference_of

E, V = environments.c, environment_versions.c
VERSION_FIELDS = EnvironmentVersion.__struct_fields__
# Cheap test: the dispatcher queries this in every round, nearly always without a result.
ANY_UNDER_WAY = select(V.id).where(V.state.in_(sorted(ENVIRONMENT_VERSION.live))).limit(1)
D, L = environment_defaults.c, project_links.c
KNOWN = select(fingerprints.c.fingerprint).where(
    fingerprints.c.fingerprint == bindparam("fingerprint")
)
Pin = tuple[str, str, int]


class EnvironmentRows(NamedRows[Environment]):
    """Queries on environments; queries with an `owner` see only the environments of that owner."""

    stored_in, struct, noun = environments, Environment, "environment"

    def query(self) -> Select[Any]:
        """Return the query of all rows with their newest versions."""
        joined = with_newest_version(environments, environment_versions, "environment_id")
        other = environment_versions.alias()
        ready = select(func.coalesce(func.max(other.c.number), 0)).where(
            other.c.environment_id == E.id, other.c.state == "ready"
        )
        columns = [*E, *(V[name].label(f"v_{name}") for name in VERSION_FIELDS)]
        return select(*columns, ready.scalar_subquery().label("installed")).select_from(joined)

    def read(self, row: Row[Any]) -> Environment:
        """Return an environment with its newest version."""
        current = _made({name: getattr(row, f"v_{name}") for name in VERSION_FIELDS})
        return struct_of_row(row, Environment, current=current)

    def add_version(
        self,
        c: Connection,
        owner: str,
        environment_id: str,
        lines: Sequence[str],
        packages: Sequence[LockedPackage] = (),
    ) -> str:
        """Insert a queued version and return its ID.

        If `packages` (a lock) is given, exactly these packages are installed.
        """
        subject = Subject(new_id(), owner)
        number = select(func.max(V.number)).where(V.environment_id == environment_id)
        row: dict[str, Any] = dict.fromkeys(("digest", "python", "place"), "")
        row |= {
            "reason": None,
            "environment_id": environment_id,
            "number": int(c.execute(number).scalar() or 0) + 1,
            "requirements": list(lines),
            "packages": msgspec.to_builtins(list(packages)),
            "created_at": datetime.now(UTC),
        }
        transition.begin(c, ENVIRONMENT_VERSION, subject, row)
        return subject.id

    def move(self, c: Connection, owner: str, version_id: str, to: str, **columns: Any) -> bool:
        """Move a version to its next state; return False if its state does not allow it.

        That is also the case if the version no longer exists.
        """
        subject = Subject(version_id, owner)
        event_data = {"reason": columns["reason"]} if columns.get("reason") else {}
        if to in ENVIRONMENT_VERSION.terminal:
            columns["finished_at"] = datetime.now(UTC)
        return transition.move(
            c, ENVIRONMENT_VERSION, subject, to, event_data=event_data, **columns
        )

    def under_way(self, c: Connection) -> list[tuple[str, Environment]]:
        """Return the owner and environment of each newest version in progress."""
        if c.execute(ANY_UNDER_WAY).first() is None:
            return []
        rows = c.execute(self.query().where(V.state.in_(sorted(ENVIRONMENT_VERSION.live))))
        return [(row.owner, self.read(row)) for row in rows]

    def versions(self, c: Connection, environment_id: str) -> list[EnvironmentVersion]:
        """Return all versions, newest first."""
        query = select(environment_versions).where(V.environment_id == environment_id)
        return [_version(row) for row in c.execute(query.order_by(V.number.desc()))]

    def version(self, c: Connection, version_id: str) -> EnvironmentVersion | None:
        """Return a version by ID, or None."""
        row = c.execute(select(environment_versions).where(V.id == version_id)).first()
        return _version(row) if row else None

    def by_kernel(self, c: Connection, owner: str, kernel: str) -> str:
        """Return the name of the environment with this kernel; else empty.

        An own one precedes those of others, which have the name of their owner in front.
        """
        home_kernel = E.kernel + "-" + func.substr(E.id, 29)
        is_named = or_(E.kernel == kernel, home_kernel == kernel)
        seen = select(E.name, E.owner).where(may_see(owner, E.owner), is_named)
        row = c.execute(seen.order_by(is_own(owner, E.owner).desc(), E.id)).first()
        # Environments that were never installed have an empty kernel name.
        return reference_of(owner, row) if row and kernel else ""

    def kernels_of_others(self, c: Connection, viewer: str) -> set[str]:
        """Return the names of the kernels of environments that a user may not see."""
        return {*c.execute(select(E.kernel).where(~may_see(viewer, E.owner, c))).scalars()}

    def set_folder(self, c: Connection, version_id: str, place: str) -> None:
        """Set the folder of a version; "" if its files were removed."""
        query = update(environment_versions).where(V.id == version_id).values(place=place)
        c.execute(query)

    def in_place(self, c: Connection) -> dict[str, list[EnvironmentVersion]]:
        """Return the ready versions that have a folder, by environment ID, newest first."""
        query = select(environment_versions).where(V.state == "ready", V.place != "")
        versions_by_environment: dict[str, list[EnvironmentVersion]] = {}
        for row in c.execute(query.order_by(V.number.desc())):
            versions_by_environment.setdefault(row.environment_id, []).append(_version(row))
        return versions_by_environment

    def newest_ready(self, c: Connection, environment_id: str) -> EnvironmentVersion | None:
        """Return the newest ready version, or None."""
        ready = (
            version for version in self.versions(c, environment_id) if version.state == "ready"
        )
        return next(ready, None)

    def all_ready(self, c: Connection) -> list[tuple[Environment, str]]:
        """Return environments with a ready version, and the folder of their newest ready one."""
        all_environments = [self.read(row) for row in c.execute(self.query())]
        return [
            (environment, version.place)
            for environment in all_environments
            if environment.kernel
            and (version := self.newest_ready(c, environment.id))
            and version.place
        ]

    def folders(self, c: Connection) -> dict[str, str]:
        """Return the folder of each version by ID; empty for a failed version.

        The row of a failed version may still name a folder, if it was cancelled after its builder
        was killed.
        """
        has_one = V.state != "failed"
        rows = c.execute(select(V.id, case((has_one, V.place), else_="").label("place")))
        return {row.id: row.place for row in rows}

    def set_kernel_name(self, c: Connection, environment_id: str, kernel: str) -> None:
        """Set the name of the environment's kernel."""
        c.execute(update(environments).where(E.id == environment_id).values(kernel=kernel))

    def set_description(self, c: Connection, environment_id: str, description: str) -> None:
        """Set the description."""
        c.execute(
            update(environments).where(E.id == environment_id).values(description=description)
        )

    def set_lock(self, c: Connection, version_id: str, packages: Sequence[LockedPackage]) -> None:
        """Set the resolved packages of a version, which are installed next."""
        plain_packages = msgspec.to_builtins(list(packages))
        c.execute(
            update(environment_versions).where(V.id == version_id).values(packages=plain_packages)
        )

    def digests(self, c: Connection) -> set[str]:
        """Return the digests of the folders that locks name."""
        package_lists = c.execute(select(V.packages)).scalars()
        return {
            package["tree"]
            for packages in package_lists
            for package in packages
            if package.get("tree")
        }


def _version(row: Row[Any]) -> EnvironmentVersion:
    return _made({name: getattr(row, name) for name in VERSION_FIELDS})


def _made(values: dict[str, Any]) -> EnvironmentVersion:
    values["packages"] = msgspec.convert(values["packages"], list[LockedPackage])
    return EnvironmentVersion(**values)


class DefaultRows:
    """Queries on the default environments of an owner."""

    def set(self, c: Connection, owner: str, project_id: str, environment_id: str) -> None:
        """Replace the default of a project, or that of the store. An empty ID removes it."""
        key = {"owner": owner, "project_id": project_id}
        c.execute(
            delete(environment_defaults).where(is_own(owner, D.owner), D.project_id == project_id)
        )
        if environment_id:
            c.execute(insert(environment_defaults), [{**key, "environment_id": environment_id}])
        subject = Subject(environment_id or project_id or owner, owner)
        events.append(c, "environment", subject, {"change": "default"})

    def all(self, c: Connection, owner: str) -> dict[str, EnvironmentDefault]:
        """Return the defaults by project ID; the ID of the store's default is empty."""
        query = (
            select(D.project_id, E.name, E.owner, projects.c.name.label("project"))
            .join(environments, environments.c.id == D.environment_id)
            .outerjoin(projects, projects.c.id == D.project_id)
            .where(is_own(owner, D.owner))
            .order_by(projects.c.name)
        )
        return {
            row.project_id: EnvironmentDefault(
                reference_of(owner, row),
                "project" if row.project_id else "store",
                row.project or "",
            )
            for row in c.execute(query)
        }

    def of_file(
        self, c: Connection, owner: str, path: str, project: str
    ) -> EnvironmentDefault | None:
        """Return the default for a file: of its project, else of the store.

        `project` precedes the projects to which the workflow or executable at `path` is linked,
        of which the newest link decides.
        """
        known = self.all(c, owner)
        if project and project in known:
            return known[project]
        of_projects = [key for key in known if key]
        if of_projects:
            linked = [
                (L.kind == kind)
                & L.resource_id.in_(
                    select(table.c.id).where(is_own(owner, table.c.owner), table.c.path == path)
                )
                for kind, table in (("workflow", workflows), ("executable", executables))
            ]
            query = select(L.project_id).where(L.project_id.in_(of_projects), linked[0] | linked[1])
            newest = c.execute(query.order_by(L.created_at.desc()).limit(1)).scalar()
            if newest is not None:
                return known[newest]
        return known.get("")


class FingerprintRows:
    """Queries on installed packages, by the fingerprint of the environment."""

    def packages(self, c: Connection, fingerprint: str) -> Mapping[str, str] | None:
        """Return package versions by name, None if they are unknown."""
        query = select(fingerprints.c.packages).where(fingerprints.c.fingerprint == fingerprint)
        return c.execute(query).scalar_one_or_none()

    def store_packages(self, c: Connection, fingerprint: str, packages: Mapping[str, str]) -> None:
        """Store the packages once; an empty set (an image) is not stored."""
        known = packages and c.execute(KNOWN, {"fingerprint": fingerprint}).first()
        if packages and not known:
            now = datetime.now(UTC)
            row = {"fingerprint": fingerprint, "packages": dict(packages), "created_at": now}
            c.execute(insert(fingerprints).values(**row))


class UseRows:
    """Queries for what uses versions of environments."""

    def by_runs(self, c: Connection) -> dict[str, str]:
        """Return a run ID by each version that live tasks use."""
        query = select(tasks.c.run_id, tasks.c.plan).where(tasks.c.state.in_(sorted(TASK.live)))
        run_environments = ((row.run_id, row.plan.get("environment")) for row in c.execute(query))
        return {used["version_id"]: run_id for run_id, used in run_environments if used}

    def by_pins(self, c: Connection) -> set[str]:
        """Return IDs of versions that the newest version of a workflow or executable pins."""
        newest = with_newest_version(workflows, workflow_versions, "workflow_id")
        query: Select[Any] = select(workflows.c.owner, workflow_versions.c.document)
        pins: set[Pin] = set()
        for row in c.execute(query.select_from(newest)):
            for node in row.document.get("nodes", {}).values():
                pins.add((row.owner, *split_reference(node.get("environment", ""))))
        newest = with_newest_version(executables, executable_versions, "executable_id")
        query = select(executables.c.owner, executable_versions.c.resources)
        for row in c.execute(query.select_from(newest)):
            pins.add((row.owner, *split_reference(row.resources.get("environment", ""))))
        # References without a version number follow the newest version and pin nothing.
        pins = {pin for pin in pins if pin[2]}
        if not pins:
            return set()
        v, e = environment_versions.c, environments.c
        query = select(v.id, v.number, e.name, e.owner).join(environments, e.id == v.environment_id)
        return {row.id for row in c.execute(query) if (row.owner, row.name, row.number) in pins}
