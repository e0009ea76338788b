"""Check contracts on outputs and datasets, and store verdicts with artifacts.

The reader process checks them. A stored verdict stays while the contract and the datasets that it
names are the same; otherwise the stored bytes are checked again, without running the code.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

import msgspec

from nbyard.attempts.folders import attempt_folder_of, last_values
from nbyard.dispatch.context import DispatchContext
from nbyard.dispatch.state.attempt_snapshot import ReportInbox
from nbyard.dispatch.threads import Threads
from nbyard.domain.attempts.structs import Failure
from nbyard.domain.contracts.structs import (
    OF_OUTPUT,
    CloseRule,
    Codes,
    Contract,
    MetricRule,
    Verdict,
    datasets_in,
    outcome_of,
    rules_for,
    unreadable,
)
from nbyard.domain.datasets.previews import ShownMetric
from nbyard.domain.datasets.structs import DatasetVersion
from nbyard.domain.digest import digest_of
from nbyard.domain.runs.structs import ArtifactType, BytesOf, TaskPlan
from nbyard.errors import NbyardError, NotFound, reason_of
from nbyard.reasons.structs import Reason, because, joined, separate
from nbyard.store import Connection
from nbyard.store.runs.past_results import EarlierOutput
from nbyard.store.runs.tasks import TaskRecord
from nbyard.tabular import TableFile

MOST_METRICS = 1_000
CONTRACT = "contract"
Row = dict[str, Any]
Verdicts = Mapping[str, Verdict]
T = TypeVar("T")


def recorded_metrics(
    context: DispatchContext, c: Connection, owner: str, task_id: str
) -> list[ShownMetric]:
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
        self._task = task
        self._is_sample = task.plan.sample is not None

    def with_verdicts(
        self, rows: Sequence[Row], metrics: Callable[[], Iterable[ShownMetric]]
    ) -> list[Row]:
        """Return the rows of artifacts with the verdicts on their contracts.

        `metrics` returns those that the task recorded.
        """
        contracts, judged = self._task.plan.contracts, []
        for row in rows:
            if row["name"] in contracts:
                verdict = self._output_verdict(row, contracts[row["name"]], metrics)
                kind = msgspec.structs.replace(_type_of(row), verdict=verdict)
                row = row | {"type": msgspec.json.encode(kind).decode()}  # noqa: PLW2901
            judged.append(row)
        return judged

    def data_verdicts(self, inputs: Mapping[str, BytesOf]) -> Verdicts:
        """Return the verdicts on the inputs that come from datasets with a contract."""
        contracts = self._task.plan.data_contracts
        return {
            name: self._verdict(inputs[name].digest, inputs[name].filename, contract, None)
            for name, contract in contracts.items()
            if name in inputs
        }

    def _output_verdict(
        self, row: Row, contract: Contract, metrics: Callable[[], Iterable[ShownMetric]]
    ) -> Verdict:
        last = None
        task = self._task
        if any(isinstance(rule, CloseRule) for rule in contract):
            with self._context.store.read() as c:
                store = self._context.store
                run = store.runs.by_id(c, task.run_id)
                of = (run.workflow_id if run else "", task.node, row["name"])
                # This task has not succeeded yet, so it is not among them.
                last = next(iter(store.history.outputs_of_node(c, task.owner, *of, 1)), None)
        needs_metrics = any(isinstance(rule, MetricRule | CloseRule) for rule in contract)
        recorded = {each.name: each.value for each in metrics()} if needs_metrics else {}
        return self._verdict(row["digest"], row["filename"], contract, last, recorded)

    def _verdict(
        self,
        digest: str,
        filename: str,
        contract: Contract,
        last: EarlierOutput | None,
        recorded: dict[str, float | str] | None = None,
    ) -> Verdict:
        context, rules = self._context, rules_for(contract, is_sample=self._is_sample)
        key, before = "", dict[str, float | str]()
        try:
            with context.store.read() as c:
                versions = current_versions(context, c, self._task.owner, rules)
                key = verdict_key(rules, versions)
                if last and recorded is not None:
                    made = recorded_metrics(context, c, self._task.owner, last.task_id)
                    before = {each.name: each.value for each in made}
            if gone := [name for name, version in versions.items() if version is None]:
                raise NotFound(because("no-data", name=gone[0]))
            references = {
                name: self._file(version.digest, version.filename)
                for name, version in versions.items()
                if version
            }
            breaches = context.tables.breaches(
                self._file(digest, filename),
                rules,
                references,
                self._file(last.digest, last.filename) if last else None,
                (recorded or {}, before),
            )
        except (NbyardError, OSError) as error:
            is_ours = isinstance(error, NbyardError)
            problem = reason_of(error) if is_ours else because("text", text=str(error))
            return unreadable(rules, key, problem)
        return Verdict(key, len(rules), tuple(breaches))

    def _file(self, digest: str, filename: str) -> TableFile:
        return TableFile(self._context.blobs.path(digest), filename, digest)


def current_versions(
    context: DispatchContext, c: Connection, owner: str, contract: Contract
) -> dict[str, DatasetVersion | None]:
    """Return the current versions of the datasets that a contract names, None without one."""
    rows = context.store.datasets
    known = {name: rows.get(c, owner, name) for name in datasets_in(contract)}
    return {name: rows.newest_ready(c, of.id) if of else None for name, of in known.items()}


def verdict_key(contract: Contract, versions: Mapping[str, DatasetVersion | None]) -> str:
    """Return what identifies a contract with the bytes of the datasets that it names."""
    digests = {name: version.digest if version else "" for name, version in versions.items()}
    return digest_of([msgspec.to_builtins(contract), digests])


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
        if not task.plan.contracts:
            return rows
        context = self._context
        with context.store.read() as c:
            known = verdicts_in(task.plan, rows)
            for row in rows:
                contract = task.plan.contracts.get(row["name"])
                if contract is None:
                    continue
                contract = rules_for(contract, is_sample=task.plan.sample is not None)
                key = verdict_key(contract, current_versions(context, c, task.owner, contract))
                if row["name"] not in known or known[row["name"]].contract != key:
                    break
            else:
                return rows

        def metrics() -> list[ShownMetric]:
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
