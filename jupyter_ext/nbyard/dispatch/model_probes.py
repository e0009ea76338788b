"""The controller of model probes: load a model once, where a container or worker wrote it.

A probe is an attempt of its own, in the runtime and image of the task. It has no network and no
secrets.
"""

import logging
import os
import stat
import time
from functools import partial
from pathlib import PurePosixPath

import msgspec

from nbyard.attempts import folders
from nbyard.blobs.file_operations import closing
from nbyard.dispatch.attempts.outcomes.store_outputs import check_token
from nbyard.dispatch.context import DispatchContext
from nbyard.dispatch.threads import Threads
from nbyard.domain.attempts.structs import CommandWork, Output, TaskFile
from nbyard.domain.commands.invocations import ATTEMPT
from nbyard.domain.ids import new_id
from nbyard.domain.models.model_probes import MEMORY_BYTES, MODULE, SECONDS, ModelProbe, ProbeAnswer
from nbyard.errors import NbyardError, Unavailable, reason_of
from nbyard.host.model_probe import PLAIN, encode_question
from nbyard.host.project_files import write_new
from nbyard.host.safe_open import open_inside
from nbyard.reasons.structs import because, read_reason
from nbyard.runner.process import processes
from nbyard.runner.reasons import system_error
from nbyard.runtimes.protocol import KnowsImages, Order, Runtime

log = logging.getLogger("nbyard.dispatch")
MODEL, LIB, QUESTION = "inputs/model", "inputs/lib", "inputs/question.json"
ANSWER = "outputs/answer.json"
PYTHON = "python3"
PAUSE_SECONDS = 0.1
# time beyond the limit for the runtime to report the end
GRACE_SECONDS = 30.0
MAX_ANSWER = 8 << 20
INTERRUPTED = because("probe-interrupted")


class ModelProbeController:
    """Runs each probe in its own thread.

    A probe that a killed dispatcher began is not repeated; its answer reports that.
    """

    def __init__(self, context: DispatchContext, threads: Threads):
        self._context = context
        self._rows = context.store.model_probes
        self._threads = threads
        self._is_busy = False

    def tick(self, *, has_news: bool = True) -> bool:
        """Start requested probes; return whether any is in progress."""
        if has_news:
            with self._context.store.read() as c:
                probes = self._rows.open(c)
            for probe in probes:
                self._threads.submit(probe.id, partial(self._answer_and_conclude, probe))
            self._is_busy = bool(probes)
        return self._is_busy

    def _answer_and_conclude(self, probe: ModelProbe) -> None:
        with self._context.write() as c:
            is_new = self._rows.begin(c, probe.id)
        lost = ProbeAnswer(problem=INTERRUPTED, passes=True)
        answer = self._answer(probe) if is_new else lost
        with self._context.write() as c:
            self._rows.conclude(c, probe.id, answer)

    def _answer(self, probe: ModelProbe) -> ProbeAnswer:
        try:
            return ProbeAnswer(text=self._text(probe))
        except Unavailable as error:
            return ProbeAnswer(problem=reason_of(error), passes=True)
        except NbyardError as error:
            return ProbeAnswer(problem=error.reason)
        except OSError as error:
            return ProbeAnswer(problem=read_reason(system_error(error)))

    def _text(self, probe: ModelProbe) -> str:
        """Return the answer that the process of the model wrote."""
        runtime = self._context.runtimes.get(probe.runtime)
        if runtime is None:
            raise Unavailable(because("no-runtime-here", runtime=probe.runtime))
        if isinstance(runtime, KnowsImages) and not runtime.image_id(probe.image):
            raise NbyardError(because("probe-image-gone", image=probe.image_name))
        folder = folders.attempt_folder_of(self._context.folder, probe.id)
        order = Order(
            attempt_id=probe.id,
            store_id=self._context.store.id,
            run_id=probe.id,
            node_id="probe",
            folder=folder,
            mark=new_id(),
            image=probe.image,
            memory_bytes=MEMORY_BYTES,
            offline=True,
        )
        try:
            task = self._fill(probe, order)
            order = msgspec.structs.replace(order, site=runtime.start(order))
            self._wait(runtime, order)
            # The code of the model may have replaced any file.
            result = folders.read_result(folder)
            if result is None:
                raise NbyardError(because("probe-without-result"))
            check_token(result, task.token)
            if result.state != "succeeded":
                said = result.failure.message if result.failure else result.state
                raise NbyardError(because("probe-broke-off", why=because("text", text=said)))
            with closing(open_inside(folder, ANSWER, "answer")) as handle:
                if not stat.S_ISREG(os.fstat(handle).st_mode):
                    raise NbyardError(because("probe-left-folder"))
                with open(handle, "rb", closefd=False) as file:
                    return file.read(MAX_ANSWER).decode("utf-8", "replace")
        finally:
            try:
                runtime.stop(order, because("ended"))
            except (NbyardError, OSError) as error:  # the sweep tries again
                log.warning("probe %s was not stopped: %s", order.attempt_id, error)
            folders.delete_path(order.folder)

    def _fill(self, probe: ModelProbe, order: Order) -> TaskFile:
        """Fill the probe's folder: model, code modules, serving sources, question and task.json."""
        # imported late: unused without models
        from nbyard.images.model_images import serving_sources

        folder = order.folder
        for name in ("code", MODEL, "outputs"):
            (folder / name).mkdir(parents=True, mode=0o700)
        for path, digest in probe.code.items():
            place = folder / "code" / path
            place.parent.mkdir(parents=True, exist_ok=True)
            self._context.blobs.stage(digest, place, writable=True)
        model = PurePosixPath(probe.filename).name
        self._context.blobs.stage(probe.digest, folder / MODEL / model)
        for path, text in serving_sources().items():
            place = folder / LIB / path
            place.parent.mkdir(parents=True, exist_ok=True)
            write_new(str(place), text.encode())
        question = encode_question(f"model/{model}", "../code", probe.tables)
        write_new(str(folder / QUESTION), question)
        argv = [PYTHON, "-m", MODULE, f"{ATTEMPT}/{QUESTION}", f"{ATTEMPT}/{ANSWER}"]
        task = TaskFile(
            attempt_id=probe.id,
            token=new_id(),
            mark=order.mark,
            work=CommandWork(argv, PLAIN | {"PYTHONPATH": f"{ATTEMPT}/{LIB}"}),
            outputs={"answer": Output(ANSWER, "json")},
            timeout_seconds=SECONDS,
            memory_bytes=order.memory_bytes,
            wake=str(self._context.folder / "wake"),
            boot_id=processes.boot_id(),
        )
        folders.write_task(folder, task)
        return task

    def _wait(self, runtime: Runtime, order: Order) -> None:
        """Wait until the probe ends.

        Raises:
            Unavailable: This dispatcher is leaving.
            NbyardError: The probe broke off, or took too long.
        """
        end = time.monotonic() + SECONDS + GRACE_SECONDS
        while time.monotonic() < end and not self._context.stopping.is_set():
            seen = runtime.poll(order)
            if seen.state == "finished":
                return
            if seen.state in ("lost", "absent"):
                gone = seen.reason or because("container-gone")
                raise NbyardError(because("probe-broke-off", why=gone))
            self._context.stopping.wait(PAUSE_SECONDS)
        if self._context.stopping.is_set():
            raise Unavailable(INTERRUPTED)
        raise NbyardError(because("probe-too-slow", seconds=SECONDS))
