"""Cache keys: all that a task's result depends on, put together when it is about to run."""

from typing import Any

import msgspec

from nbyard import bundles, kernels
from nbyard.dispatch.room import Room
from nbyard.domain.digest import KeyParts, digest_of
from nbyard.domain.environments import EnvironmentRef, Lock
from nbyard.domain.executables import ExecutableVersion
from nbyard.domain.runs import BytesOf, ResultOf, TaskPlan, ValueOf
from nbyard.errors import NotFound
from nbyard.store import Connection
from nbyard.store.tasks import TaskRecord

# names under which a notebook may ask for its run's identity; never part of a key
IDENTITY = ("nbyard_run_id", "nbyard_node_id", "nbyard_workflow", "nbyard_scheduled_at")


def version_of(room: Room, c: Connection, plan: TaskPlan) -> ExecutableVersion:
    """The frozen code of a task.

    Raises:
        NotFound: it was removed meanwhile.
    """
    version = room.store.executables.version(c, plan.executable_version_id)
    if version is None:
        raise NotFound(f"The code of {plan.label} is no longer in the store.")
    return version


def input_digests(room: Room, c: Connection, task: TaskRecord) -> dict[str, BytesOf]:
    """The bytes behind every bound input; results of earlier tasks are looked up."""
    found: dict[str, BytesOf] = {}
    states = room.store.tasks.states(c, task.run_id)
    for name, binding in task.plan.bindings.items():
        if isinstance(binding, BytesOf):
            found[name] = binding
        elif isinstance(binding, ResultOf):
            artifact = room.store.artifacts.of_task(c, states[binding.node][0]).get(binding.output)
            if artifact is None:
                raise NotFound(f"{binding.node} made no output {binding.output}.")
            found[name] = BytesOf(artifact.digest, artifact.filename, binding.node)
    return found


def environment_of(room: Room, plan: TaskPlan, version: ExecutableVersion) -> EnvironmentRef:
    """Where the task would run: an interpreter or kernel here, or what an image or worker has."""
    if plan.runtime != "process":
        installed, lock = _installed(room, plan)
        return EnvironmentRef(
            kernel=version.kernel or "python3",
            language=version.language,
            interpreter="python3",
            fingerprint=f"{plan.runtime} {installed}",
            lock=lock,
        )
    if version.kind == "notebook":
        return kernels.kernel(version.kernel, version.language)
    if version.language == "python":
        return kernels.python()
    return kernels.program(version.command[0] if version.command else version.file)


def _installed(room: Room, plan: TaskPlan) -> tuple[str, Lock | None]:
    """What there is where the task would run, as far as its runtime knows."""
    runtime = room.runtimes.get(plan.runtime)
    ask = getattr(runtime, "lock", None)
    if ask is not None:
        lock: Lock | None = ask()
        return (digest_of(msgspec.to_builtins(lock)) if lock else "", lock)
    image = plan.image or room.settings.docker_base_image
    # a tag may stand for other bytes tomorrow: the engine's id of it counts too
    identity = getattr(runtime, "image_id", _unknown)(image)
    return f"{image} {identity} {plan.requirements_digest}", None


def _unknown(image: str) -> str:
    return ""


def key_parts(
    room: Room,
    plan: TaskPlan,
    version: ExecutableVersion,
    inputs: dict[str, BytesOf],
    environment: EnvironmentRef,
) -> KeyParts:
    """Everything that the result depends on."""
    values: dict[str, Any] = {
        name: binding.value
        for name, binding in plan.bindings.items()
        if isinstance(binding, ValueOf) and name not in IDENTITY
    }
    with room.blobs.open(version.content_digest) as handle:
        text = handle.read().decode("utf-8", "replace")
    files = {
        entry.path: entry.digest
        for entry in room.blobs.tree(version.bundle_digest).files
        if bundles.matters(entry.path, version.file, text)
    }
    shape = [(a.name, a.role, a.type, a.format, a.reach) for a in version.arguments]
    declaration = digest_of([msgspec.to_builtins(shape), version.command, version.kernel])
    return KeyParts(
        code=version.code_digest,
        values=values,
        inputs={name: found.digest for name, found in inputs.items()},
        files=files,
        environment=environment.fingerprint,
        declaration=declaration,
    )
