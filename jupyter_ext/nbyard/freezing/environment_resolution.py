"""Resolution of environments: which version a node uses, decided when a run is created."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from nbyard.domain.environments.references import (
    EnvironmentDefault,
    UsedEnvironment,
    split_reference,
)
from nbyard.domain.environments.structs import KERNEL_PREFIX, EnvironmentVersion
from nbyard.domain.executables.structs import ReadCode, is_python
from nbyard.domain.naming.runtime_names import PROCESS
from nbyard.domain.naming.unique_names import nearest_names
from nbyard.domain.runs.structs import TaskPlan
from nbyard.domain.workflows.structs import Node
from nbyard.errors import Detail, Invalid, NotFound
from nbyard.freezing.pushed_folders import pushed_project
from nbyard.host import kernels
from nbyard.reasons.structs import because

if TYPE_CHECKING:
    from nbyard.freezing.freezing_context import FreezingContext
    from nbyard.store import Connection, Store
    from nbyard.store.runs.tasks import TaskRecord

FIELD = "environment"
NOTHING = Node("executable")
MAX_VERSIONS = 20
Renew = Callable[["TaskRecord"], TaskPlan]
Found = tuple[UsedEnvironment, bytes]


def find_used(context: FreezingContext, owner: str, reference: str) -> Found:
    """Resolve `name` or `name@2` to an installed version of an environment.

    Without a number, it is the newest ready version. Also returns the version's lock, as the
    bytes of a requirements file.

    Raises:
        NotFound: the environment or version does not exist.
        Invalid: the version is not ready.
    """
    rows = context.store.environments
    with context.store.read() as c:
        # A name such as `a@2` may exist itself, so it is tried first.
        environment, number = rows.get(c, owner, reference), 0
        if environment is None:
            name, number = split_reference(reference)
            environment = rows.get(c, owner, name)
            if environment is None:
                there = nearest_names(rows.names(c, owner).values(), name)
                why = f"there is no environment '{reference[:80]}'; {there}"
                raise no_environment(why)
        ready = rows.newest_ready(c, environment.id)
        versions = rows.versions(c, environment.id) if number else []
    if number:
        ready = next((version for version in versions if version.number == number), None)
        if ready is None:
            installed = [version.number for version in versions if version.state == "ready"][
                :MAX_VERSIONS
            ]
            there = (
                f"installed are: {', '.join(map(str, installed))}"
                if installed
                else "none is installed"
            )
            raise no_environment(
                f"the environment '{environment.name}' has no version {number}; {there}"
            )
        if ready.state != "ready":
            raise _not_ready(environment.name, ready)
    if ready is None:
        raise _not_ready(environment.name, environment.current)
    used = UsedEnvironment(
        *(environment.id, environment.name, ready.id, ready.number, ready.digest),
        pinned=number > 0,
        owner=environment.owner,
    )
    return used, "".join(f"{line}\n" for line in ready.lock_lines).encode()


def find_default(
    context: FreezingContext, owner: str, path: str, of_workflow: str = "", project: str = ""
) -> EnvironmentDefault | None:
    """Return the environment for nodes that name none: of the workflow, project or store.

    `path` is that of the workflow, or of the file that runs alone. `project` is the ID of the
    active project; pushed files belong to their own.
    """
    if of_workflow:
        return EnvironmentDefault(of_workflow, "workflow")
    real = context.files.locate_code(path) if path else None
    of_push = pushed_project(context.store, real) if real else ""
    with context.store.read() as c:
        defaults = context.store.environment_defaults
        return defaults.of_file(c, owner, str(real or ""), of_push or project)


def plan_renewer(context: FreezingContext, owner: str, environment: str) -> Renew:
    """Return the function that plans the tasks of a retried run again.

    Unfinished tasks get the newest version of the environment with the name `environment`. Those
    that did not fail keep another environment, and notebooks in other languages their kernel.
    Without a name, all tasks keep their environments.

    Raises:
        NotFound: the environment does not exist.
        Invalid: the environment is not ready.
    """
    if not environment:
        return plan_for_retry
    used, text = find_used(context, owner, environment)
    lock = context.blobs.put_bytes(text).digest

    def renew(task: TaskRecord) -> TaskPlan:
        plan, store = plan_for_retry(task), context.store
        with store.read() as c:
            version = store.executables.version(c, plan.executable_version_id)
            kind = version.kind if version else ""
            if version and kind == "notebook" and not is_python(version.language):
                return plan
            renewed = renew_plan(plan, used, lock, has_failed=task.state == "failed")
            return without_lock(store, c, owner, renewed, kind)

    return renew


def plan_for_retry(task: TaskRecord) -> TaskPlan:
    """Return the plan of a task for the retry of its run.

    The result of a successful task is reused. Other tasks keep their plans. A map reuses the
    results of its elements.
    """
    if task.plan.map:
        earlier = task.run_id if task.started_at else task.plan.map.earlier
        own = msgspec.structs.replace(task.plan.map, earlier=earlier)
        return msgspec.structs.replace(task.plan, map=own)
    done = task.id if task.state == "succeeded" else task.plan.reuse
    return msgspec.structs.replace(task.plan, reuse=done)


def renew_plan(plan: TaskPlan, used: UsedEnvironment, lock: str, *, has_failed: bool) -> TaskPlan:
    """Return the plan of a retried task with a version of an environment.

    It replaces a requirements file and a kernel, and the other environment of a failed task.
    `lock` is the digest of the stored lock.
    """
    own = plan.environment
    if plan.reuse or plan.pinned or not (has_failed or own is None or own.id == used.id):
        return plan
    # A process uses the installed folder; other runtimes install from the lock.
    digest = "" if plan.runtime == PROCESS else lock
    return msgspec.structs.replace(
        plan, environment=used, requirements="", requirements_digest=digest, kernel=""
    )


def without_lock(store: Store, c: Connection, owner: str, plan: TaskPlan, kind: str) -> TaskPlan:
    """Return the plan, without its lock if the packages of the lock are part of its image.

    That is the case if the image was built from the environment version of the plan.
    """
    used = plan.environment
    if used is None or not plan.image or not plan.requirements_digest:
        return plan
    for image in store.images.built_from_environments(c, owner, plan.image):
        # An image for scripts has no kernel, so a notebook still needs the lock.
        is_whole = image.recipe.for_notebooks or kind != "notebook"
        if (image.environment, image.version) == (used.id, used.number) and is_whole:
            return msgspec.structs.replace(plan, requirements_digest="")
    return plan


def chosen_kernel(of: ReadCode, name: str, node: Node = NOTHING) -> str:
    """Check the kernel that replaces a notebook's own; return its name.

    The result is empty if `name` is empty, or if the executable is no notebook.

    Raises:
        NotFound: the kernel is not installed.
        Invalid: the kernel has another language, or the node also names an environment.
    """
    if of.kind != "notebook" or not name:
        return ""
    if node.environment or node.requirements:
        raise Invalid.field("kernel", "set a kernel or an environment, not both")
    kernels.check_kernel(name, of.language)
    return name


def of_kernel(context: FreezingContext, owner: str, kernel: str) -> str:
    """Return the name of the environment that a kernel belongs to; empty for other kernels."""
    if not kernel.startswith(KERNEL_PREFIX):
        return ""
    with context.store.read() as c:
        return context.store.environments.by_kernel(c, owner, kernel)


def no_environment(why: str) -> NotFound:
    """Return the error for an environment, or a version of one, that does not exist."""
    whole = because("field", path=FIELD, reason=why)
    return NotFound(whole, details=[Detail.of(FIELD, why)])


def _not_ready(name: str, version: EnvironmentVersion) -> Invalid:
    if version.state != "failed":
        why = because(
            "version-not-yet-installed",
            version=version.number,
            name=name,
            state=version.state,
        )
        return Invalid.field(FIELD, why, hint="Try again when it is installed.")
    hint = because("show-environment", name=shlex.quote(name))
    cause = version.reason or "the cause is not recorded"
    return Invalid.field(
        FIELD, f"version {version.number} of '{name}' was not installed: {cause}", hint=hint
    )
