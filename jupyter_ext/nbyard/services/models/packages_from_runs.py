"""Builds model packages from outputs of runs.

An output is a folder with a model file or MLflow model, or a file of pickle or joblib.
"""

from __future__ import annotations

import re
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from nbyard.blobs.trees import Tree, TreeEntry
from nbyard.domain.attempts.structs import Observed, Surroundings
from nbyard.domain.environments.requirements import normal_name
from nbyard.domain.environments.structs import Package as InstalledPackage
from nbyard.domain.file_formats import format_of
from nbyard.domain.ids import new_id
from nbyard.domain.inspection.functions import split_function_path
from nbyard.domain.models.model_probes import (
    FIELD,
    HINT,
    SECONDS,
    KnownTable,
    ModelProbe,
    ProbeAnswer,
    ReportedModel,
)
from nbyard.domain.models.schema_notations import UNNAMED, columns_of_table, target_of
from nbyard.domain.models.structs import (
    HTTP,
    ModelFile,
    RunOutput,
    is_packed,
    package_name,
)
from nbyard.domain.naming.runtime_names import DOCKER, PROCESS
from nbyard.domain.naming.unique_names import nearest_names
from nbyard.domain.runs.checks import refuse_scratch
from nbyard.domain.runs.structs import BytesOf, ResultOf
from nbyard.errors import Invalid, NotFound, Unavailable
from nbyard.host.model_probe import Question, probe_error, probe_model, read_reported_model
from nbyard.reasons.structs import because
from nbyard.services.models.packages import Package, checked_lines, model_file_in, read_folder
from nbyard.services.runs.attempt_views import surroundings
from nbyard.services.runs.attempts import attempts_behind

if TYPE_CHECKING:
    from nbyard.domain.callers import Caller
    from nbyard.domain.datasets.table_descriptions import TablePage
    from nbyard.domain.executables.structs import ExecutableVersion
    from nbyard.domain.runs.structs import Artifact, Run
    from nbyard.services.service_context import ServiceContext
    from nbyard.store.runs.tasks import TaskRecord

# Extra time to wait in the queue, start the container and clean up.
MORE_SECONDS = 120.0
PAUSE_SECONDS = 0.1
UNKNOWN = because("model-origin-unknown")
NO_IMAGE = "the record of the image in which its node ran was deleted: run the node again"
START = "Start the container engine (nbyard doctor shows its state) and try again."
TABLES = ("csv", "tsv", "jsonl", "parquet", "arrow")
LOOKED_AT = 200
MAX_TABLES = 5
MAX_HEAD = 8
MAX_TEXT = 4 << 20
# Marks the parameters of notebooks that are outputs.
PREFIX = "output_"
# JupyterLab's default file names, which say nothing about the model
UNTITLED = re.compile(r"untitled\d*\Z", re.IGNORECASE)


class Origin(NamedTuple):
    """Where a task ran: its runtime ("" if unknown), and what was recorded about the place."""

    runtime: str
    recorded: Surroundings | None

    @property
    def is_here(self) -> bool:
        """Return whether a process on this machine wrote the outputs, as the server's user."""
        return self.runtime == PROCESS


def origin_of(context: ServiceContext, caller: Caller, task: TaskRecord) -> Origin:
    """Return where the attempt ran that wrote a task's outputs.

    For a cached task, that was earlier.
    """
    plan = task.plan
    with context.store.read() as c:
        shown = context.store.tasks.view(c, task.run_id, task.node)
        attempts = attempts_behind(context.store, c, caller, shown) if shown else []
    if not attempts or shown is None:
        is_another = bool(plan.reuse or plan.pinned)
        return Origin("" if is_another else plan.runtime, None)
    there = msgspec.structs.replace(shown, attempts=attempts)
    return Origin(attempts[-1].runtime, surroundings(context.store.folder, there))


def probe_at_origin(
    context: ServiceContext,
    origin: Origin,
    file: Artifact,
    code: Mapping[str, str],
    tables: list[KnownTable],
) -> ReportedModel:
    """Request that the dispatcher loads a model where its task ran.

    Return the model's description.

    Raises:
        Invalid: The model cannot be loaded, or its origin is unknown.
        Unavailable: The engine or the dispatcher does not respond.
    """
    image = origin.recorded.image if origin.recorded else None
    if not origin.runtime:
        raise Invalid.field(FIELD, UNKNOWN, hint=HINT)
    if origin.runtime == DOCKER and image is None:
        raise Invalid.field(FIELD, NO_IMAGE, hint=HINT)
    probe = ModelProbe(
        id=new_id(),
        runtime=origin.runtime,
        image=image.id if image else "",
        image_name=image.name if image else "",
        digest=file.digest,
        filename=file.filename,
        code=dict(code),
        tables=tables,
    )
    answer = _wait_for_answer(context, probe)
    if answer.passes:
        cause = answer.problem or "the cause is not recorded"
        why = f"A model that was created in a container can be loaded only in a container: {cause}"
        raise Unavailable(why, hint=f"{START} {HINT}")
    if answer.problem:
        raise probe_error(answer.problem)
    return read_reported_model(answer.text)


def _wait_for_answer(context: ServiceContext, probe: ModelProbe) -> ProbeAnswer:
    rows, end = context.store.model_probes, time.monotonic() + SECONDS + MORE_SECONDS
    with context.writing_work(is_new=True) as c:
        rows.insert(c, probe)
    try:
        # The answer is a row, because the dispatcher may run in another process or machine.
        while time.monotonic() < end:
            with context.store.read() as c:
                answer = rows.answer(c, probe.id)
            if answer is not None:
                return answer
            # Start a dispatcher again if the former one was killed before it answered.
            context.watch()
            time.sleep(PAUSE_SECONDS)
    finally:
        with context.store.write() as c:
            # No other process reads the row, also if this request gives up.
            rows.delete(c, probe.id)
    return ProbeAnswer(problem=because("dispatcher-silent"), passes=True)


class Output(NamedTuple):
    """An output of a run, with its task and the version of the code that wrote it."""

    run: Run
    task: TaskRecord
    file: Artifact
    version: ExecutableVersion | None
    is_shared: bool

    @property
    def source(self) -> RunOutput:
        return RunOutput(
            self.run.id,
            self.run.number,
            self.run.name or self.run.title,
            self.task.id,
            self.task.node,
            self.file.name,
            self.file.filename,
            self.file.digest,
        )

    @property
    def name(self) -> str:
        title = "" if UNTITLED.match(self.run.title) else self.run.title
        node = "" if title and not self.is_shared else self.task.plan.label
        return package_name(title, node, self.file.name.removeprefix(PREFIX))

    def maker(self, context: ServiceContext, caller: Caller) -> Output:
        """Return the output of a container or cluster with the same bytes, else this output.

        A process may have copied that file. The copy is just as unsafe to load outside a container.
        """
        store = context.store
        with store.read() as c:
            source = store.artifacts.written_outside(c, caller.name, self.file.digest, PROCESS)
            run = store.runs.get(c, caller.name, source[0]) if source else None
            task = store.tasks.of_node(c, *source) if source else None
            if run is None or task is None:
                return self
            version = store.executables.version(c, task.plan.executable_version_id)
        return self._replace(run=run, task=task, version=version)

    def code(self, context: ServiceContext) -> dict[str, TreeEntry]:
        """Return the Python modules in the folder of the task's code, by relative path."""
        version = self.version
        if version is None or not version.bundle_digest.startswith("tree:"):
            return {}
        above = str(PurePosixPath(split_function_path(version.file).file).parent)
        prefix = "" if above == "." else f"{above}/"
        return {
            entry.path.removeprefix(prefix): msgspec.structs.replace(
                entry, path=entry.path.removeprefix(prefix)
            )
            for entry in context.blobs.tree(version.bundle_digest).files
            if entry.path.startswith(prefix) and entry.path.endswith(".py")
        }


class SampledTable(NamedTuple):
    """A table that the task read: its first rows as a page, and its description for a model."""

    page: TablePage
    known: KnownTable


def package_of_output(context: ServiceContext, caller: Caller, run: str, output: str) -> Package:
    """Return the package of a run's output, named `NODE.OUTPUT`, or `OUTPUT` if that is unique.

    Raises:
        NotFound: The run or output does not exist.
        Invalid: The output is no model, or does not declare its inputs.
    """
    run_output = find_output(context, caller, run, output)
    if run_output.file.digest.startswith("tree:"):
        return _package_of_folder(context, run_output)
    with context.blobs.open(run_output.file.digest) as content:
        if not is_packed(content.read(MAX_HEAD)):
            why = (
                f"{run_output.file.filename} is neither a pickle or joblib file nor a folder with"
                " a model file or MLmodel"
            )
            raise Invalid.field("output", why, hint=HINT)
    return _package_of_pickle(context, caller, run_output)


def is_of_same_step(
    context: ServiceContext, caller: Caller, mine: RunOutput
) -> Callable[[RunOutput], bool]:
    """Return a function that tests whether an output is from the same node of the same workflow.

    It may be of another run. For deleted runs, only their titles are compared.
    """
    runs, store = context.store.runs, context.store
    with store.read() as c:
        run = runs.get(c, caller.name, mine.run_id)
    titles = {run.name, run.title} if run else {mine.run_title}

    def is_same(other: RunOutput) -> bool:
        if (other.node, other.output) != (mine.node, mine.output):
            return False
        with store.read() as c:
            before = runs.get(c, caller.name, other.run_id)
        if run is None or before is None:
            then = {before.name, before.title} if before else {other.run_title}
            return not titles.isdisjoint(then)
        if run.workflow_id or before.workflow_id:
            return run.workflow_id == before.workflow_id
        return (run.path, run.title) == (before.path, before.title)

    return is_same


def find_output(context: ServiceContext, caller: Caller, key: str, output: str) -> Output:
    """Return an output of a run, named as for `package_of_output`.

    Raises:
        NotFound: The run or output does not exist.
        Invalid: Several outputs have the name.
    """
    store = context.store
    with store.read() as c:
        run = store.runs.get(c, caller.name, key) if key else None
        if run is None:
            raise NotFound(f"There is no run '{key[:80]}'." if key else "A run is needed.")
        refuse_scratch(run)
        tasks = {task.node: task for task in store.tasks.of_run(c, run.id)}
        steps = list(tasks)
        files = sorted(
            store.artifacts.of_run(c, run.id), key=lambda artifact: steps.index(artifact.node)
        )
        fits = []
        for file in files:
            names = {file.name, file.name.removeprefix(PREFIX)}
            nodes = (file.node, tasks[file.node].plan.label)
            if output in names | {f"{node}.{name}" for node in nodes for name in names}:
                fits.append(file)
        if len(fits) > 1:
            several = [f"{artifact.node}.{artifact.name}" for artifact in fits]
            why = f"run {run.number} has several outputs: {', '.join(several)}"
            raise Invalid.field("output", why)
        if not files:
            raise NotFound(f"Run {run.number} has no output: it is {run.state}.")
        if not fits:
            there = nearest_names([f"{file.node}.{file.name}" for file in files], output)
            raise NotFound(f"Run {run.number} has no output '{output[:80]}'; {there}.")
        task = tasks[fits[0].node]
        version = store.executables.version(c, task.plan.executable_version_id)
    is_shared = sum(file.name == fits[0].name for file in files) > 1
    return Output(run, task, fits[0], version, is_shared)


def _package_of_folder(context: ServiceContext, output: Output) -> Package:
    with tempfile.TemporaryDirectory(prefix="nbyard-model-") as name:
        folder = Path(name) / "model"
        inside = context.blobs.tree(output.file.digest).files
        # The files that describe a model are small. Weights of gigabytes need not be copied.
        texts = {entry.path: entry for entry in inside if entry.size_bytes <= MAX_TEXT}
        _stage(context, texts, folder)
        file = model_file_in(folder)
        if file is None:
            why = f"the folder {output.file.filename} has neither a model file nor MLmodel"
            raise Invalid.field("output", why, hint=HINT)
        model = read_folder(context, folder.resolve(), file.resolve())
    # The sample is the first row that has all inputs, of the tables that the task read.
    names = [column.name for column in model.inputs]
    tables = (sampled.known for sampled in _input_tables(context, output))
    rows = (dict(zip(table.names, row, strict=False)) for table in tables for row in table.rows)
    whole = (row for row in rows if all(row.get(name) is not None for name in names))
    sample = {name: row[name] for row in islice(whole, 1) for name in names}
    model = msgspec.structs.replace(model, sample=sample)
    if model.flavour == "mlflow":
        model = msgspec.structs.replace(model, name=output.name)
    return Package(model, output.file.digest, source=output.source)


def _package_of_pickle(context: ServiceContext, caller: Caller, output: Output) -> Package:
    maker = output.maker(context, caller)
    seen = list(_input_tables(context, maker))
    origin, code = origin_of(context, caller, maker.task), maker.code(context)
    tables = [sampled.known for sampled in seen]
    # Loading a pickle executes code. Code from a container is executed only in a container.
    if origin.is_here:
        probe = _probe(context, output, code, tables)
    else:
        digests = {path: entry.digest for path, entry in code.items()}
        probe = probe_at_origin(context, origin, output.file, digests, tables)
    lock = origin.recorded.lock if origin.recorded else None
    lines = "\n".join(pins_as_recorded(probe.requirements, lock.packages if lock else []))
    missing = [*probe.elsewhere, *probe.unknown]
    if missing:
        why = (
            "it needs packages that were not installed from an index:"
            f" {', '.join(missing[:MAX_TABLES])}"
        )
        raise Invalid.field("output", why, hint=HINT)
    outputs = probe.outputs
    # Libraries such as scikit-learn do not record the name of the target column.
    if [output.name for output in outputs] == [UNNAMED]:
        name, features = UNNAMED, [column.name for column in probe.inputs]
        used = next((sampled for place, sampled in enumerate(seen) if place == probe.table), None)
        if used is not None:
            name = target_of(used.page, features, probe.classes, outputs[0].type)
        outputs = [msgspec.structs.replace(outputs[0], name=name)]
    file = PurePosixPath(output.file.filename).name
    model = ModelFile(
        name=output.name,
        mode=HTTP,
        src=".",
        module="",
        class_name="",
        flavour="pickle",
        file=file,
        inputs=probe.inputs,
        outputs=outputs,
        requirements=checked_lines(context, lines, "output.requirements"),
        sample=probe.sample,
    )
    entries = [TreeEntry(file, output.file.digest, output.file.size_bytes)]
    entries += [code[name] for name in probe.files if name in code and name != file]
    bundle = context.blobs.put_tree(Tree(entries))
    return Package(model, bundle.digest, source=output.source)


def pins_as_recorded(lines: Sequence[str], packages: Sequence[InstalledPackage]) -> list[str]:
    """Return pins such as `numpy==2.4.1` for the packages in `lines`, with the recorded versions.

    These may differ from the versions that are installed now.
    """
    # PyPI has no local versions such as 2.4.1+cpu.
    versions = {
        normal_name(package.name): package.version.partition("+")[0] for package in packages
    }
    pins = (line.partition("==") for line in lines)
    return [f"{name}=={versions.get(normal_name(name), now)}" for name, _, now in pins]


def _probe(
    context: ServiceContext, output: Output, code: Mapping[str, TreeEntry], tables: list[KnownTable]
) -> ReportedModel:
    """Describe the model in a local process that sees the modules of its code."""
    from nbyard.images.model_images import serving_sources

    context.store.isolation.check_code_here("load models outside of containers")
    interpreter, variables = _interpreter_of_task(context, output)
    context.blobs.open_seekable(
        output.file.digest
    ).close()  # verify the bytes before they are loaded
    with tempfile.TemporaryDirectory(prefix="nbyard-model-") as name:
        folder = Path(name) / "code"
        _stage(context, code, folder)
        file = context.blobs.path(output.file.digest).absolute()
        question = Question(file, folder, tables, serving_sources())
        return probe_model(question, interpreter, variables)


def _stage(context: ServiceContext, entries: Mapping[str, TreeEntry], folder: Path) -> None:
    folder.mkdir()
    for path, entry in entries.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        context.blobs.stage(entry.digest, place, writable=True)


def _interpreter_of_task(context: ServiceContext, output: Output) -> tuple[str, Mapping[str, str]]:
    """Return the Python of the task's environment or local kernel, else that of nbyard."""
    from nbyard.host import kernels

    plan, version = output.task.plan, output.version
    if plan.environment is not None:
        with context.store.read() as c:
            used = context.store.environments.version(c, plan.environment.version_id)
        place = Path(used.place) / "bin/python" if used and used.place else Path()
        if place.is_file():
            return str(place), kernels.ALONE
    if version is not None and version.kind == "notebook" and plan.runtime == PROCESS:
        try:
            other = "" if plan.kernel else version.language
            return kernels.find_kernel(plan.kernel or version.kernel, other).interpreter, {}
        except NotFound:  # the kernel was removed since
            pass
    return kernels.python_interpreter().interpreter, {}


def _input_tables(context: ServiceContext, output: Output) -> Iterator[SampledTable]:
    """Yield the tables that the task got as inputs, then those that it read beside its code.

    Of a folder, only the first table is used.
    """
    from nbyard.tabular import TableFile

    read: list[tuple[str, str]] = []
    for binding in output.task.plan.bindings.values():
        digest, filename = "", ""
        if isinstance(binding, BytesOf):
            digest, filename = binding.digest, binding.filename
        elif isinstance(binding, ResultOf):
            with context.store.read() as c:
                task = context.store.tasks.of_node(c, output.run.id, binding.node)
                made = context.store.artifacts.of_task(c, task.id) if task else {}
            if binding.output in made:
                digest, filename = made[binding.output].digest, made[binding.output].filename
        if digest.startswith("tree:"):
            inside = context.blobs.tree(digest).files
            tables = [(file.digest, file.path) for file in inside if format_of(file.path) in TABLES]
            digest, filename = tables[0] if tables else ("", "")
        if digest and format_of(filename) in TABLES:
            read.append((digest, filename))
    known = {digest for digest, _ in read}
    read += [file for file in _tables_in_code_folder(context, output) if file[0] not in known]
    for digest, filename in read[:MAX_TABLES]:
        try:
            table = TableFile(context.blobs.path(digest), filename, digest)
            page = context.tables.page(table, 0, LOOKED_AT)
            columns = columns_of_table(page, format_of(filename))
            names = [column.name for column in page.columns]
            yield SampledTable(page, KnownTable(filename, columns, names, page.rows))
        except (Invalid, NotFound):  # not a table, or deleted
            continue


def _tables_in_code_folder(context: ServiceContext, output: Output) -> list[tuple[str, str]]:
    """Return digest and path of each table beside the code that the task has read, if recorded."""
    version, task_id = output.version, output.task.id
    if version is None or not version.bundle_digest.startswith("tree:"):
        return []
    with context.store.read() as c:
        recorded = context.store.tasks.files_and_warnings(c, [task_id]).get(task_id, {})
    observed = msgspec.convert(recorded.get("observed"), Observed | None)
    read = set(observed.read) if observed else set()
    files = context.blobs.tree(version.bundle_digest).files
    tables = [file for file in files if file.path in read and format_of(file.path) in TABLES]
    return [(file.digest, file.path) for file in tables]
