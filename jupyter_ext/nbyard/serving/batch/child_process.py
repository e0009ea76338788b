"""`python -m nbyard.serving.batch.child_process PLACE`: predicts in a child of a Dask worker.

PLACE is a folder with the model. The process reads pieces (batches of rows) from standard input,
and writes predictions to standard output. It exits when no more pieces come, and removes PLACE.
"""

from __future__ import annotations

import json
import os
import select
import shutil
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from nbyard.serving.codec import BadAnswer, ValueRefused
from nbyard.serving.models import ModelFailed, NoModel, Spec, load_model, read_spec, words_of

from .dask_worker_functions import HEAD

# a cancelled run must leave nothing after 5 s
IDLE_SECONDS = 4.0
FOLLOW_SECONDS = 1.0
MAX_SAID = 65_536


def main(place: str) -> int:
    """Predict pieces until the input is closed or idle for IDLE_SECONDS."""
    parent = os.getppid()
    threading.Thread(target=_follow, args=[parent], daemon=True).start()
    # These pipes carry pieces and answers. What the model prints goes to a file.
    source, target = os.dup(0), os.dup(1)
    with tempfile.TemporaryFile() as said:
        for fd in (1, 2):
            os.dup2(said.fileno(), fd)
        try:
            predicting = Predicting(place)
            while select.select([source], [], [], IDLE_SECONDS)[0]:
                head = _read(source, HEAD.size)
                if not head:
                    break
                first, size = HEAD.unpack(head)
                answer, content = predicting.answer(first, _read(source, size))
                sys.stdout.flush()
                sys.stderr.flush()
                said.seek(0)
                printed = said.read(MAX_SAID).decode("utf-8", "replace")
                said.seek(0)
                said.truncate()
                about = json.dumps({**answer, "said": printed}).encode()
                with open(target, "wb", closefd=False) as pipe:
                    pipe.write(HEAD.pack(len(about), len(content)) + about)
                    pipe.write(content)
        finally:
            shutil.rmtree(place, ignore_errors=True)
    return 0


class Predicting:
    """Predicts with the model in a folder, or reports why it could not be loaded."""

    def __init__(self, place: str):
        text = Path(place, "model.json").read_text("utf-8")
        self._spec = read_spec(text, os.path.join(place, "model"))
        self._why = ""
        try:
            self._model = _load(self._spec)
        except NoModel as error:
            self._why = f"the model could not be loaded: {error}"

    def answer(self, first: int, content: bytes) -> tuple[dict[str, Any], bytes]:
        """Predict a piece, given as bytes of Arrow. `first` is the number of its first row.

        Returns the kind of the result with its error, if any, and the predictions as bytes.
        """
        from .dask_prediction import arrow_bytes, read_arrow
        from .predict_files import predict_piece

        if self._why:
            return {"kind": "failed", "message": self._why}, b""
        try:
            batch = predict_piece(self._spec, self._model, read_arrow(content), first)
        except ValueRefused as error:
            kind = "answer" if isinstance(error, BadAnswer) else "refused"
            refusal = {
                "kind": kind,
                "message": error.message,
                "row": error.row,
                "field": error.field,
            }
            return refusal, b""
        except ModelFailed as error:
            return {"kind": "failed", "message": str(error)}, b""
        return {"kind": "batch"}, arrow_bytes(batch)


def _load(spec: Spec) -> Any:
    try:
        return load_model(spec)
    except NoModel:
        raise
    except (Exception, SystemExit) as error:
        raise NoModel(words_of(error)) from error


def _follow(parent: int) -> None:
    """Exit when the worker `parent` has exited, even during a call of the model."""
    while os.getppid() == parent:
        time.sleep(FOLLOW_SECONDS)
    # In a thread, `sys.exit` would end only this thread.
    os._exit(1)


def _read(source: int, size: int) -> bytes:
    content = bytearray()
    while len(content) < size and (piece := os.read(source, min(size - len(content), 2**20))):
        content += piece
    return bytes(content)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
