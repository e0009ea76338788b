"""Check contracts on outputs and datasets, and store verdicts with artifacts.

The reader process checks them. A stored verdict stays while the contract and the datasets that it
names are the same; otherwise the stored bytes are checked again, without running the code.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar

import msgspec

from nbyard.attempts.folders import attempt_folder_of, last_values
from nbyard.dispatch.context import DispatchContext
from nbyard.dispatch.state.attempt_snapshot import ReportInbox
from nbyard.dispatch.threads import Threads
from nbyard.domain.attempts.structs import Failure
from nbyard.domain.contracts import structs as contracts
from nbyard.domain.contracts.structs import OF_OUTPUT, Codes, Contract, Level, Verdict, outcome_of
from nbyard.domain.datasets.previews import ShownMetric
from nbyard.domain.datasets.structs import DatasetVersion
from nbyard.domain.digest import digest_of
from nbyard.domain.runs.structs import ArtifactType, BytesOf, TaskPlan
from nbyard.errors import NbyardError, NotFound, reason_of
from nbyard.reasons.structs import Reason, because, joined, separate
from nbyard.store import Connection
from nbyard.store.runs.tasks import TaskRecord
from nbyard.tabular import TableFile

MOST_METRICS = 1_000  # a card shows only a few
CONTRACT = "contract"
NUMERIC = (contracts.MetricRule, contracts.CloseRule)
Row = dict[str, Any]
Metrics = list[ShownMetric]
Verdicts = Mapping[str, Verdict]
T = TypeVar("T")


def recorded_metrics(context: DispatchContext, c: Connection, owner: str, task_id: str) -> Metrics:
    """Return the metrics that the result of a task was recorded with.

    For a cached result, these are the metrics of the attempt that computed it.
    """
    store = context.store
    maker = store.tasks.origins_of_cached(c, [task_id]).get(task_id, task_id)
    attempts = store.attempts.newest_of(c, [maker])
    attempt = attempts.get(maker) or store.attempts.newest_origin_attempts(c, owner, [maker]).get(
        maker
    )
    if attempt is None:
        return []
    folder = attempt_folder_of(context.folder, attempt.id, attempt.worker)
    return last_values(folder, MOST_METRICS)


class ContractChecker:
    """Checks contracts of a task; threads call it."""

    def __init__(self, context: DispatchContext, task: TaskRecord):
        self._context = context
        self._store = context.store
        self._task = task

    def with_verdicts(self, rows: Sequence[Row], metrics: Callable[[], Metrics]) -> list[Row]:
        """Return the rows of artifacts with the verdicts on their contracts.

        `metrics` returns those that the task recorded.
        """
        judged = []
        for row in rows:
            contract = self._task.plan.contracts.get(row["name"])
            if contract is not None:
                verdict = self._verdict(row, contract, metrics)
                kind = msgspec.structs.replace(_type_of(row), verdict=verdict)
                row = row | {"type": msgspec.json.encode(kind).decode()}  # noqa: PLW2901
            judged.append(row)
        return judged

    def data_verdicts(self, inputs: Mapping[str, BytesOf], level: Level | None = None) -> Verdicts:
        """Return the verdicts on datasets with a contract, or with rules of that level."""
        verdicts = {}
        for name, contract in self._task.plan.data_contracts.items():
            chosen = tuple(rule for rule in contract if level in (None, rule.level))
            if chosen and name in inputs:
                row = msgspec.structs.asdict(inputs[name])
                verdicts[name] = self._verdict(row, chosen)
        return verdicts

    def _verdict(
        self, row: Row, contract: Contract, metrics: Callable[[], Metrics] = list
    ) -> Verdict:
        task, rules = self._task, contracts.rules_for(contract, self._task.plan.sample)
        last, recorded, before, key = None, Metrics(), Metrics(), ""
        try:
            with self._store.read() as c:
                key, versions = contract_key(self._context, c, task.owner, rules)
                if any(isinstance(rule, contracts.CloseRule) for rule in rules) and "name" in row:
                    run = self._store.runs.by_id(c, task.run_id)
                    of = (run.workflow_id if run else "", task.node, row["name"])
                    # This task has not succeeded yet, so it is not among them.
                    outputs = self._store.history.outputs_of_node(c, task.owner, *of, 1)
                    last = next(iter(outputs), None)
                if any(isinstance(rule, NUMERIC) for rule in rules):
                    recorded = metrics()
                    made = (self._context, c, task.owner)
                    before = recorded_metrics(*made, last.task_id) if last else before
            tables = self._context.tables.of_owner(self._store.isolation.owner_key(task.owner))
            breaches = tables.breaches(
                self._file(row["digest"], row["filename"]),
                rules,
                {name: self._file(of.digest, of.filename) for name, of in versions.items()},
                self._file(last.digest, last.filename) if last else None,
                (_by_name(recorded), _by_name(before)),
            )
        except (NbyardError, OSError) as error:
            return contracts.unreadable(rules, key, reason_of(error))
        return Verdict(key, len(rules), tuple(breaches))

    def _file(self, digest: str, filename: str) -> TableFile:
        return TableFile(self._context.blobs.path(digest), filename, digest)


def contract_key(
    context: DispatchContext, c: Connection, owner: str, contract: Contract
) -> tuple[str, dict[str, DatasetVersion]]:
    """Return what identifies a contract and its datasets, and their current versions.

    Raises:
        NotFound: A dataset does not exist, or is not ready.
    """
    versions: dict[str, DatasetVersion] = {}
    rows = context.store.datasets
    for rule in contract:
        if isinstance(rule, contracts.ReferenceRule):
            of = rows.get(c, owner, rule.dataset)
            version = rows.newest_ready(c, of.id) if of else None
            if version is None:
                raise NotFound(because("no-data", name=rule.dataset))
            versions[rule.dataset] = version
    digests = {name: version.digest for name, version in versions.items()}
    return digest_of([msgspec.to_builtins(contract), digests]), versions


def _by_name(metrics: Metrics) -> dict[str, float | str]:
    return {metric.name: metric.value for metric in metrics}


def _type_of(row: Row) -> ArtifactType:
    return msgspec.json.decode(row["type"], type=ArtifactType) if row["type"] else ArtifactType()


def verdicts_in(plan: TaskPlan, rows: Iterable[Row]) -> dict[str, Verdict]:
    """Return the verdicts that are stored with the outputs that have a contract."""
    kinds = {row["name"]: _type_of(row) for row in rows if row["name"] in plan.contracts}
    return {name: kind.verdict for name, kind in kinds.items() if kind.verdict}


def contract_failure(verdicts: Verdicts, codes: Codes = OF_OUTPUT) -> Failure | None:
    """Return the failure for broken rules that stop the branch, None without any."""
    reason = outcome_of(verdicts, "stop", codes)
    return Failure(CONTRACT, reason) if reason else None


def with_drift(warning: Reason | None, *verdicts: tuple[Verdicts, Codes]) -> Reason | None:
    """Return the warning of a task with the rules that only warn, and without older ones."""
    drifts = {codes["warn"] for _, codes in verdicts}
    others = [reason for reason in separate(warning) if reason.code not in drifts]
    return joined([*others, *(outcome_of(of, "warn", codes) for of, codes in verdicts)])


def judgement(
    plan: TaskPlan, rows: Iterable[Row], warning: Reason | None, *data: tuple[Verdicts, Codes]
) -> tuple[Failure | None, Reason | None]:
    """Return the failure and the warning of a task with these outputs, by their verdicts."""
    verdicts = verdicts_in(plan, rows)
    return contract_failure(verdicts), with_drift(warning, (verdicts, OF_OUTPUT), *data)


class ContractThreads:
    """Checks the contracts of queued tasks in threads, so that the loop only collects verdicts."""

    def __init__(self, context: DispatchContext, threads: Threads, inbox: ReportInbox):
        self._context = context
        self._threads = threads
        self._inbox = inbox
        self._under_way: set[str] = set()
        self._answers: dict[str, dict[str, Any]] = {}

    def is_under_way(self, task_id: str) -> bool:
        """Return whether a thread checks for this task."""
        return task_id in self._under_way

    def forget(self, task_id: str) -> None:
        """Forget a task that has left the queue."""
        self._answers.pop(task_id, None)
        self._under_way.discard(task_id)

    def data_verdicts(self, task: TaskRecord, inputs: Mapping[str, BytesOf]) -> Verdicts | None:
        """Return the verdicts on the datasets of a task; None while a thread checks them."""
        if not task.plan.data_contracts:
            return {}
        check = ContractChecker(self._context, task)
        return self._ask(task, "data", partial(check.data_verdicts, inputs))

    def judged(self, task: TaskRecord, maker: str, rows: list[Row]) -> list[Row] | None:
        """Return the rows of an earlier result with verdicts on the contracts of this task.

        They keep the verdict on the same contract. `maker` is the ID of the task that has the
        result. Return None while a thread checks them.
        """
        context, plan = self._context, task.plan
        if not plan.contracts:
            return rows
        known = verdicts_in(plan, rows)
        with suppress(NotFound), context.store.read() as c:
            # Without a dataset that a contract names, the check itself reports that.
            rules = {n: contracts.rules_for(own, plan.sample) for n, own in plan.contracts.items()}
            keys = {n: contract_key(context, c, task.owner, own)[0] for n, own in rules.items()}
            made = {row["name"] for row in rows} & keys.keys()
            if all(name in known and known[name].contract == keys[name] for name in made):
                return rows

        def metrics() -> Metrics:
            with context.store.read() as c:
                return recorded_metrics(context, c, task.owner, maker)

        check = ContractChecker(context, task)
        return self._ask(task, maker, partial(check.with_verdicts, rows, metrics))

    def _ask(self, task: TaskRecord, about: str, work: Callable[[], T]) -> T | None:
        answers = self._answers.setdefault(task.id, {})
        if about in answers:
            known: T = answers[about]
            return known
        # Before the thread starts, because `settle` may run at once.
        self._under_way.add(task.id)

        def settle(answer: T | None) -> None:
            if task.id in self._under_way and answer is not None:
                answers[about] = answer
            self._under_way.discard(task.id)
            self._inbox.put(None)

        if not self._threads.submit(f"contract of {task.id}", work, then=settle, runtime=CONTRACT):
            self._under_way.discard(task.id)
        return None
