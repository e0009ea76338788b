"""Checks of rows that come from elsewhere, such as those of a backup.

Each value must have the type as which the stores read it. Names, paths, states, timings and time
zones must keep the rules for requests. SQLite stores any value in any column. Parts of paths are
made of IDs, digests and file names.
"""

from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from itertools import islice
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import (
    JSON,
    Column,
    Connection,
    MetaData,
    String,
    Table,
    Text,
    cast,
    func,
    literal,
    select,
    text,
)
from sqlalchemy.exc import DataError, IntegrityError, InterfaceError, ProgrammingError
from sqlalchemy.types import NullType

from nbyard.domain.attempts.failure_reader import read_failure
from nbyard.domain.attempts.structs import Observed
from nbyard.domain.automations.backfills import Backfill
from nbyard.domain.automations.file_changes import Stamp
from nbyard.domain.automations.structs import AutomaticRun, Automation, Fire, Firing, Kind, On
from nbyard.domain.automations.times.due_times import checked_timing
from nbyard.domain.automations.times.structs import Timing
from nbyard.domain.automations.times.zones import zone_of
from nbyard.domain.bisections.structs import Bisection
from nbyard.domain.credentials import Credential
from nbyard.domain.datasets.structs import Dataset, DatasetVersion
from nbyard.domain.datasets.table_descriptions import TableInfo
from nbyard.domain.deployments.endpoint_forms import CallForm
from nbyard.domain.deployments.structs import Deployment, Place, Revision
from nbyard.domain.digest import DIGEST, KeyParts
from nbyard.domain.environments.structs import Environment, EnvironmentVersion
from nbyard.domain.events import Event
from nbyard.domain.executables.structs import Executable, ExecutableVersion
from nbyard.domain.images.structs import NamedImage
from nbyard.domain.models.model_probes import ModelProbe, ProbeAnswer
from nbyard.domain.models.structs import ModelPackage
from nbyard.domain.naming.names import check_member_path, check_name
from nbyard.domain.notices.structs import Channel, Notice, NoticeRule
from nbyard.domain.projects.structs import Project
from nbyard.domain.runs.clean_up import CleanUpRules
from nbyard.domain.runs.origins import SCRATCH, Origin, OriginKind
from nbyard.domain.runs.retention import PolicyRules
from nbyard.domain.runs.structs import Artifact, ArtifactType, Attempt, Run, Task, TaskPlan
from nbyard.domain.runs.templates import RunTemplate
from nbyard.domain.users.quotas import QuotaLimits
from nbyard.domain.workflows.structs import Document, Edge
from nbyard.errors import Damaged, Invalid, NbyardError
from nbyard.reasons.structs import Reason
from nbyard.store.database.database_connection import json_text, json_value
from nbyard.store.schema.sql_column_types import Because, Moment
from nbyard.store.schema.tables import Digest, Id, metadata

BATCH = 500
STAMP = "alembic_version"
NO_TYPES: Mapping[str, Any] = {}
BAD_ROW = (IntegrityError, DataError, InterfaceError, ProgrammingError, ArithmeticError, ValueError)
SEQUENCE = text("select pg_get_serial_sequence(:table, :column)")
Check = Callable[[str], Any]
NAME_LENGTH = 255
NAMES_BYTES = ("digest", "files")  # columns; others are only compared


def dump(c: Connection) -> Iterator[tuple[str, Iterator[bytes]]]:
    """Yield each table with its rows as JSON objects, referenced tables first."""
    for table in tables_of(c).values():
        yield table.name, (json_text(row).encode() for row in rows_of(c, table))


def tables_of(c: Connection) -> dict[str, Table]:
    """Return the tables of a database by name, referenced tables first."""
    known = MetaData()
    known.reflect(c)
    return {str(table.name): table for table in known.sorted_tables if table.name != STAMP}


@contextmanager
def refused_rows(problem: str = "its rows are not those of a store") -> Iterator[None]:
    """Raise `Damaged` instead of the errors of rows that no nbyard wrote.

    Raises:
        Damaged: The database or a migration refuses the rows.
    """
    try:
        yield
    except (*BAD_ROW, AttributeError, LookupError, RecursionError, TypeError) as error:
        raise damaged(f"{problem} ({type(error).__name__})") from None


def load(c: Connection, tables: Mapping[str, Table], name: str, lines: Iterable[bytes]) -> int:
    """Replace the rows of one of the tables; return their number.

    Raises:
        Damaged: A line is no row, the database has no such table or column, or it refuses a row.
    """
    table = tables.get(name)
    if table is None:
        raise damaged(f"the table {name!r} is unknown")
    kind = row_type(table)
    for column in table.columns:
        if isinstance(column.type, JSON):
            column.type = NullType()  # text, which PostgreSQL converts
    with refused_rows(f"the rows of the table {name} are in use"):
        c.execute(table.delete())
    count = 0
    numbered = enumerate(lines, 1)
    while rows := [_row(kind, *line) for line in islice(numbered, BATCH)]:
        first = count + 1
        try:
            with c.begin_nested():
                c.execute(table.insert(), rows)
        except BAD_ROW:
            for number, row in enumerate(rows, first):
                with refused_rows(f"the database refuses row {number} of the table {table.name}"):
                    c.execute(table.insert(), [row])
        count += len(rows)
    _continue_numbers(c, table)
    return count


def insert_copies(
    c: Connection, table: Table, rows: Iterator[dict[str, Any]]
) -> dict[str, Any] | None:
    """Insert rows of another store; return the first one whose ID or name is taken, if any.

    Known rows without an ID are skipped.
    """
    for column in table.columns:
        if isinstance(column.type, JSON):
            column.type = NullType()  # text, which PostgreSQL converts
    while batch := [*islice(rows, BATCH)]:
        for some in (batch, *([row] for row in batch)):
            try:
                with c.begin_nested():
                    c.execute(table.insert(), some)
            except IntegrityError:
                if len(some) == 1 and "id" in some[0]:
                    return some[0]
            else:
                if some is batch:
                    break
    return None


def known_ids(c: Connection, ids: Collection[str]) -> dict[str, str]:
    """Return which IDs the rows of any table have, with the owners that the rows name."""
    some, owners = [*ids], dict[str, str]()
    for table in metadata.tables.values():
        if "id" in table.c and isinstance(table.c.id.type, String):
            query = select(table.c.id, table.c.get("owner", literal("")).label("owner"))
            for at in range(0, len(some), BATCH):
                rows = c.execute(query.where(table.c.id.in_(some[at : at + BATCH])))
                owners |= {row.id: row.owner for row in rows}
    return owners


def json_columns(table: str) -> list[str]:
    """Return the columns of a table whose text is JSON."""
    columns = metadata.tables[table].columns
    return [column.name for column in columns if isinstance(column.type, JSON | Because)]


def damaged(problem: str) -> Damaged:
    """Return the error of a backup with a problem."""
    return Damaged(f"The backup cannot be restored: {problem}.")


def rows_of(c: Connection, table: Table) -> Generator[dict[str, Any], None, None]:
    """Yield the rows of one of the tables as stored, with their JSON as text."""
    columns = [
        cast(column, Text).label(column.name) if isinstance(column.type, JSON) else column
        for column in table.columns
    ]
    rows = select(*columns).order_by(*table.primary_key.columns)
    names = [str(column.name) for column in columns]  # SQLAlchemy's are of a subclass
    with c.execute(rows, execution_options={"yield_per": BATCH}) as result:
        for row in result:
            yield dict(zip(names, row, strict=True))


def row_type(table: Table, types: Mapping[str, Any] = NO_TYPES) -> type[msgspec.Struct]:
    """Return the type of the rows of a table, whose JSON is text.

    `types` are narrower types of columns, by name.
    """
    fields = []
    for column in table.columns:
        plain = str if isinstance(column.type, JSON) else column.type.python_type
        kind = types.get(column.name) or plain
        fields.append((str(column.name), kind | None if column.nullable else kind))
    return msgspec.defstruct(str(table.name), fields, forbid_unknown_fields=True)


def _row(kind: type[msgspec.Struct], number: int, line: bytes) -> dict[str, Any]:
    try:
        return msgspec.structs.asdict(msgspec.json.decode(line, type=kind))
    except (msgspec.MsgspecError, ValueError) as error:
        raise damaged(f"row {number} of the table {kind.__name__}: {error}") from None


def _continue_numbers(c: Connection, table: Table) -> None:
    """Set PostgreSQL's sequences to the highest loaded numbers; SQLite needs no such step."""
    if c.dialect.name != "postgresql":
        return
    for column in table.primary_key.columns:
        names = {"table": table.name, "column": column.name}
        sequence = c.execute(SEQUENCE, names).scalar_one()
        last = c.execute(select(func.max(column))).scalar_one() if sequence else None
        if last is not None:
            c.execute(select(func.setval(sequence, last)))


def _text(pattern: str) -> Any:
    return Annotated[str, msgspec.Meta(pattern=rf"\A(?:{pattern})\Z")]


UUID = "[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
TEXT, ID, ID_OR_EMPTY, DIGEST_OR_EMPTY = map(
    _text, (r"[^\0]*", UUID, f"(?:{UUID})?", f"(?:{DIGEST.pattern})?")
)
# seconds of the years 1 to 9999
MOMENT = Annotated[float, msgspec.Meta(ge=-62135596800, lt=253402300800)]


def _fields(*structs: type[msgspec.Struct]) -> dict[str, Any]:
    return {field.name: field.type for of in structs for field in msgspec.structs.fields(of)}


COUNT, TIME = (msgspec.defstruct("Fact", [("value", kind)]) for kind in (int, float))
# The types as which the stores read columns, by table. Types of other columns are ignored.
TYPES: Mapping[str, Mapping[str, Any]] = {
    "artifacts": _fields(Artifact),
    "attempts": _fields(Attempt),
    "automation_files": {"files": dict[str, Stamp]},
    "automation_firings": {**_fields(Firing), "chain": list[str], "given": Fire},
    "automations": {**_fields(Automation), "event": On, "kind": Kind},
    "backfills": _fields(Backfill),
    "bisections": _fields(Bisection),
    "credentials": _fields(Credential),
    "dataset_tables": {"info": TableInfo},
    "datasets": _fields(Dataset),
    "dataset_versions": {**_fields(DatasetVersion), "allowed_hosts": list[str]},
    "deployments": _fields(Deployment),
    "environment_versions": _fields(EnvironmentVersion),
    "environments": _fields(Environment),
    "events": _fields(Event),
    "executable_versions": _fields(ExecutableVersion),
    "executables": _fields(Executable),
    "fingerprints": {"packages": dict[str, str]},
    "images": _fields(NamedImage),
    "models": _fields(ModelPackage),
    "notice_channels": {**_fields(Channel), "allowed_hosts": list[str]},
    "notice_rules": _fields(NoticeRule),
    "notices": {**_fields(Notice), "facts": dict[str, Any]},
    "project_retention": {"rules": PolicyRules},
    "projects": _fields(Project),
    "quotas": {"limits": QuotaLimits},
    "retention": {"rules": CleanUpRules},
    "revisions": {**_fields(Revision), "forms": list[CallForm], "places": list[Place]},
    "run_templates": {**_fields(RunTemplate), "digests": list[str]},
    "runs": {**_fields(Origin, Run), "edges": list[Edge], "origin": OriginKind},
    "tasks": {
        **_fields(Task),
        "metrics": dict[str, float | str] | None,
        "observed": Observed | None,
        "parts": KeyParts | None,
        "plan": TaskPlan,
    },
    "trials": {"answer": ProbeAnswer | None, "trial": ModelProbe},
    "workflow_versions": {"document": Document},
}


def _json(kind: Any) -> Check:
    """Return a function that reads JSON as a type."""
    decode = msgspec.json.Decoder(kind).decode

    def read(text: str) -> Any:
        try:
            return decode(text)
        except msgspec.DecodeError:  # a bad value, or one that only json can write
            return msgspec.convert(json_value(text), kind)

    return read


def _check_filename(name: str) -> None:
    if name and "/" in check_member_path(name):
        raise Invalid("must be a plain file name without folders")


def _check_run(text: str) -> None:
    run = READ_RUN(text)
    if bool(run.path) == bool(run.executable):
        raise Invalid("set either a path or an executable")


READ_RUN, READ_TIMING, READ_REASON = map(_json, (AutomaticRun, Timing, Reason))
# Functions that raise an error for bad values of columns.
CHECKS: Mapping[str, Check] = {
    "artifacts.filename": _check_filename,
    "artifacts.type": _json(ArtifactType | None),
    "automations.run": _check_run,
    "automations.timing": lambda text: checked_timing(READ_TIMING(text), ZoneInfo("UTC")),
    "automations.zone": lambda zone: zone and zone_of(zone),
    "dataset_versions.filename": _check_filename,
    "environments.kernel": _check_filename,  # the name of a folder
    "executable_versions.file": lambda path: path and check_member_path(path),
    "tasks.failure": lambda text: read_failure(json_value(text)),
}


def check_rows(c: Connection) -> None:
    """Check all rows of a database with the newest schema.

    Raises:
        Damaged: A row is not one that a store writes. The message names its column.
    """
    for name, raw_table in tables_of(c).items():
        table = metadata.tables[name]
        types = row_type(table, {column.name: _type_of(column) for column in table.columns})
        checks = {column.name: check for column in table.columns if (check := _check_of(column))}
        with closing(rows_of(c, raw_table)) as rows:
            for row in rows:
                if problem := _problem(name, row, types, checks):
                    key = ", ".join(repr(row[column.name]) for column in table.primary_key)
                    raise damaged(f"the row {key} of the table {name}: {problem}")


def _problem(table: str, row: Mapping[str, Any], types: Any, checks: Mapping[str, Check]) -> str:
    """Return what is wrong with a row and in which column, empty if the row is valid."""
    place = ""
    try:
        msgspec.convert(row, types)
        if row.get("number", 1) < 1 and row.get("origin") not in SCRATCH:
            raise ValueError("Expected `int` >= 1 - at `$.number`")
        if table == "facts" and row["name"].partition(":")[0].endswith(("_cursor", "_number")):
            msgspec.convert(row, COUNT, strict=False)
        if table == "facts" and row["name"].partition(":")[0].endswith("_at"):
            msgspec.convert(row, TIME, strict=False)
        for column, check in checks.items():
            place = f" (column {column})"
            if row[column] is not None:
                check(row[column])
    except (msgspec.MsgspecError, NbyardError, RecursionError, ValueError) as error:
        return f"{error}{place}"
    return ""


def _check_of(column: Column[Any]) -> Check | None:
    """Return the function that checks a column, None for most columns."""
    if column.name == "name" and getattr(column.type, "length", 0) == NAME_LENGTH:
        return check_name
    check = CHECKS.get(f"{column.table.name}.{column.name}")
    if check is None and isinstance(column.type, JSON):
        return _json(TYPES[column.table.name][column.name])
    if isinstance(column.type, Because):
        return lambda text: text and READ_REASON(text)
    return check


def _type_of(column: Column[Any]) -> Any:
    """Return the type of a column's values in the database, None for that of the column."""
    kind, table = column.type, column.table
    if isinstance(kind, Moment):
        return MOMENT
    if kind is Id and (column.foreign_keys or [*table.primary_key] == [column]):
        return ID
    if (kind is Id and column.primary_key) or column.name == "worker":
        return ID_OR_EMPTY
    if kind is Digest and column.name.endswith(NAMES_BYTES):
        return DIGEST_OR_EMPTY
    if not isinstance(kind, String) or _check_of(column):
        return None
    declared = TYPES.get(table.name, {}).get(column.name, str)
    return TEXT if declared is str else declared
