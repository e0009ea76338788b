"""From a recorded attempt to a live one: fill its folder, then start it. Both idempotent."""

import os
import platform
from pathlib import Path
from typing import Any

import msgspec

from nbyard import folders, gpus
from nbyard.dispatch.crash import crash_point
from nbyard.dispatch.keys import IDENTITY, environment_of, input_digests, version_of
from nbyard.dispatch.room import Room
from nbyard.domain.attempts import SURROUNDINGS, TASK, Output, Surroundings, TaskFile, Work
from nbyard.domain.environments import EnvironmentRef
from nbyard.domain.executables import ExecutableVersion
from nbyard.domain.planning import ATTEMPT, output_filename
from nbyard.domain.runs import BytesOf, Run, TaskPlan, ValueOf
from nbyard.files import write_whole
from nbyard.kinds.protocol import Reading
from nbyard.kinds.registry import kind_named
from nbyard.runtimes.protocol import Order
from nbyard.store.tasks import AttemptRecord, TaskRecord

REQUIREMENTS = "code/.nbyard-requirements.txt"


class Staged(msgspec.Struct, frozen=True):
    """What lies in an attempt's folder."""

    version: ExecutableVersion
    environment: EnvironmentRef
    inputs: dict[str, BytesOf]
    outputs: dict[str, Output]


def order_of(room: Room, attempt: AttemptRecord, task: TaskRecord) -> Order:
    """What a runtime needs to know of the attempt."""
    plan = task.plan
    return Order(
        attempt_id=attempt.id,
        store_id=room.store.id,
        run_id=task.run_id,
        node_id=task.node,
        folder=folders.place(room.folder, attempt.id),
        mark=attempt.mark,
        site=attempt.site,
        image=plan.image,
        requirements=REQUIREMENTS if plan.requirements_digest else "",
        cpu=plan.cpu,
        memory_bytes=plan.memory_bytes,
        gpu=plan.gpu,
        gpus=attempt.gpus,
    )


def prepare(room: Room, attempt: AttemptRecord, task: TaskRecord, run: Run) -> None:
    """Fill the attempt's folder; task.json comes last. Nothing to do when it is there."""
    folder = folders.place(room.folder, attempt.id)
    if (folder / TASK).exists():
        return
    folders.remove(room.folder, attempt.id)
    with room.store.read() as c:
        version = version_of(room, c, task.plan)
        inputs = input_digests(room, c, task)
    folder.mkdir(parents=True, mode=0o700)
    room.blobs.stage(version.bundle_digest, folder / "code", writable=True)
    _stage_inputs(room, folder, inputs)
    if task.plan.requirements_digest:
        room.blobs.stage(task.plan.requirements_digest, folder / REQUIREMENTS)
    environment = environment_of(room, task.plan, version)
    _write_surroundings(folder, version, environment)
    staged = Staged(version, environment, inputs, _outputs(folder, version))
    folders.write_task(folder, _task_file(room, attempt, task, run, staged))
    crash_point("folder-written")


def _write_surroundings(
    folder: Path, version: ExecutableVersion, environment: EnvironmentRef
) -> None:
    found = Surroundings(
        machine={
            "host": platform.node(),
            "system": platform.platform(),
            "processor": platform.machine(),
            "cores": str(os.cpu_count()),
        },
        kernel=environment.kernel,
        interpreter=environment.interpreter,
        fingerprint=environment.fingerprint,
        executable_version_id=version.id,
        code_digest=version.code_digest,
        bundle_digest=version.bundle_digest,
        lock=environment.lock,
    )
    write_whole(folder / SURROUNDINGS, msgspec.json.format(msgspec.json.encode(found)))


def _stage_inputs(room: Room, folder: Path, inputs: dict[str, BytesOf]) -> None:
    for name, found in inputs.items():
        place = folder / "inputs" / name
        place.mkdir(parents=True)
        room.blobs.stage(found.digest, place / found.filename)


def _outputs(folder: Path, version: ExecutableVersion) -> dict[str, Output]:
    found = {}
    for argument in version.arguments:
        if argument.role == "output":
            place = Path("outputs", argument.name)
            (folder / place).mkdir(parents=True)
            path = (place / output_filename(argument)).as_posix()
            if argument.format == "folder":
                (folder / path).mkdir()
            found[argument.name] = Output(path, argument.format)
    return found


def _task_file(
    room: Room,
    attempt: AttemptRecord,
    task: TaskRecord,
    run: Run,
    staged: Staged,
) -> TaskFile:
    identity = _identity(task, run)
    return TaskFile(
        attempt_id=attempt.id,
        token=attempt.token,
        mark=attempt.mark,
        work=_work(staged, _values(task.plan, staged, identity)),
        outputs=staged.outputs,
        directory=os.path.dirname(f"code/{staged.version.file}"),
        environment={
            **{name.upper(): value for name, value in identity.items()},
            "NBYARD_RUN_NAME": run.name,
            "NBYARD_RESOURCES": str(room.folder / "resources"),
            **_visible_gpus(room, attempt),
            **_cluster(room, task.plan.runtime),
        },
        timeout_seconds=task.plan.timeout_seconds,
        silence_timeout_seconds=task.plan.silence_timeout_seconds,
        memory_bytes=task.plan.memory_bytes,
        wake=str(room.folder / "wake"),
    )


def _visible_gpus(room: Room, attempt: AttemptRecord) -> dict[str, str]:
    """Work on this machine sees the GPUs that it was granted and no others; the engine shows them
    to containers itself."""
    if attempt.runtime != "process" or not gpus.present(room.settings.gpus):
        return {}
    return {"CUDA_VISIBLE_DEVICES": ",".join(attempt.gpus)}


def _cluster(room: Room, runtime: str) -> dict[str, str]:
    """Where work finds the Dask cluster; on one of its workers it is told that worker's address
    of the scheduler, which may be another one than ours."""
    address = room.settings.dask_address
    return {"NBYARD_DASK_ADDRESS": address} if address and runtime != "dask" else {}


def _work(staged: Staged, values: dict[str, Any]) -> Work:
    version = staged.version
    reading = Reading(
        kind=version.kind,
        language=version.language,
        kernel=version.kernel,
        arguments=version.arguments,
        command=version.command,
    )
    return kind_named(version.kind).work(version.file, reading, values, staged.environment)


def _identity(task: TaskRecord, run: Run) -> dict[str, str]:
    found = (run.id, task.node, run.title, "")
    return dict(zip(IDENTITY, found, strict=True))


def _values(plan: TaskPlan, staged: Staged, identity: dict[str, str]) -> dict[str, Any]:
    """Plain values, and places inside the attempt for what is staged or expected."""
    values: dict[str, Any] = {
        name: binding.value
        for name, binding in plan.bindings.items()
        if isinstance(binding, ValueOf)
    }
    for name, found in staged.inputs.items():
        values[name] = f"{ATTEMPT}/inputs/{name}/{found.filename}"
    for name, output in staged.outputs.items():
        values[name] = f"{ATTEMPT}/{output.path}"
    declared = {argument.name for argument in plan.arguments}
    return values | {name: text for name, text in identity.items() if name in declared}
