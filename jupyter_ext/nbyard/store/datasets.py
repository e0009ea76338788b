"""Rows of datasets and their versions."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import (
    Connection,
    Row,
    Select,
    Text,
    and_,
    cast,
    delete,
    func,
    insert,
    select,
    update,
)

from nbyard.domain.datasets.structs import Dataset, DatasetVersion
from nbyard.domain.datasets.table_descriptions import TableInfo
from nbyard.domain.runs.structs import BytesOf, TaskPlan
from nbyard.domain.state_machines import DATASET_VERSION, RUN
from nbyard.reasons.structs import Reason
from nbyard.store import events, transition
from nbyard.store.database.query_parts import with_newest_version
from nbyard.store.events import Subject
from nbyard.store.named_rows import Named, NamedRows, struct_of_row
from nbyard.store.schema.tables import dataset_tables, dataset_versions, datasets, runs, tasks
from nbyard.store.visibility import is_own, may_see

V = dataset_versions.c
LIVE_PLANS = (
    select(runs.c.number, tasks.c.plan)
    .join(tasks, runs.c.id == tasks.c.run_id)
    .where(runs.c.state.in_(sorted(RUN.live)))
)
VERSION_FIELDS = DatasetVersion.__struct_fields__


class DatasetRows(NamedRows[Dataset]):
    """Queries on datasets; queries with an `owner` see only the datasets of that owner."""

    stored_in, struct, noun = datasets, Dataset, "dataset"

    def query(self) -> Select[Any]:
        """Return the query of all rows with their newest versions."""
        joined = with_newest_version(datasets, dataset_versions, "dataset_id")
        columns = [*(datasets.c), *(V[f].label(f"v_{f}") for f in VERSION_FIELDS)]
        return select(*columns).select_from(joined)

    def read(self, row: Row[Any]) -> Dataset:
        """Return a dataset with its newest version."""
        return struct_of_row(row, Dataset, current=_version(row, "v_"))

    def add_version(self, c: Connection, owner: str, version: dict[str, Any]) -> None:
        """Insert a new version in the state importing."""
        transition.begin(c, DATASET_VERSION, Subject(version["id"], owner), version)

    def set_ready(self, c: Connection, owner: str, version_id: str, **columns: Any) -> bool:
        """Set an importing version to ready; return False if it no longer exists."""
        subject, now = Subject(version_id, owner), datetime.now(UTC)
        return transition.move(c, DATASET_VERSION, subject, "ready", finished_at=now, **columns)

    def set_failed(self, c: Connection, owner: str, version_id: str, reason: Reason) -> bool:
        """Set an importing version to failed and clear its digest."""
        # Bytes without a reference are deleted by the collection of garbage.
        columns: dict[str, Any] = {"reason": reason, "digest": "", "finished_at": datetime.now(UTC)}
        subject, data = Subject(version_id, owner), {"reason": reason}
        return transition.move(c, DATASET_VERSION, subject, "failed", event_data=data, **columns)

    def update_progress(self, c: Connection, owner: str, version_id: str, **columns: Any) -> None:
        """Update the bytes done, size and filename of an import in progress."""
        where = and_(V.id == version_id, V.state == "importing")
        if c.execute(update(dataset_versions).where(where).values(**columns)).rowcount:
            events.append(c, "dataset-version", Subject(version_id, owner), columns)

    def next_number(self, c: Connection, dataset_id: str) -> int:
        """Return the number of the next version."""
        query = select(func.max(V.number)).where(V.dataset_id == dataset_id)
        return int(c.execute(query).scalar() or 0) + 1

    def version(
        self, c: Connection, owner: str, dataset_id: str, number: int
    ) -> DatasetVersion | None:
        """Return a version by number, or None."""
        query = select(dataset_versions).join(datasets, datasets.c.id == V.dataset_id)
        query = query.where(V.dataset_id == dataset_id, V.number == number)
        row = c.execute(query.where(may_see(owner, datasets.c.owner))).first()
        return _version(row) if row else None

    def versions(self, c: Connection, dataset_id: str) -> list[DatasetVersion]:
        """Return all versions, newest first."""
        query = select(dataset_versions).where(V.dataset_id == dataset_id).order_by(V.number.desc())
        return [_version(row) for row in c.execute(query)]

    def newest_ready(self, c: Connection, dataset_id: str) -> DatasetVersion | None:
        """Return the newest ready version, or None."""
        query = select(dataset_versions).where(V.dataset_id == dataset_id, V.state == "ready")
        row = c.execute(query.order_by(V.number.desc()).limit(1)).first()
        return _version(row) if row else None

    def importing(self, c: Connection) -> list[tuple[str, DatasetVersion]]:
        """Return the owner and version of every import in progress."""
        query = select(dataset_versions, datasets.c.owner).where(V.state == "importing")
        query = query.join(datasets, datasets.c.id == V.dataset_id).order_by(V.id)
        return [(row.owner, _version(row)) for row in c.execute(query)]

    def keep_table(self, c: Connection, version_id: str, info: TableInfo) -> None:
        """Store the table info inferred from all rows of a version."""
        known = select(dataset_tables.c.version_id).where(dataset_tables.c.version_id == version_id)
        if c.execute(known).first() is None:
            row = {"version_id": version_id, "info": msgspec.to_builtins(info)}
            c.execute(insert(dataset_tables), [row])

    def table(self, c: Connection, version_id: str) -> TableInfo | None:
        """Return the table info inferred from all rows of a version."""
        query = select(dataset_tables.c.info).where(dataset_tables.c.version_id == version_id)
        info = c.execute(query).scalar_one_or_none()
        return None if info is None else msgspec.convert(info, TableInfo)

    def table_of_bytes(self, c: Connection, digest: str, filename: str) -> TableInfo | None:
        """Return the table info of any ready version with these bytes under that file name."""
        # The file name counts as well, because its suffix decides the format.
        query = select(V.id).where(V.digest == digest, V.filename == filename, V.state == "ready")
        row = c.execute(query.join(dataset_tables, dataset_tables.c.version_id == V.id)).first()
        return self.table(c, row.id) if row else None

    def set_importing_digest(self, c: Connection, version_id: str, digest: str) -> None:
        """Set the digest of an importing version, so that its bytes are kept."""
        where = and_(V.id == version_id, V.state == "importing")
        c.execute(update(dataset_versions).where(where).values(digest=digest))

    def bytes_of(self, c: Connection, version_id: str) -> str:
        """Return the digest of a version; empty while unknown."""
        return c.execute(select(V.digest).where(V.id == version_id)).scalar_one_or_none() or ""

    def allowed_hosts(self, c: Connection, version_id: str) -> list[str]:
        """Return the private hosts that the import may read."""
        return list(c.execute(select(V.allowed_hosts).where(V.id == version_id)).scalar_one())

    def live_runs(self, c: Connection, dataset: Dataset) -> list[int]:
        """Return the numbers of unfinished runs whose tasks read a version of a dataset."""
        own = {*c.execute(select(V.id).where(V.dataset_id == dataset.id)).scalars()}
        reads = cast(tasks.c.plan, Text).contains('"dataset:')
        query = LIVE_PLANS.where(is_own(dataset.owner, runs.c.owner), reads)
        numbers = {
            row.number
            for row in c.execute(query)
            for binding in msgspec.convert(row.plan, TaskPlan).bindings.values()
            if isinstance(binding, BytesOf) and binding.source.removeprefix("dataset:") in own
        }
        return sorted(numbers)

    def digests(self, c: Connection) -> Iterable[str]:
        """Return the digests of all versions."""
        return c.execute(select(V.digest).distinct()).scalars()

    def delete(self, c: Connection, item: Named) -> None:
        """Delete a dataset with all its versions."""
        c.execute(delete(dataset_versions).where(V.dataset_id == item.id))
        super().delete(c, item)


def _version(row: Row[Any], prefix: str = "") -> DatasetVersion:
    return DatasetVersion(**{f: getattr(row, prefix + f) for f in VERSION_FIELDS})
