"""The packages to add for all nodes of a run, after one of them failed to import a module."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import msgspec

from nbyard.domain.naming.runtime_names import DOCKER
from nbyard.errors import NbyardError
from nbyard.freezing.imported_packages import (
    NodeImports,
    Places,
    modules_of_version,
    packages_to_add,
    runs_python,
)

if TYPE_CHECKING:
    from nbyard.domain.executables.structs import ExecutableVersion
    from nbyard.domain.runs.structs import Task, TaskPlan
    from nbyard.services.service_context import ServiceContext


def with_all_missing(parts: ServiceContext, run: str, tasks: list[Task]) -> list[Task]:
    """Return tasks whose `missing` names the packages for all nodes of the run with this ID."""
    if not any(task.missing for task in tasks):
        return tasks
    with parts.store.read() as c:
        plans = [task.plan for task in parts.store.tasks.of_run(c, run)]
        named = {plan.executable_version_id for plan in plans} - {""}
        versions = {each: parts.store.executables.version(c, each) for each in named}
    known = {each: version for each, version in versions.items() if version}
    nodes = imports_of_plans(parts, plans, known)
    completed = []
    for task in tasks:
        missing = task.missing
        if missing:
            environment, own = task.environment.id if task.environment else "", missing.packages
            lacking = packages_to_add(nodes.values(), environment)
            packages = [*(name for name in lacking if name not in own), *own]
            missing = msgspec.structs.replace(missing, packages=packages)
        completed.append(msgspec.structs.replace(task, missing=missing))
    return completed


def imports_of_plans(
    parts: ServiceContext, plans: Iterable[TaskPlan], versions: Mapping[str, ExecutableVersion]
) -> dict[str, NodeImports]:
    """Return by node what the code of these tasks imports; `versions` has their code by ID."""
    places = Places(parts)
    nodes = {}
    for plan in plans:
        version = versions.get(plan.executable_version_id)
        if version is None or plan.pinned or not runs_python(version):
            continue
        has_packages = plan.image or plan.requirements_digest
        runtime = "" if plan.runtime == DOCKER and has_packages else plan.runtime
        try:
            modules = modules_of_version(parts.blobs, version)
        except (NbyardError, OSError):  # a clean-up deleted the code
            continue
        nodes[plan.node] = places.imports(modules, version, plan.environment, runtime, plan.kernel)
    return nodes
