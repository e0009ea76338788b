"""Derive the outcome of an attempt from its result: succeeded, failed, cancelled or lost.

Compare the lock of an environment with the packages that were installed during the work.
"""

import logging
import re
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from functools import partial

import msgspec

from nbyard.attempts import folders
from nbyard.attempts.folders import OUTPUTS, cancel_reason, delete_path, output_bytes
from nbyard.dispatch.attempts import secret_delivery
from nbyard.dispatch.attempts.input_staging import digest_of_sample, opens_datasets, untyped_of
from nbyard.dispatch.attempts.outcomes.missing_file_reasons import (
    first_missing_file_reason,
    warning_about_missing_files,
    warning_about_secrets,
)
from nbyard.dispatch.attempts.outcomes.store_outputs import (
    check_token,
    disclosed_in,
    failure_of,
    take_other_files,
    take_outputs,
)
from nbyard.dispatch.cache.contract_verdicts import MOST_METRICS, ContractChecker, judgement
from nbyard.dispatch.cache.keys import Identities, key_parts, values_of, version_of
from nbyard.dispatch.context import DispatchContext
from nbyard.dispatch.state.attempt_snapshot import AttemptSnapshot, Ended, Waits
from nbyard.dispatch.state.live_runs import CANCELLED
from nbyard.domain.attempts.failed_starts import start_hint
from nbyard.domain.attempts.failure_reader import failure_text
from nbyard.domain.attempts.structs import Failure, Result
from nbyard.domain.contracts.structs import OF_DATA
from nbyard.domain.environments.references import lock_differences, lock_warning
from nbyard.domain.environments.structs import not_installed
from nbyard.domain.executables.structs import ExecutableVersion
from nbyard.domain.limits import is_retried
from nbyard.domain.naming.runtime_names import PROCESS
from nbyard.domain.runs.structs import BytesOf, TaskPlan, bytes_of
from nbyard.errors import (
    Busy,
    Invalid,
    NbyardError,
    NotFound,
    OverQuota,
    Unavailable,
    waits_for_engine,
)
from nbyard.ipc.crash_points import crash_point
from nbyard.reasons.structs import Reason, because, joined
from nbyard.store.runs.attempts import AttemptRecord

log = logging.getLogger("nbyard.dispatch")
# the hints need the beginning of a binary, and scripts are smaller
MOST_BYTES = 1 << 20
# Failures that data may cause, and errors that only code causes.
DATA_KINDS = ("error", "exit-code", "contract")
CODE_ERRORS = re.compile(r"(ModuleNotFound|Import|Syntax|Indentation|Name)Error\b")


def environment_lock_warning(
    context: DispatchContext, attempt: AttemptRecord, plan: TaskPlan
) -> Reason | None:
    """Return a warning if the packages of an attempt differ from the lock of its environment.

    Return None if they do not differ, or if that is unknown.
    """
    used = plan.environment
    if used is None:
        return None
    # Attempts of a function worker share the surroundings of their worker.
    surroundings = folders.surroundings_in(
        folders.attempt_folder_of(context.folder, attempt.worker or attempt.id)
    )
    with context.store.read() as c:
        version = context.store.environments.version(c, used.version_id)
        try:
            is_notebook = version_of(context, c, plan).kind == "notebook"
        except NotFound:
            return None
        has_more = is_notebook or bool(
            plan.image and context.store.images.has_notebook_packages(c, attempt.owner, plan.image)
        )
    if surroundings is None or surroundings.lock is None or version is None:
        return None
    # Images contain extra packages to run notebooks.
    with_extra = attempt.runtime == PROCESS or not has_more
    differences = lock_differences(
        version.packages, version.python, surroundings.lock, with_extra=with_extra
    )
    return lock_warning(used, differences)


class AttemptOutcomes:
    """Derives the outcome of an attempt from its result.

    Threads call it. It stores the bytes of outputs, but never writes to the store.
    """

    def __init__(self, context: DispatchContext, identities: Identities):
        self._context = context
        self._identities = identities

    def conclude(
        self, snapshot: AttemptSnapshot, result: Result, asked: Reason | None
    ) -> Ended | Waits:
        """Return the outcome of an attempt that left a result.

        Return `Waits` if its outputs cannot be stored yet, such as on a full disk. `asked` is the
        reason for a requested stop, None without a request.
        """
        try:
            return self._conclude(snapshot, result, asked)
        except Unavailable as error:
            return Ended("cancelled") if snapshot.is_cancelled else Waits(waits_for_engine(error))

    def _conclude(self, snapshot: AttemptSnapshot, result: Result, asked: Reason | None) -> Ended:
        try:
            check_token(result, snapshot.attempt.token)
        except Invalid as error:
            return lost_outcome(error.reason)
        failure = result.failure or Failure("error", because("no-message"))
        if result.state == "succeeded":
            quotas, task = self._context.store.quotas, snapshot.task
            paths = [output.path for output in (snapshot.outputs or {}).values()]
            try:
                with self._context.store.read() as c:
                    rooms = quotas.rooms(c, task.owner, task.run_id)
                if rooms:
                    size = output_bytes(snapshot.order.folder, paths)
                    self._context.check_disk(rooms, task.id, size)
            except OverQuota as error:
                # Not retried, because another attempt would write as much.
                return self._fail(snapshot, Failure("preparation", error.reason), result)
            return self._succeed(snapshot, result)
        if result.state == "cancelled":
            return self._outcome_of_stopped(snapshot, failure, result, asked)
        # A dead kernel counts as lost, so its retries have their own limit.
        if failure.kind in ("kernel-died", "lost"):
            return lost_outcome(failure.reason)
        return self._fail(snapshot, failure, result)

    def _succeed(self, snapshot: AttemptSnapshot, result: Result) -> Ended:
        """Store the outputs of a successful attempt.

        Return its outcome, which protects their bytes from collection until their rows are written.
        """
        crash_point("finished")
        checker = ContractChecker(self._context, snapshot.task)
        with ExitStack() as hold:
            hold.enter_context(self._context.blobs.without_collection())
            try:
                # Processes of a local supervisor are gone, so files can be adopted. Processes in a
                # container may survive, and a function worker continues.
                adopt = snapshot.attempt.runtime == PROCESS and not snapshot.attempt.worker
                folder, outputs = snapshot.order.folder, snapshot.outputs
                rows = take_outputs(self._context, folder, result, outputs, adopt=adopt)
                metrics = partial(folders.last_values, folder, MOST_METRICS)
                rows = checker.with_verdicts(rows, metrics)
                version = self._version(snapshot)
                others = take_other_files(self._context, snapshot, version, adopt=adopt)
            except Busy:
                raise
            except NbyardError as error:
                if isinstance(error, Unavailable) and (adopt or self._may_fit_twice(snapshot)):
                    raise
                return self._fail(snapshot, failure_of(error, "contract"), result)
            crash_point("outputs-taken")
            is_as_keyed = self._matches_cache_key(snapshot)
            if is_as_keyed and result.outside:
                result = self._with_outside(snapshot, result)
            missed = warning_about_missing_files(self._context, snapshot, version, others)
            secrets = warning_about_secrets(self._context, version)
            warnings = (*self._environment_warnings(snapshot), *disclosed_in(result))
            warning = joined((*warnings, missed, secrets))
            # The rules of datasets that stop the branch were checked before the attempt.
            data = checker.data_verdicts(snapshot.inputs, level="warn"), OF_DATA
            failure, warning = judgement(snapshot.task.plan, rows, warning, data)
            ended = (failure, result, rows, hold.pop_all(), is_as_keyed, warning, others)
            return Ended("failed", *ended, is_whole=True) if failure else Ended("succeeded", *ended)

    def _may_fit_twice(self, snapshot: AttemptSnapshot) -> bool:
        """Return whether the disk is large enough for outputs and their copies."""
        paths = [output.path for output in (snapshot.outputs or {}).values()]
        size = output_bytes(snapshot.order.folder, paths)
        needed = 2 * size + self._context.blobs.reserve_bytes
        return needed < shutil.disk_usage(self._context.folder).total

    def _version(self, snapshot: AttemptSnapshot) -> ExecutableVersion | None:
        """Return the code of the attempt from memory; None if it was deleted."""
        try:
            return self._identities.code(snapshot.task.plan).version
        except (Busy, Unavailable):
            raise
        except NbyardError:
            return None

    def _matches_cache_key(self, snapshot: AttemptSnapshot) -> bool:
        """Return whether the cache key still describes the result.

        Packages may have changed while the attempt waited or ran. Then the result must not be
        reused.
        """
        if not secret_delivery.credentials_unchanged(self._context, snapshot):
            return False
        try:
            code, environment = self._identities.look_up(snapshot.task.plan)
            untyped = untyped_of(snapshot.order.folder)
            if snapshot.attempt.runtime == PROCESS and opens_datasets(self._context, code.version):
                return False  # keys do not contain the versions that the work opened
        except Busy:
            raise
        except NbyardError:
            return False
        parts = key_parts(snapshot.task.plan, code, snapshot.inputs, environment, untyped)
        return parts.key() == snapshot.task.cache_key

    def _with_outside(self, snapshot: AttemptSnapshot, result: Result) -> Result:
        code, _ = self._identities.look_up(snapshot.task.plan)
        values = values_of(snapshot.task.plan)
        probes = partial(self._identities.probes, code, values)
        outside = self._identities.outside
        result = outside.with_outside_states(result, code.version, code.files, values, probes)
        return outside.with_digests(result) if snapshot.attempt.runtime == PROCESS else result

    def _environment_warnings(self, snapshot: AttemptSnapshot) -> Iterator[Reason | None]:
        """Yield differences from the environment that the plan and the notebook name."""
        plan = snapshot.task.plan
        yield environment_lock_warning(self._context, snapshot.attempt, plan)
        if plan.runtime == PROCESS and plan.environment is None:
            with suppress(NotFound, Unavailable):  # the code or kernel was deleted meanwhile
                code, environment = self._identities.look_up(plan)
                # A notebook whose kernel is not installed ran with another one of its language.
                named, used = plan.kernel or code.version.kernel, environment.kernel
                yield not_installed(named, used) if named not in ("", used) else None

    def _fail(self, snapshot: AttemptSnapshot, failure: Failure, result: Result) -> Ended:
        """Fail the attempt. If it is not retried, keep the executed notebook and other files."""
        plan, number = snapshot.task.plan, snapshot.attempt.number
        version = self._version(snapshot)
        if problem := first_missing_file_reason(self._context, snapshot, version, failure):
            reason = because("left-out", cause=failure.reason, problem=problem)
            failure = msgspec.structs.replace(failure, reason=reason, left_out=True)
        else:
            failure = with_start_hint(self._context, snapshot, failure)
        failure = with_sample_doubt(self._context, snapshot, failure)
        # The next attempt writes its own notebook and files, so these are not stored.
        if is_retried(plan, failure.kind, number, snapshot.lost) and not snapshot.is_cancelled:
            return Ended("failed", failure, result)
        with ExitStack() as hold:
            hold.enter_context(self._context.blobs.without_collection())
            others = missed = None
            if failure.kind != "preparation":  # such as a full disk quota
                others = take_other_files(self._context, snapshot, version)
            if problem is None:
                missed = warning_about_missing_files(self._context, snapshot, version, others)
            # Outputs of failed work may be incomplete.
            kept = msgspec.structs.replace(result, outputs=[])
            take = partial(take_outputs, self._context, snapshot.order.folder, kept)
            try:
                rows = take(snapshot.outputs)
            except Unavailable:
                if not output_bytes(snapshot.order.folder, ()):
                    raise
                delete_path(snapshot.order.folder / OUTPUTS)  # space for the notebook
                rows = take(snapshot.outputs)
            secrets = warning_about_secrets(self._context, version)
            warning = joined((*self._environment_warnings(snapshot), missed, secrets))
            held = hold.pop_all()
            return Ended("failed", failure, result, rows, held, warning=warning, others=others)

    def _outcome_of_stopped(
        self, snapshot: AttemptSnapshot, failure: Failure, result: Result, asked: Reason | None
    ) -> Ended:
        # The limits alone cannot decide: it may have shown signs of life while stopping.
        written = cancel_reason(snapshot.order.folder)
        # a slow start may only know it from this file
        if snapshot.is_cancelled or written == CANCELLED:
            crash_point("obeyed")
            return Ended("cancelled", None, result)
        if why := asked or written:
            return self._fail(snapshot, over_limit(why), result)
        return lost_outcome(failure.reason)


def over_limit(why: Reason) -> Failure:
    """Return the failure for a broken limit; only a timeout may be retried."""
    kinds = {"queue-limit": "queue-timeout", "disk-quota": "preparation"}
    return Failure(kinds.get(why.code, "timeout"), why)


def lost_outcome(reason: Reason) -> Ended:
    """Return the outcome of an attempt that is gone without a result."""
    return Ended("lost", Failure("lost", reason), reason=reason)


def with_start_hint(
    context: DispatchContext, snapshot: AttemptSnapshot, failure: Failure
) -> Failure:
    """Return the failure, with a hint if its program cannot start.

    The hint comes from the file of the script or binary. Without a hint, the failure stays
    unchanged.
    """
    try:
        with context.store.read() as c:
            version = context.store.executables.version(c, snapshot.task.plan.executable_version_id)
        if version is None or version.kind != "command":
            return failure
        with context.blobs.open(version.content_digest) as handle:
            hint = start_hint(version.file.rpartition("/")[2], handle.read(MOST_BYTES), failure)
    except (NbyardError, OSError) as error:  # the failure itself must be stored
        log.info("the file of the attempt %s cannot be read: %s", snapshot.attempt.id, error)
        return failure
    if hint is None:
        return failure
    reason = because("start-hinted", cause=failure.reason, hint=hint)
    return msgspec.structs.replace(failure, reason=reason)


def with_sample_doubt(
    context: DispatchContext, snapshot: AttemptSnapshot, failure: Failure
) -> Failure:
    """Return the failure, with a note if the sample of a check run may be its cause.

    That is so if the task has data, and nbyard cut data of the run.
    """
    sample = snapshot.task.plan.sample
    is_of_code = CODE_ERRORS.search(f"{failure.error_name} {failure_text(failure)}")
    if not (sample and snapshot.inputs) or failure.kind not in DATA_KINDS or is_of_code:
        return failure
    with context.store.read() as c:
        tasks = context.store.tasks.of_run(c, snapshot.run.id)
        made = context.store.artifacts.of_run(c, snapshot.run.id)
    bindings = [each for task in tasks for each in task.plan.bindings.values()]
    used = [each for each in bindings if isinstance(each, BytesOf)]
    used += [bytes_of(artifact.digest, artifact.filename) for artifact in made]
    is_cut = False
    with suppress(NbyardError), context.blobs.without_collection():
        is_cut = any(digest_of_sample(context, each, sample) != each.digest for each in used)
    reason = because("sample-doubted", cause=failure.reason)
    return msgspec.structs.replace(failure, reason=reason) if is_cut else failure
