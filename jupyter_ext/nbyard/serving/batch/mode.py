"""The mode batch: `--input PLACE --output PLACE`. What is done is kept: the same words go on."""

from __future__ import annotations

import argparse
import logging
import os
import sys

from nbyard.serving.codec import Refused
from nbyard.serving.loading import Spec, load
from nbyard.serving.predicting import ModelFailed

log = logging.getLogger("nbyard.serving")
WORDS = "--input is a CSV or Parquet file or a folder of them; --output one file, or a folder."


class BatchMode:
    """Predicts each row of a dataset."""

    requirements: tuple[str, ...] = ("pyarrow>=16",)
    port = 0

    def serve(self, spec: Spec, words: list[str]) -> int:
        """Until the end of the data; 1 when a row is refused or the model fails."""
        parser = argparse.ArgumentParser("batch", description=WORDS)
        parser.add_argument("--input", required=True)
        parser.add_argument("--output", required=True)
        told = parser.parse_args(words)
        source, target = os.path.abspath(told.input), os.path.abspath(told.output)
        from .datasets import CannotRead
        from .running import here, predict_all
        from .spreading import spread

        try:
            with spread(spec) as over:
                rows = predict_all(spec, over or here(spec, load(spec)), source, target)
        except (CannotRead, Refused, ModelFailed) as error:
            log.debug("what was raised", exc_info=error)
            cause = error.__cause__
            if cause is not None:
                log.error("the model failed", exc_info=cause)
            sys.stderr.write(f"{error}\n")
            return 1
        log.info("%d rows are predicted", rows)
        return 0
