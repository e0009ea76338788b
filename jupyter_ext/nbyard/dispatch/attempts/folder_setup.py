"""Fill the folder of a recorded attempt: code, inputs and task.json. Can be repeated."""

import os
import platform
from pathlib import Path
from typing import Any

import msgspec

from nbyard.attempts import folders
from nbyard.dispatch import command_workdir
from nbyard.dispatch.attempts import input_staging, monitor_controller, secret_delivery
from nbyard.dispatch.cache import partial_results
from nbyard.dispatch.cache.keys import Identities
from nbyard.dispatch.context import DispatchContext
from nbyard.dispatch.state.attempt_snapshot import REQUIREMENTS, AttemptSnapshot
from nbyard.domain.arguments.bindings import OUTPUTS_FILE, Beside, Found
from nbyard.domain.arguments.file_objects import ReferenceFacts
from nbyard.domain.attempts.structs import (
    RUNNER,
    SURROUNDINGS,
    TASK,
    Call,
    FunctionsWork,
    FunctionWork,
    Output,
    Surroundings,
    TaskFile,
    Work,
)
from nbyard.domain.cache_policy import IDENTITY
from nbyard.domain.commands.invocations import ATTEMPT, WORK
from nbyard.domain.environments.references import UsedEnvironment
from nbyard.domain.environments.structs import EnvironmentRef
from nbyard.domain.executables.structs import ExecutableVersion
from nbyard.domain.inspection.functions import split_function_path
from nbyard.domain.naming.runtime_names import DASK, DOCKER, PROCESS
from nbyard.domain.runs.planning import output_filename
from nbyard.domain.runs.structs import BytesOf, TaskPlan, ValueOf
from nbyard.host import hardware
from nbyard.host.kernels import process_variables
from nbyard.host.project_files import write_new
from nbyard.ipc.crash_points import crash_point
from nbyard.kinds.protocol import OwnDefaults, Reading, kind_named
from nbyard.runner.process import processes
from nbyard.runtimes.protocol import Order
from nbyard.transfer import dataset_links
from nbyard.transfer.bundles import stage_bundle

Places = dict[str, str]
MODEL = "model"
SCRATCH_RUN = "NBYARD_SCRATCH_RUN"  # code that changes something elsewhere may skip that
RESULT_KEY = "NBYARD_RESULT_KEY"  # same name as in nbyard.serving.batch.prediction_parts


class FolderContent(msgspec.Struct, frozen=True):
    """What an attempt folder is filled with: code, environment, inputs, outputs and secrets."""

    version: ExecutableVersion
    environment: EnvironmentRef
    inputs: dict[str, BytesOf]
    outputs: dict[str, Output]
    facts: ReferenceFacts = ReferenceFacts()
    secrets: Places = {}


def fill_folder(context: DispatchContext, identities: Identities, snapshot: AttemptSnapshot) -> int:
    """Fill the attempt folder once; return how many rows earlier attempts predicted."""
    folder, done = snapshot.order.folder, 0
    if _is_filled(folder):
        return done
    code, environment = identities.look_up(snapshot.task.plan)
    version = code.version
    if version.kind == MODEL:
        partial_results.set_outputs_aside(context.folder, snapshot.attempt.id)
    _make_anew(folder)
    stage_bundle(context.blobs, version.bundle_digest, folder / "code")
    if version.kind == MODEL:
        command_workdir.write_serving_files(folder, version.command)
    if snapshot.attempt.runtime == PROCESS:
        input_staging.link_datasets(context, folder, version)
    places = input_staging.places_of(version, snapshot.inputs)
    input_staging.stage_inputs(context, folder, version, snapshot.inputs, places)
    input_staging.mark_old_outputs(folder, version)
    if snapshot.task.plan.requirements_digest:
        context.blobs.stage(snapshot.task.plan.requirements_digest, folder / REQUIREMENTS)
    _write_surroundings(identities, folder, snapshot.task.plan, version, environment)
    facts = command_workdir.reference_facts(folder, version, places, snapshot.task.plan)
    outputs, given = (
        _outputs(folder, version),
        secret_delivery.deliver_secrets(context, snapshot, folder),
    )
    staged = FolderContent(version, environment, snapshot.inputs, outputs, facts, given)
    outside = identities.outside_paths(snapshot.task.plan)
    task_file = msgspec.structs.replace(_task_file(context, snapshot, staged), outside=outside)
    if version.invocation.apart:
        command_workdir.create_workdir(context, folder, task_file.work, snapshot.inputs, places)
    if version.kind == MODEL:
        done = partial_results.pass_on_predictions(
            context, snapshot, partial_results.key_of(snapshot, version)
        )
    folders.write_task(folder, task_file)
    crash_point("folder-written")
    return done


def _is_filled(folder: Path) -> bool:
    """Return whether the folder is complete; a reboot may leave partial folders."""
    if not os.path.exists(f"{folder}/{TASK}"):
        return False
    try:
        is_owned = folders.read_task(folder).boot_id == processes.boot_id()
    except (OSError, msgspec.MsgspecError):
        return False
    return is_owned or os.path.exists(f"{folder}/{RUNNER}")


def _make_anew(folder: Path) -> None:
    """Create an empty folder; remove leftovers of a killed dispatcher."""
    try:
        os.mkdir(folder, 0o700)
    except FileNotFoundError:  # the first attempt of the store
        folder.mkdir(parents=True, mode=0o700)
    except FileExistsError:
        folders.delete_path(folder)
        os.mkdir(folder, 0o700)


def fill_worker_folder(
    context: DispatchContext, identities: Identities, order: Order, first: AttemptSnapshot
) -> None:
    """Fill the folder of a function worker; `first` is one of its attempts."""
    folder = order.folder
    if _is_filled(folder):
        return
    code, environment = identities.look_up(first.task.plan)
    version = code.version
    _make_anew(folder)
    stage_bundle(context.blobs, version.bundle_digest, folder / "code")
    if first.attempt.runtime == PROCESS:
        input_staging.link_datasets(context, folder, version)
    _write_surroundings(identities, folder, first.task.plan, version, environment)
    folders.make_calls(folder)
    kept = context.settings.max_other_bytes, context.settings.max_other_files, code.folders
    task_file = TaskFile(
        attempt_id=order.attempt_id,
        token=order.mark,
        mark=order.mark,
        work=FunctionsWork(
            f"code/{split_function_path(version.file).file}", environment.interpreter, *kept
        ),
        outputs={},
        directory=os.path.dirname(f"code/{version.file}"),
        environment=_variables(context, first) | _paths(first.task.plan, version, environment),
        wake=str(context.folder / "wake"),
        boot_id=processes.boot_id(),
        outside=identities.outside_paths(first.task.plan),
    )
    folders.write_task(folder, task_file)
    crash_point("folder-written")


def call_of(context: DispatchContext, identities: Identities, snapshot: AttemptSnapshot) -> Call:
    """Return the call for a function worker, after staging the inputs of the attempt."""
    code, environment = identities.look_up(snapshot.task.plan)
    if snapshot.inputs:
        folders.delete_path(snapshot.order.folder)
        places = input_staging.places_of(code.version, snapshot.inputs)
        input_staging.stage_inputs(
            context, snapshot.order.folder, code.version, snapshot.inputs, places
        )
    staged = FolderContent(code.version, environment, snapshot.inputs, outputs_of(code.version))
    work = _work(staged, _values(context, snapshot, staged))
    assert isinstance(work, FunctionWork)
    return Call(
        attempt_id=snapshot.attempt.id,
        token=snapshot.attempt.token,
        node=snapshot.task.node,
        function=work.function,
        parameters=work.parameters,
        files=work.files,
        outputs=staged.outputs,
        timeout_seconds=snapshot.task.plan.timeout_seconds,
    )


def _write_surroundings(
    identities: Identities,
    folder: Path,
    plan: TaskPlan,
    version: ExecutableVersion,
    environment: EnvironmentRef,
) -> None:
    """Write surroundings.json, built once for all attempts with the same content."""
    used = plan.environment
    same = (version.id, version.bundle_digest, environment.fingerprint, repr(used))
    known = identities.surroundings.get(same)
    if known is None:
        known = identities.surroundings[same] = surroundings_of(version, environment, used)
    write_new(f"{folder}/{SURROUNDINGS}", known)


def surroundings_of(
    version: ExecutableVersion, environment: EnvironmentRef, used: UsedEnvironment | None = None
) -> bytes:
    """Return the content of surroundings.json: the machine, code and environment of attempts."""
    surroundings = Surroundings(
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
        environment=used,
    )
    return msgspec.json.format(msgspec.json.encode(surroundings))


def _outputs(folder: Path, version: ExecutableVersion) -> dict[str, Output]:
    outputs = outputs_of(version)
    if outputs:
        os.mkdir(f"{folder}/outputs")
    for name, output in outputs.items():
        os.mkdir(f"{folder}/outputs/{name}")
        if output.format == "folder" and not (output.declared_in or output.at):
            os.mkdir(f"{folder}/{output.path}")
        if output.at:  # bundles have no empty folders
            os.makedirs(os.path.dirname(f"{folder}/{output.at}"), exist_ok=True)
    return outputs


def outputs_of(version: ExecutableVersion) -> dict[str, Output]:
    """Return the declared outputs of an executable version, keyed by argument name.

    Each has the path below the attempt folder where the work must leave it.
    """
    outputs: dict[str, Output] = {}
    for argument in version.arguments:
        if argument.role != "output":
            continue
        name, place = argument.name, f"outputs/{argument.name}"
        match argument.reach:
            case Beside() as reach:
                outputs[name] = Output(
                    place,
                    argument.format,
                    not argument.nullable,
                    declared_in=OUTPUTS_FILE,
                    beside=reach.of,
                    pattern=reach.pattern,
                    value=reach.parts,
                )
            case Found() as reach:
                companions = [
                    {
                        "pattern": companion.pattern,
                        "value": companion.beside.parts,
                        "required": companion.required,
                    }
                    for companion in argument.companions
                ]
                outputs[name] = Output(
                    place,
                    argument.format,
                    not argument.nullable,
                    several=argument.type == "list",
                    only=reach.only,
                    declared_in=OUTPUTS_FILE,
                    key=reach.key,
                    companions=companions,
                )
            case _:
                at = input_staging.place_of(argument, version)
                filename = os.path.basename(at) or output_filename(argument)
                outputs[name] = Output(f"{place}/{filename}", argument.format, at=at)
        outputs[name] = msgspec.structs.replace(outputs[name], output_class=argument.output_class)
    return outputs


def _task_file(
    context: DispatchContext, snapshot: AttemptSnapshot, staged: FolderContent
) -> TaskFile:
    plan, version, values = snapshot.task.plan, staged.version, _values(context, snapshot, staged)
    environment = _variables(context, snapshot) | _paths(plan, version, staged.environment)
    if version.kind == MODEL:  # partial predictions are found again under this key
        environment[RESULT_KEY] = partial_results.key_of(snapshot, version)
    return TaskFile(
        attempt_id=snapshot.attempt.id,
        token=snapshot.attempt.token,
        mark=snapshot.attempt.mark,
        work=_work(staged, values),
        outputs=command_workdir.resolve_outputs(version, staged.outputs, values, staged.facts),
        directory=WORK if version.invocation.apart else os.path.dirname(f"code/{version.file}"),
        environment=environment,
        timeout_seconds=plan.timeout_seconds,
        silence_timeout_seconds=plan.silence_timeout_seconds,
        memory_bytes=plan.memory_bytes,
        wake=str(context.folder / "wake"),
        boot_id=processes.boot_id(),
    )


def _variables(context: DispatchContext, snapshot: AttemptSnapshot) -> dict[str, str]:
    """Return the environment variables that every kind of work gets."""
    attempt, plan, settings = snapshot.attempt, snapshot.task.plan, context.settings
    variables = {name.upper(): value for name, value in _identity(snapshot).items()}
    variables["NBYARD_RUN_NAME"] = snapshot.run.name
    if snapshot.run.is_scratch:
        variables[SCRATCH_RUN] = snapshot.run.origin.kind
    variables[dataset_links.VARIABLE] = str(context.folder / dataset_links.FOLDER)
    seen = attempt.gpus
    if attempt.runtime == DOCKER and any(gpu.isdecimal() for gpu in seen):
        seen = [str(number) for number in range(len(seen))]  # a container counts its own from 0
    if seen or (
        attempt.runtime == PROCESS and hardware.gpu_source(settings.gpus) != hardware.NOBODY
    ):
        variables["CUDA_VISIBLE_DEVICES"] = ",".join(seen)
        variables["CUDA_DEVICE_ORDER"] = "PCI_BUS_ID"  # by itself, CUDA counts the fastest first
    # Work on a Dask worker gets that worker's scheduler address, which may differ.
    if settings.dask_address and plan.runtime != DASK:
        variables["NBYARD_DASK_ADDRESS"] = settings.dask_address
        if plan.runtime == PROCESS:  # a container cannot see these files
            tls = {
                "CA_FILE": settings.dask_tls_ca_file,
                "CLIENT__CERT": settings.dask_tls_cert,
                "CLIENT__KEY": settings.dask_tls_key,
            }
            variables |= {f"DASK_DISTRIBUTED__COMM__TLS__{name}": v for name, v in tls.items() if v}
    return variables | monitor_controller.port_variables_of(context.folder, attempt, plan)


def _paths(
    plan: TaskPlan, version: ExecutableVersion, environment: EnvironmentRef
) -> dict[str, str]:
    """Return variables to find an environment's programs; notebooks get them from their kernel."""
    if not plan.environment or plan.runtime != PROCESS or version.kind == "notebook":
        return {}
    place = Path(environment.interpreter).parents[1]
    return process_variables(place, os.environ.get("PATH", os.defpath))


def _work(staged: FolderContent, values: dict[str, Any]) -> Work:
    version = staged.version
    reading = Reading(
        kind=version.kind,
        language=version.language,
        kernel=version.kernel,
        arguments=version.arguments,
        command=version.command,
        invocation=version.invocation,
        facts=staged.facts,
    )
    return kind_named(version.kind).work(version.file, reading, values, staged.environment)


def _identity(snapshot: AttemptSnapshot) -> dict[str, str]:
    fields = (snapshot.run.id, snapshot.task.node, snapshot.run.title, snapshot.run.scheduled_at)
    return dict(zip(IDENTITY, fields, strict=True))


def _values(
    context: DispatchContext, snapshot: AttemptSnapshot, staged: FolderContent
) -> dict[str, Any]:
    """Return argument values: plain values, and paths in the attempt for files.

    Defaults that the code sets itself are left out, because JSON turns a tuple into a list.
    """
    plan = snapshot.task.plan
    plain = {name: bound for name, bound in plan.bindings.items() if isinstance(bound, ValueOf)}
    has_defaults = any(bound.is_default for bound in plain.values())
    if has_defaults and _has_own_defaults(context, staged.version):
        plain = {name: bound for name, bound in plain.items() if not bound.is_default}
    values: dict[str, Any] = {name: bound.value for name, bound in plain.items()}
    if staged.version.invocation.apart:
        # The working folder cannot reach default files in the bundle directly.
        beside = os.path.dirname(f"code/{staged.version.file}")
        values |= {
            argument.name: f"{ATTEMPT}/{os.path.normpath(f'{beside}/{value}')}"
            for argument in plan.arguments
            if argument.role == "input" and isinstance(value := values.get(argument.name), str)
        }
    for name, place in input_staging.places_of(staged.version, staged.inputs).items():
        values[name] = f"{ATTEMPT}/{place}"
    values |= staged.secrets
    for name, output in staged.outputs.items():
        values[name] = f"{ATTEMPT}/{output.path}"
    declared = {argument.name for argument in plan.arguments}
    return values | {name: text for name, text in _identity(snapshot).items() if name in declared}


def _has_own_defaults(context: DispatchContext, version: ExecutableVersion) -> bool:
    def content() -> bytes:
        with context.blobs.open(version.content_digest) as handle:
            return bytes(handle.read())

    kind = kind_named(version.kind)
    return isinstance(kind, OwnDefaults) and kind.has_own_defaults(version.language, content)
