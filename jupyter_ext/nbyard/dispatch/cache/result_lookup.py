"""Look up cached results for tasks, during runs and for forecasts before them, and use them."""

import logging
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec

from nbyard.blobs import Blobs
from nbyard.dispatch.cache.contract_verdicts import ContractThreads, judgement
from nbyard.dispatch.cache.keys import Code, Identities
from nbyard.dispatch.context import DispatchContext
from nbyard.dispatch.state.live_runs import LiveTask
from nbyard.dispatch.state.round_changes import RoundChanges
from nbyard.domain import cache_policy
from nbyard.domain.caching.explanation import changes_reason, explain_rerun
from nbyard.domain.digest import KeyParts
from nbyard.domain.environments.references import environment_change
from nbyard.domain.environments.structs import EnvironmentRef
from nbyard.domain.runs.structs import TaskPlan
from nbyard.errors import NbyardError, NotFound
from nbyard.reasons.structs import Reason, because, joined, separate
from nbyard.store import Connection, Store
from nbyard.store.runs.artifacts_and_cache import Alike, Hit
from nbyard.store.runs.past_results import Last
from nbyard.store.visibility import is_shared

log = logging.getLogger("nbyard.dispatch")


@dataclass(eq=False)
class Query:
    """A task's plan with the dependencies of its result."""

    owner: str
    plan: TaskPlan
    code: Code
    parts: KeyParts
    key: str
    environment: EnvironmentRef
    too_old: Reason | None = None  # the found result is older than allowed
    outside: Sequence[Reason] = ()  # changes there prevent the use of the found result
    places: Sequence[tuple[str, str]] = ()  # kinds and IDs by which the run belongs to projects

    @property
    def owner_and_key(self) -> tuple[str, str]:
        """Return the owner and key under which the cache knows the result."""
        return self.owner, self.key

    @property
    def columns(self) -> dict[str, Any]:
        """Return the columns of the task's row that record the key."""
        parts = msgspec.to_builtins(self.parts)
        return {"cache_key": self.key, "base_key": self.parts.base_key(), "parts": parts}

    def why_cache_ignored(self) -> Reason | None:
        """Return why this task ignores the cache, None if it uses it."""
        # The named result is used before a query is created, so a query means that it is gone.
        if self.plan.reuse:
            return because("result-gone")
        if self.plan.sample:
            return because("sampled", rows=self.plan.sample.rows, files=self.plan.sample.files)
        if self.plan.force:
            return because("forced")
        return None if cache_policy.is_asked(self.plan.cache) else because("cache-off")

    def is_expired(self, hit: Hit, now: datetime) -> bool:
        """Return whether a cached result is too old; note the reason."""
        self.too_old = cache_policy.too_old(self.plan.cache, hit.run_number, hit.made_at, now)
        return self.too_old is not None


def reuse_reason(query: Query, hit: Hit) -> Reason:
    """Return why a result is reused: the same key, or the same files that were read."""
    is_alike = isinstance(hit, Alike) and hit.key != query.key
    if not hit.maker:
        return because("unchanged-reads" if is_alike else "unchanged", run=hit.run_number)
    code = "unchanged-reads-team" if is_alike else "unchanged-team"
    made = {"user": hit.maker, "at": f"{hit.made_at.astimezone(UTC):%Y-%m-%d %H:%M UTC}"}
    return because(code, run=hit.run_number, run_id=hit.run_id, **made)


class ResultLookup:
    """Finds cached results, and explains why there is none."""

    def __init__(self, store: Store, identities: Identities):
        self._store = store
        self._identities = identities

    def find(self, c: Connection, queries: Sequence[Query]) -> dict[Query, Hit]:
        """Return the cached results to reuse.

        A result with the same key comes first. Else a result counts if all files that its task read
        are unchanged. Results of colleagues come last.
        """
        own = self._store.cache.find(c, {query.owner_and_key for query in queries})
        missing = [query for query in queries if query.owner_and_key not in own]
        of_team: dict[Query, list[Alike]] = {}
        if missing and is_shared(c):
            by_run: defaultdict[Any, list[Query]] = defaultdict(list)
            for query in missing:
                by_run[query.owner, tuple(query.places)].append(query)
            for (owner, places), same in by_run.items():
                names = [(query.key, query.parts.base_key()) for query in same]
                results = self._store.cache.of_team(c, owner, places, names)
                of_team |= dict(zip(same, results, strict=True))
        hits: dict[Query, Hit | None] = {query: own.get(query.owner_and_key) for query in queries}
        hits |= {query: self._find_other(c, query, of_team.get(query, [])) for query in missing}
        return {query: hit for query, hit in hits.items() if hit}

    def _find_other(self, c: Connection, query: Query, of_team: list[Alike]) -> Alike | None:
        """Return a result of the same work if none of the files that it read has changed."""
        rows, base_key = self._store.cache, query.parts.base_key()
        by_reads = cache_policy.is_by_reads(query.plan.cache)
        alike_results = rows.with_other_code_files(c, query.owner, base_key) if by_reads else []
        modules = query.environment.versions
        try:
            for alike in (*alike_results, *of_team):
                if alike.key == query.key:
                    return alike
                if not by_reads:
                    continue
                files, observed = alike.files, alike.observed
                counting = self._identities.files_against_reuse(
                    query.code, files, query.parts, observed, modules
                )
                if next(counting, None) is None:
                    return alike
        except (NbyardError, OSError):  # bytes of the code are gone: execute the task
            log.exception("node %s cannot be compared with earlier ones", query.plan.node)
        return None

    def why(self, c: Connection, query: Query, find_last: Callable[[], Last | None]) -> Reason:
        """Return why no earlier result is reused; `find_last` reads the node's last success."""
        if why := query.why_cache_ignored() or query.too_old:
            return why
        if query.outside:
            return changes_reason(query.outside)
        last = find_last()
        if last is None:
            return explain_rerun(None, query.parts)
        before = self._store.fingerprints.packages(c, last.parts.environment)
        change = environment_change(last.used, query.plan.environment)
        installed = (last.requirements, query.plan.requirements_digest)
        if not (last.used or query.plan.environment) and all(installed) and len({*installed}) > 1:
            change = because("requirements-changed")
        has = query.environment.versions
        by_reads = cache_policy.is_by_reads(query.plan.cache)
        observed = last.observed if by_reads else None
        counting = self._identities.files_against_reuse
        try:
            files = [*counting(query.code, last.parts.files, query.parts, observed, has)]
        except (NbyardError, OSError):
            log.exception("node %s cannot be compared with its last run", query.plan.node)
            # Only the explanation suffers: it names no files.
            files = []
        why = explain_rerun(last.parts, query.parts, before, has, change, files)
        if not files or not by_reads or (observed and not observed.problem):
            return why
        problem = observed and observed.problem
        return because("unsure", reason=why, problem=problem or because("not-observed"))


def reuse_named_result(
    context: DispatchContext, changes: RoundChanges, task: LiveTask, contracts: ContractThreads
) -> bool:
    """Reuse the result that the plan names; return False if it is gone and must be computed.

    Return True, too, while `contracts` checks its outputs.

    Raises:
        NotFound: The result is gone, but the node is pinned to it.
    """
    plan, pinned = task.record.plan, task.record.plan.pinned
    with context.store.read() as c:
        origin = context.store.tasks.get(c, plan.reuse)
        run = context.store.runs.by_id(c, origin.run_id) if origin else None
        rows = context.store.artifacts.of_tasks(c, [plan.reuse])[plan.reuse]
        depended = context.store.tasks.key_of(c, plan.reuse)
        marks = context.store.executables.marks(c, [plan.reuse])
    if run is None or not keep_and_check_bytes(context, changes, rows, depended):
        if pinned:
            raise NotFound(because("pinned-result-gone", run=pinned))
        return False
    judged = contracts.judged(task.record, plan.reuse, rows)
    if judged is None:
        return True
    reason = because("pinned", run=pinned) if pinned else because("reused", run=run.number)
    depended["warning"] = with_mark(depended.get("warning"), marks.get(plan.reuse))
    use_earlier_result(changes, task, judged, reason, depended)
    return True


def keep_and_check_bytes(
    context: DispatchContext, changes: RoundChanges, rows: list[Any], columns: Mapping[str, Any]
) -> bool:
    """Protect the bytes of a result from collection until the commit; return whether all exist.

    `columns` may name the record of files that the work wrote beside its outputs.
    """
    # Keep before checking: a collection in between would delete the bytes.
    changes.keep_bytes(context.blobs)
    return has_bytes(context.blobs, rows, columns)


def has_bytes(blobs: Blobs, rows: list[Any], columns: Mapping[str, Any]) -> bool:
    """Return whether all bytes of a result are stored."""
    others = columns.get("other_files", {}).get("digest", "")
    digests = [*(row["digest"] for row in rows), *filter(None, [others])]
    return all(map(blobs.exists, digests))


def with_mark(warning: Reason | None, mark: Reason | None) -> Reason | None:
    """Return the warning of a task with the present mark only."""
    others = [reason for reason in separate(warning) if reason.code != "not-reproducible"]
    return joined([*others, mark])


def use_earlier_result(
    changes: RoundChanges, task: LiveTask, rows: list[Any], reason: Reason, columns: dict[str, Any]
) -> None:
    """Mark the task as succeeded and cached, or as failed if the result breaks its contract.

    `rows` are the outputs of the earlier result with the verdicts on their contracts, and `columns`
    further values of the task's row.
    """
    failure, warning = judgement(task.record.plan, rows, columns.get("warning"))
    outcome = columns | {"reason": reason, "finished_at": datetime.now(UTC), "warning": warning}
    changes.link(task, rows)
    if failure:
        outcome |= {"reason": failure.reason, "failure": msgspec.to_builtins(failure)}
    changes.move_task(task, "failed" if failure else "succeeded", cached=not failure, **outcome)
