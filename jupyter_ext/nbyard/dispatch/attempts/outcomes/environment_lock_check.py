"""Compare the lock of an environment with the packages that were installed during the work."""

from nbyard.attempts import folders
from nbyard.dispatch.cache.keys import version_of
from nbyard.dispatch.context import DispatchContext
from nbyard.domain.environments.references import lock_differences, lock_warning
from nbyard.domain.naming.runtime_names import PROCESS
from nbyard.domain.runs.structs import TaskPlan
from nbyard.errors import NotFound
from nbyard.reasons.structs import Reason
from nbyard.store.runs.attempts import AttemptRecord


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
    beside = attempt.runtime == PROCESS or not has_more
    differences = lock_differences(
        version.packages, version.python, surroundings.lock, beside=beside
    )
    return lock_warning(used, differences)
