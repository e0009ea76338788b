"""Rows of runs."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import (
    ColumnElement,
    Connection,
    Float,
    Row,
    String,
    Text,
    bindparam,
    case,
    cast,
    delete,
    false,
    func,
    insert,
    or_,
    select,
    type_coerce,
    union,
    union_all,
    update,
)
from sqlalchemy.sql.elements import False_

from nbyard.domain.attempts.metric_series import WORDS
from nbyard.domain.digest import digest_of
from nbyard.domain.ids import first_id_at
from nbyard.domain.runs.origins import SCRATCH, Cause, GitState, Origin
from nbyard.domain.runs.structs import Run
from nbyard.domain.state_machines import RUN
from nbyard.domain.workflows.structs import Edge, Mode
from nbyard.errors import Invalid
from nbyard.reasons.structs import Reason, joined, separate
from nbyard.store import events, transition
from nbyard.store.database.project_filter import run_ids_of, runs_of
from nbyard.store.database.query_parts import contains_text, newest_first, with_text
from nbyard.store.events import Move, Subject
from nbyard.store.facts import FactRows
from nbyard.store.named_rows import columns_of
from nbyard.store.schema.tables import (
    HAS_NAME,
    HAS_TAGS,
    HISTORY,
    IS_SCRATCH,
    NAMED,
    OF_SOURCE,
    runs,
    submissions,
    tasks,
    workflow_versions,
)
from nbyard.store.visibility import is_own, is_shared, may_see, role_of

TEXTS = (
    *(runs.c.state, runs.c.path, runs.c.person, runs.c.tags),
    func.coalesce(runs.c.name, runs.c.title).label("name"),
)
# What runs are sorted by, besides metrics: those without a value are last.
ORDERS: dict[str, ColumnElement[Any]] = {
    **{text.name: func.nullif(text, "", type_=String) for text in TEXTS},
    "number": runs.c.number,
    "started": runs.c.id,
    "duration": type_coerce(runs.c.finished_at, Float) - type_coerce(runs.c.started_at, Float),
}
ORIGIN = ("origin", "origin_id", "due_at", "cause", "chain", "backfill_id", "source_id", "person")
READ = {*Run.__struct_fields__, *ORIGIN}
OWN = [of for of in runs.c if of.name in READ]  # the connections of a run can take a megabyte
BY_ID = select(*OWN).where(runs.c.id == bindparam("its_id"))
OWNED = select(*OWN).where(is_own(bindparam("of"), runs.c.owner))
SEEN_ID = select(*OWN).add_columns(role_of(bindparam("of"), runs.c.owner))
SEEN_ID = SEEN_ID.where(runs.c.id == bindparam("key"), may_see(bindparam("of"), runs.c.owner))
OWN_NAME = OWNED.where(runs.c.name == bindparam("key"))
OWN_NUMBER = OWNED.where(runs.c.number == bindparam("key"))
SUBMITTED = select(runs.c.id).where(
    is_own(bindparam("of"), runs.c.owner), runs.c.submission_key == bindparam("key")
)
LARGEST = select(func.max(runs.c.number)).where(is_own(bindparam("of"), runs.c.owner))
COUNTS = (
    select(tasks.c.run_id, tasks.c.state, tasks.c.cached, func.count())
    .where(tasks.c.run_id.in_(bindparam("ids", expanding=True)))
    .group_by(tasks.c.run_id, tasks.c.state, tasks.c.cached)
)
SMALLEST = select(func.min(runs.c.number))
# Names of facts are short.
OWNER_CHARS = 32
# For a project with so many runs, listing them costs more than checking each run of the owner.
MANY_RUNS = 20_000
OF_WORKFLOW = "workflow:"
# More titles, or more runs whose name contains a text, are not listed for a search.
MOST_TITLES, FEW_NAMES = 1_000, 500


class RunRows:
    """Queries on runs; those with an `owner` find what this user may see, or the user's names."""

    def insert(self, c: Connection, row: dict[str, Any]) -> None:
        """Insert a queued run. Numbers increase for each owner and are never reused.

        Scratch runs count below zero, so that history has no gaps.
        """
        if row.get("origin") in SCRATCH:
            number = self.scratch_number(c) - 1
        else:
            owner = row["owner"]
            counter = f"run_number:{digest_of(owner)[-OWNER_CHARS:]}"
            number = FactRows().next_count(c, counter, self.newest_number(c, owner))
        subject = Subject(row["id"], row["owner"], row["id"])
        # Runs of one workflow, file or executable have the same outputs. The title of a run of an
        # executable is the name of the executable.
        group = f"path:{row['path']}" if row["path"] else f"title:{row['title']}"
        if row["workflow_id"]:
            group = f"{OF_WORKFLOW}{row['workflow_id']}"
        transition.begin(c, RUN, subject, {**row, "number": number, "output_group": group})

    def newest_number(self, c: Connection, owner: str) -> int:
        """Return the highest number of a run of the owner, or 0."""
        return max(0, int(c.execute(LARGEST, {"of": owner}).scalar() or 0))

    def scratch_number(self, c: Connection) -> int:
        """Return the number of the newest scratch run of the store, or 0."""
        return min(0, int(c.execute(SMALLEST).scalar() or 0))

    def step(self, run: Run, to: str, columns: Mapping[str, Any]) -> Move:
        """Return the move of the run to its next state, to be written in a batch."""
        event_data = {"reason": columns["reason"]} if "reason" in columns else {}
        return Move(RUN, Subject(run.id, run.owner, run.id), run.state, to, columns, event_data)

    def reopen(self, c: Connection, run: Run) -> None:
        """Continue an ended run, some of whose tasks were reopened."""
        origin = joined(r for r in separate(run.reason) if r.code == "retry-of-run")
        columns = {"finished_at": None, "cancel_requested_at": None, "reason": origin}
        transition.move_all(c, [self.step(run, "running", columns)])

    def request_cancel(self, c: Connection, run: Run, why: Reason | None = None) -> None:
        """Record the request to cancel, once; the dispatcher carries it out."""
        where = (runs.c.id == run.id) & runs.c.cancel_requested_at.is_(None)
        statement = update(runs).where(where, runs.c.state.in_(sorted(RUN.live)))
        own = {"reason": joined((run.reason, why))} if why else {}
        if c.execute(statement.values(cancel_requested_at=datetime.now(UTC), **own)).rowcount:
            subject = Subject(run.id, run.owner, run.id)
            events.append(c, "run", subject, {"state": run.state, "change": "cancel-requested"})

    def request_cancels(self, c: Connection, ids: Iterable[str]) -> None:
        """Record requests to cancel runs; deleted runs are left out."""
        for run_id in ids:
            run = self.by_id(c, run_id)
            if run is not None:
                self.request_cancel(c, run)

    def get(self, c: Connection, owner: str, key: str) -> Run | None:
        """Return a run that the user may see by ID, else an own run by name, else by number."""
        # Three queries: one combined query would read all runs of the owner.
        row = c.execute(SEEN_ID, {"of": owner, "key": key}).first()
        row = row or c.execute(OWN_NAME, {"of": owner, "key": key}).first()
        # Longer numbers may exceed the integer column.
        if row is None and key.isascii() and key.isdecimal() and len(key) < 10:
            row = c.execute(OWN_NUMBER, {"of": owner, "key": int(key)}).first()
        return _run(row, self.counts(c, [row.id])) if row else None

    def with_submission_key(self, c: Connection, owner: str, key: str) -> str | None:
        """Return the ID of the run that was created with this submission key."""
        return c.execute(SUBMITTED, {"of": owner, "key": key}).scalar()

    def template_id(self, c: Connection, run_id: str) -> str:
        """Return the ID of the run's template."""
        return str(c.execute(select(runs.c.template_id).where(runs.c.id == run_id)).scalar_one())

    def named(self, c: Connection, owner: str, name: str) -> Run | None:
        """Return the run of a single executable that has this name."""
        query = OWN_NAME.where(runs.c.workflow_id == "")
        row = c.execute(query, {"of": owner, "key": name}).first()
        return _run(row, {}) if row else None

    def change(self, c: Connection, run: Run, event: str = "changed", **columns: Any) -> None:
        """Set columns that users may change at any time."""
        c.execute(update(runs).where(runs.c.id == run.id).values(columns))
        events.append(c, "run", Subject(run.id, run.owner, run.id), {"change": event})

    def by_id(self, c: Connection, run_id: str) -> Run | None:
        """Return a run of any owner, for the dispatcher."""
        row = c.execute(BY_ID, {"its_id": run_id}).first()
        return _run(row, {}) if row else None

    def scratch(self, c: Connection, owner: str = "", path: str = "") -> list[Run]:
        """Return scratch runs, oldest first; with an owner, those of this owner and path."""
        # Only their numbers are negative, and numbers have an index.
        query = select(*OWN).where(IS_SCRATCH, runs.c.number < 0).order_by(runs.c.id)
        query = query.where(is_own(owner, runs.c.owner), runs.c.path == path) if owner else query
        return [_run(row, {}) for row in c.execute(query)]

    def live(self, c: Connection) -> dict[str, bool]:
        """Return the IDs of live runs, oldest first, and whether cancellation was requested."""
        query = select(runs.c.id, runs.c.cancel_requested_at).order_by(runs.c.id)
        rows = c.execute(query.where(runs.c.state.in_(sorted(RUN.live))))
        return {row.id: row.cancel_requested_at is not None for row in rows}

    def running(self, c: Connection, owners: Collection[str]) -> list[Run]:
        """Return the running runs of these owners, except scratch runs, such as check runs."""
        query = select(*OWN).where(runs.c.state == "running", runs.c.owner.in_(owners), HISTORY)
        return [_run(row, {}) for row in c.execute(query)]

    def edges(self, c: Connection, run_id: str) -> list[Edge]:
        """Return the connections between the nodes of a run."""
        edges = c.execute(select(runs.c.edges).where(runs.c.id == run_id)).scalar_one()
        return msgspec.convert(edges, list[Edge])

    def graph(self, c: Connection, run: Run) -> tuple[list[Edge], dict[str, Mode]]:
        """Return the connections of a run, and its nodes that were muted or bypassed."""
        version = workflow_versions.c
        # Documents can be large, and few have modes: only these are decoded.
        has_mode = cast(version.document, Text).contains('"mode"')
        query = select(version.document).where(version.id == run.workflow_version_id, has_mode)
        nodes = (c.execute(query).scalar() or {}).get("nodes", {})
        modes = {name: node["mode"] for name, node in nodes.items() if "mode" in node}
        return self.edges(c, run.id), modes

    def names(self, c: Connection, owner: str, *, single: bool = False) -> dict[str, str]:
        """Return the given names by ID, newest first; `single` selects runs of one executable."""
        named = is_own(owner, runs.c.owner) & runs.c.name.is_not(None)
        if single:
            named &= runs.c.workflow_id == ""
        query = select(runs.c.id, runs.c.name).where(named).order_by(runs.c.id.desc())
        return {row.id: row.name for row in c.execute(query)}

    def page(  # noqa: PLR0913  these are the filters
        self,
        c: Connection,
        owner: str,
        limit: int,
        after: str,
        *,
        begin: datetime | None = None,
        end: datetime | None = None,
        same_as: Sequence[str] = (),
        order: str = "",
        **filters: str,
    ) -> list[Run]:
        """Return a page of runs, newest first, created from `begin` on and before `end`.

        With `order`, they are sorted by it: see `sorted_page`. Filters:

        - state, executable, search, tag
        - origin: its kind; only a filter for their kind finds scratch runs
        - person: who submitted it
        - schedule: the ID of an automation, or of another origin
        - workflow: its ID, optionally with its `path`; or one of the IDs `same_as`
        - node: a node that succeeded
        - single: only named runs of one executable
        - project: the ID of a project to which the run, its workflow or its automation is linked
        """
        # IDs are in the order of creation, so their index also serves ranges of time.
        last = first_id_at(end) if end else ""
        size, end_id = (None, "") if order else (limit, after)
        before = min((bound for bound in (end_id, last) if bound), default="")
        first = first_id_at(begin) if begin else ""
        is_seen, role = may_see(owner, runs.c.owner, c), role_of(owner, runs.c.owner, c)
        own = newest_first(select(*OWN, role).where(is_seen), runs.c.id, size, before)
        own = own.where(runs.c.id >= first) if first else own
        given = {name: value for name, value in filters.items() if value}
        # A request for check runs by their origin wants to see them.
        own = own if given.get("origin") in SCRATCH else own.where(HISTORY)
        if text := given.get("search", ""):
            has_text = has_run_text(c, text)
            if isinstance(has_text, False_):
                return []
            own = own.where(has_text)
        page = _Page(is_seen, is_shared(c), size, before, first, same_as)
        query = _filtered(c, own, page, given)
        rows = c.execute(sorted_page(query, order, limit, after) if order else query).all()
        counts = self.counts(c, [row.id for row in rows])
        return [_run(row, counts) for row in rows]

    def cursor(self, c: Connection, run_id: str, order: str) -> str:
        """Return the cursor after a run in a list with this order: its ID, and its value."""
        row = c.execute(sorted_page(select(runs.c.id).where(runs.c.id == run_id), order, 1)).first()
        return run_id if row is None or row.value is None else f"{run_id}={row.value}"

    def counts(self, c: Connection, ids: list[str]) -> dict[str, dict[str, int]]:
        """Return the number of tasks by state for each run; `cached` counts cached tasks again."""
        counts: dict[str, dict[str, int]] = {run_id: {} for run_id in ids}
        for run_id, state, cached, count in c.execute(COUNTS, {"ids": ids}):
            counts[run_id][state] = counts[run_id].get(state, 0) + count
            if cached:
                counts[run_id]["cached"] = counts[run_id].get("cached", 0) + count
        return counts

    def delete(self, c: Connection, run: Run) -> None:
        """Delete a run with its tasks, attempts and artifacts."""
        c.execute(delete(runs).where(runs.c.id == run.id))
        events.append(c, "run", Subject(run.id, run.owner, run.id), {"change": "deleted"})


class _Page(msgspec.Struct, frozen=True):
    """One page of a filtered list of runs that a user may see: `limit` after a run.

    It begins with the run `first`. Without shared runs, all that fit the filters are the user's.

    The newest come first. `same_as` are the IDs of workflows whose runs a filter by workflow
    finds too.
    """

    is_seen: ColumnElement[bool]
    is_shared: bool
    limit: int | None
    after: str
    first: str = ""
    same_as: Sequence[str] = ()

    def newest(self, query: Any, run_id: Any) -> Any:
        """Return a query for the IDs on the page."""
        query = query.where(run_id >= self.first) if self.first else query
        ids = newest_first(query, run_id, self.limit, self.after).subquery()
        return select(ids.c[0])

    def indexed_query(self, filters: dict[str, str]) -> Any:
        """Return a query for the IDs on the page that uses an index.

        Return None if no index serves exactly these filters.
        """
        # Scratch runs, and runs of others, would leave gaps in the page.
        condition = HISTORY & self.is_seen if self.is_shared else HISTORY
        own = select(runs.c.id).where(condition)
        if filters.keys() == {"project"}:
            # Always true, but no index of groups has it: SQLite would sort all runs of automations.
            own = own.where(runs.c.number != 0)
            linked = (own.where(is_linked) for is_linked in runs_of(filters["project"]))
            return union(*(self.newest(query, runs.c.id) for query in linked))
        if filters.keys() == {"executable"}:
            of = select(tasks.c.run_id).join(runs, runs.c.id == tasks.c.run_id).where(condition)
            of = of.where(tasks.c.executable_id == filters["executable"])
            return self.newest(of.distinct(), tasks.c.run_id)
        if filters.keys() == {"automation"}:
            of_automation = own.where(OF_SOURCE, runs.c.source_id == filters["automation"])
            return self.newest(of_automation, runs.c.id)
        if filters.keys() - {"path", "state"} == {"workflow"}:
            ids = (filters["workflow"], *self.same_as)
            conditions = [runs.c.workflow_id == workflow_id for workflow_id in ids]
            if state := filters.get("state"):  # then the index of groups has all columns
                own = own.where(self.is_seen, runs.c.state == state)
                groups = [f"{OF_WORKFLOW}{workflow_id}" for workflow_id in ids]
                conditions = [runs.c.output_group == group for group in groups]
            if "path" in filters:
                conditions.append(runs.c.path == filters["path"])
            return union(*(self.newest(own.where(is_of), runs.c.id) for is_of in conditions))
        return None


def sorted_page(query: Any, order: str, limit: int, after: str = "") -> Any:
    """Return the query of a page sorted by `order`, one of `ORDERS` or a metric `NODE.METRIC`.

    A `-` before it reverses the order. Equal runs are newest first. Runs without a value are last.

    Raises:
        Invalid: The order or the cursor is unknown.
    """
    name = order.removeprefix("-")
    parts = name.split(".", 20)
    value = ORDERS.get(name)
    if value is None:
        if len(parts) == 1 or '"' in name:
            raise Invalid.field("order", f"must be NODE.METRIC or one of {', '.join(ORDERS)}")
        # Names of nodes in sub-workflows contain dots, as those of metrics may.
        pairs = [(".".join(parts[:i]), ".".join(parts[i:])) for i in range(1, len(parts))]
        value = func.coalesce(*(_number(*pair) for pair in pairs), None, type_=Float)
    last_id, has_value, text = after.partition("=")
    if after:
        is_later: ColumnElement[bool] = value.is_(None) & (runs.c.id < last_id)
        if has_value:
            try:
                last = text if isinstance(value.type, String) else float(text)
            except ValueError:
                raise Invalid.field("after", "belongs to another order") from None
            is_beyond = value < last if order.startswith("-") else value > last
            is_equal = (value == last) & (runs.c.id < last_id)
            is_later = value.is_(None) | is_beyond | is_equal
        query = query.where(is_later)
    by_value = value.desc() if order.startswith("-") else value
    query = query.add_columns(value.label("value")).order_by(None)
    return query.order_by(value.is_(None), by_value, runs.c.id.desc()).limit(limit)


def _number(node: str, metric: str) -> Any:
    recorded = tasks.c.metrics[metric]
    number = case((recorded.as_string().not_in(WORDS.values()), recorded.as_float()))
    is_of_node = (tasks.c.run_id == runs.c.id) & (tasks.c.node == node)
    return select(number).where(is_of_node).correlate(runs).scalar_subquery()


def _filtered(c: Connection, query: Any, page: _Page, filters: dict[str, str]) -> Any:
    if filters.get("single"):
        query = query.where(NAMED)
    for column in {"state", "origin", "person"} & filters.keys():
        query = query.where(runs.c[column] == filters[column])
    matching_ids = page.indexed_query(filters)
    if matching_ids is not None:
        return query.where(runs.c.id.in_(matching_ids))
    if project := filters.get("project"):
        linked = runs_of(project)
        matching_ids = union_all(*(select(runs.c.id).where(condition) for condition in linked))
        some = select(func.count()).select_from(matching_ids.limit(MANY_RUNS).subquery())
        is_large = c.execute(some).scalar_one() == MANY_RUNS
        # Few runs are found from the links. With many, each run that fits is tested for a link.
        query = query.where(or_(*linked) if is_large else runs.c.id.in_(run_ids_of(project)))
    if automation := filters.get("automation"):
        query = query.where(OF_SOURCE, runs.c.source_id == automation)
    if workflow := filters.get("workflow"):
        of_path = runs.c.path == filters["path"] if "path" in filters else false()
        query = query.where(runs.c.workflow_id.in_((workflow, *page.same_as)) | of_path)
    if executable := filters.get("executable"):
        # Tested for each run, because a list of the executable's runs would be long.
        uses = (tasks.c.run_id == runs.c.id) & (tasks.c.executable_id == executable)
        query = query.where(select(tasks.c.id).where(uses).exists())
    if tag := filters.get("tag"):
        has_tag = runs.c.tags.contains(f" {tag} ", autoescape=True)
        query = query.where(runs.c.id.in_(select(runs.c.id).where(HAS_TAGS, has_tag)))
    if node := filters.get("node"):
        done = (tasks.c.node == node) & (tasks.c.state == "succeeded")
        query = query.where(select(tasks.c.id).where(tasks.c.run_id == runs.c.id, done).exists())
    return query


def has_run_text(c: Connection, text: str) -> ColumnElement[bool]:
    """Return the condition that a run's title, name or tags contain a text, in any case.

    It is `false()` if no run has the text. Many runs share few titles, so the text is searched in
    each title once: that costs the same in a store of any size.
    """
    titles = _titles(c)
    # Names and tags have indexes of their own, which leave out runs without them.
    own = (HAS_NAME, runs.c.name), (HAS_TAGS, runs.c.tags)
    given = (with_text(select(runs.c.id).where(has), text, column) for has, column in own)
    some = (query.limit(FEW_NAMES + 1).subquery() for query in given)
    ids = c.execute(union(*(select(query.c.id) for query in some))).scalars().all()
    if len(titles) > MOST_TITLES or len(ids) > FEW_NAMES:
        return contains_text(text, runs.c.title, runs.c.name, runs.c.tags)
    fitting = [title for title in titles if text.lower() in title.lower()]
    has_name = runs.c.id.in_(ids) if ids else false()
    # Without its index: SQLite would sort all runs with the title instead of reading the newest.
    return or_((runs.c.title + "").in_(fitting), has_name) if fitting else has_name


def _titles(c: Connection) -> list[str]:
    """Return the titles of runs, each once, from one entry of their index to the next title."""
    first = select(func.min(runs.c.title)).scalar_subquery()
    titles = select(first.label("title")).cte("titles", recursive=True)
    after = select(func.min(runs.c.title)).where(runs.c.title > titles.c.title).scalar_subquery()
    titles = titles.union_all(select(after).where(titles.c.title.is_not(None)))
    query = select(titles.c.title).where(titles.c.title.is_not(None)).limit(MOST_TITLES + 1)
    return [*c.execute(query).scalars()]


def _run(row: Row[Any], counts: dict[str, dict[str, int]]) -> Run:
    origin = columns_of(row, Origin) | {"kind": row.origin, "id": row.origin_id}
    origin["cause"] = msgspec.convert(row.cause, Cause | None)
    values = columns_of(row, Run) | {"name": row.name or "", "tags": (row.tags or "").split()}
    values |= {"origin": Origin(**origin), "git": row.git and msgspec.convert(row.git, GitState)}
    return Run(**values, counts=counts.get(row.id, {}))


class SubmissionRows:
    """Idempotency keys: a repeated request returns the first result, also after a restart."""

    def find(self, c: Connection, owner: str, key: str) -> tuple[str, str] | None:
        """Return the digest of the request body and the ID that the first request created."""
        s = submissions.c
        query = select(s.digest, s.subject_id).where(is_own(owner, s.owner), s.key == key)
        row = c.execute(query).first()
        return (row.digest, row.subject_id) if row else None

    def record(self, c: Connection, owner: str, key: str, digest: str, subject_id: str) -> None:
        """Store which ID the request with this key created."""
        row = {
            "owner": owner,
            "key": key,
            "digest": digest,
            "subject_id": subject_id,
            "created_at": datetime.now(UTC),
        }
        c.execute(insert(submissions), [row])
