"""The mode batch: `--input PLACE --output PLACE`.

Predictions are saved as parts. The same command resumes after the saved parts.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

from nbyard.serving.codec import ValueRefused
from nbyard.serving.dask_worker_code import WORKER
from nbyard.serving.models import ModelFailed, Spec, load_model

if TYPE_CHECKING:
    from .predict_files import Over

log = logging.getLogger("nbyard.serving")
WORDS = (
    "--input is a CSV or Parquet file, or a folder of such files. --output is a file or a folder."
)


class BatchMode:
    """Predicts all rows of a file, or of a folder of files."""

    requirements: tuple[str, ...] = ("pyarrow>=16",)
    port = 0

    def serve(self, spec: Spec, words: list[str]) -> int:
        """Predict the whole dataset. Return 1 if a row is refused or the model fails, else 0."""
        parser = argparse.ArgumentParser("batch", description=WORDS)
        parser.add_argument("--input", required=True)
        parser.add_argument("--output", required=True)
        args = parser.parse_args(words)
        source, target = os.path.abspath(args.input), os.path.abspath(args.output)
        from .predict_files import predict_all, predict_here
        from .table_files import CannotRead

        spreading: AbstractContextManager[Over | None] = nullcontext()
        # only tasks on a worker of a cluster import the modules for clusters
        if os.environ.get(WORKER):
            from .dask_prediction import predict_on_cluster

            spreading = predict_on_cluster(spec)
        try:
            with spreading as over:
                rows = predict_all(spec, over or predict_here(spec, load_model), source, target)
        except (CannotRead, ValueRefused, ModelFailed) as error:
            log.debug("the prediction failed", exc_info=error)
            cause = error.__cause__
            if cause is not None:
                log.error("the model failed", exc_info=cause)
            sys.stderr.write(f"{error}\n")
            return 1
        log.info("%d rows are predicted", rows)
        return 0
