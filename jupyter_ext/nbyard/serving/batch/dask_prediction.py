"""Predicts on all workers of a Dask cluster, from a task that runs on one of them.

Workers do not have nbyard. An archive with the model and the serving code is sent once to each
worker. The functions for workers are sent as text (`dask_worker_functions`). Each thread of a
worker has its own process with the model (`child_process`). A process that dies is replaced.
Another worker predicts the pieces of a lost worker.

Answers come in the order of the pieces. At most two pieces per thread of the cluster are in
progress.
"""

from __future__ import annotations

import io
import json
import logging
import os
import sys
import tarfile
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nbyard.serving
from nbyard.runner.handoff import text_format
from nbyard.serving.batch import dask_worker_functions
from nbyard.serving.codec import BadAnswer, ValueRefused
from nbyard.serving.dask_worker_code import EXPRESSION, SCHEDULER, WORKER, WorkerCode
from nbyard.serving.models import ModelFailed, Spec

from .predict_files import Numbered, Over
from .table_files import CannotRead

log = logging.getLogger("nbyard.serving")
CONNECT_SECONDS = 10
AHEAD = 2
PIECE_BYTES = 4 * 2**20
LEFT_OUT = ("__pycache__", ".nbyard")
CODE = WorkerCode("nbyard_pieces", dask_worker_functions)
REFUSALS: dict[str, type[ValueRefused]] = {"refused": ValueRefused, "answer": BadAnswer}


@contextmanager
def predict_on_cluster(spec: Spec) -> Iterator[Over | None]:
    """Yield a function that predicts on the cluster.

    Yields None if this process is not on a worker of a cluster, or cannot connect to the cluster.
    """
    client = _client()
    if client is None:
        yield None
        return
    try:
        with ClusterPrediction(client, spec) as spreading:
            yield spreading.predict
    finally:
        client.close()


def _client() -> Any:
    if not os.environ.get(WORKER) or not os.environ.get(SCHEDULER):
        return None
    try:
        from distributed import Client

        logging.getLogger("distributed").setLevel(logging.ERROR)
        options: dict[str, Any] = {"timeout": CONNECT_SECONDS, "set_as_default": False}
        return Client(os.environ[SCHEDULER], name="nbyard-batch", **options)
    except (ImportError, OSError, TimeoutError) as error:
        log.warning("the Dask cluster is not used, all rows are predicted here: %s", error)
        return None


class ClusterPrediction:
    """Predicts with one model on the workers of one Dask cluster, until the end of the block."""

    def __init__(self, client: Any, spec: Spec):
        self._client = client
        self._key = os.urandom(8).hex()
        # Not `scatter`: Dask repeats a task if the worker with its result is lost, but cannot
        # restore scattered data.
        self._archive = client.submit(bytes, pack_model(spec), key=f"nbyard-model-{self._key}")

    def __enter__(self) -> ClusterPrediction:
        return self

    def __exit__(self, *_: object) -> None:
        """Stop the processes on the workers. They would also exit when idle for a while."""
        self._client.run(eval, EXPRESSION, CODE.call("end", self._key), on_error="ignore")

    def predict(self, pieces: Numbered) -> Iterator[Any]:
        """Yield the checked answers to pieces as batches, in order.

        Raises:
            ValueRefused: A value or an answer does not fit.
            ModelFailed: The model raised an exception, or could not be loaded.
        """
        waiting: deque[tuple[Any, str]] = deque()
        trouble: list[Exception] = []
        for first, batch in _small(pieces, trouble):
            threads = self._client.nthreads()
            while len(waiting) >= AHEAD * max(1, sum(threads.values())):
                yield self._answer_of(waiting.popleft()[0])
            # choose the worker with the fewest pieces per thread
            busy = Counter(where for future, where in waiting if not future.done())
            where = min(threads, key=lambda worker: busy[worker] / threads[worker], default="")
            call = CODE.call("predicted", self._key, self._archive, first, arrow_bytes(batch))
            key = f"nbyard-piece-{self._key}-{first}"
            there = {"workers": [where], "allow_other_workers": True} if where else {}
            waiting.append(
                (self._client.submit(eval, EXPRESSION, call, key=key, pure=False, **there), where)
            )
        while waiting:
            yield self._answer_of(waiting.popleft()[0])
        for error in trouble:
            raise error

    def _answer_of(self, future: Any) -> Any:
        answer, content = future.result()
        sys.stdout.write(answer["said"])
        sys.stdout.flush()
        if answer["kind"] == "batch":
            return read_arrow(content)
        if answer["kind"] == "failed":
            raise ModelFailed(answer["message"])
        raise REFUSALS[answer["kind"]](answer["message"], answer["row"], answer["field"])


def _small(pieces: Numbered, trouble: list[Exception]) -> Numbered:
    """Split pieces into small ones, because the scheduler holds them in memory.

    If reading fails, the pieces end, and the error is added to `trouble`. The caller raises it
    after the answers to the earlier pieces.
    """
    try:
        for first, batch in pieces:
            rows = max(1, batch.num_rows * PIECE_BYTES // max(batch.nbytes, PIECE_BYTES))
            for start in range(0, batch.num_rows, rows):
                yield first + start, batch.slice(start, rows)
    except (CannotRead, ValueRefused) as error:
        trouble.append(error)


def arrow_bytes(batch: Any) -> bytes:
    """Return a batch as bytes of an Arrow stream."""
    import pyarrow

    sink = pyarrow.BufferOutputStream()
    with pyarrow.ipc.new_stream(sink, batch.schema) as stream:
        stream.write_batch(batch)
    return bytes(sink.getvalue())


def read_arrow(content: bytes) -> Any:
    """Return the batch in the bytes of an Arrow stream."""
    import pyarrow

    with pyarrow.ipc.open_stream(content) as stream:
        return stream.read_next_batch()


def pack_model(spec: Spec) -> bytes:
    """Pack the model into a tar archive: `lib` (serving code), `model` (its folder), model.json."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        _add(archive, "model.json", json.dumps(spec.fields).encode())
        _add(archive, "lib/nbyard/__init__.py", b"")
        here = str(Path(str(nbyard.serving.__file__)).parent)
        archive.add(here, "lib/nbyard/serving", filter=_wanted)
        shared = str(text_format.__file__)
        archive.add(shared, f"lib/{text_format.__name__.replace('.', '/')}.py", filter=_wanted)
        archive.add(spec.root, "model", filter=_wanted)
    return buffer.getvalue()


def _add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(content)
    archive.addfile(member, io.BytesIO(content))


def _wanted(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    is_plain = member.isfile() or member.isdir() or member.issym()
    return member if is_plain and os.path.basename(member.name) not in LEFT_OUT else None
