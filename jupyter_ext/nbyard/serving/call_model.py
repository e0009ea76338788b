"""Calls the model with checked columns, and returns its checked answer as columns."""

from __future__ import annotations

import logging
from typing import Any

from .codec import Columns, ValueRefused
from .load_model import Spec

log = logging.getLogger("nbyard.serving")
MAX_WORDS = 500


class ModelFailed(Exception):
    """The model raised an exception. The message describes it without the traceback."""


class Predictor:
    """Calls a loaded model and checks its answer."""

    def __init__(self, spec: Spec, model: Any):
        self._inputs = spec.inputs
        self._outputs = spec.outputs
        self._model = model

    def __call__(self, columns: Columns) -> Columns:
        """Call the model with checked columns; return its answer as columns.

        Raises:
            ModelFailed: The model raised an exception.
            ValueRefused: The answer does not fit its schema.
        """
        try:
            answer = self._model.predict(self._inputs.frame(columns))
            return self._outputs.answer(answer, len(columns[0]))
        except ValueRefused:
            raise
        # also SystemExit, or the panic of an extension in Rust
        except BaseException as error:
            raise ModelFailed(words_of(error)) from error


def words_of(error: BaseException) -> str:
    """Describe an exception of the model without its traceback."""
    return f"the model raised {error_text(error)}"


def error_text(error: BaseException) -> str:
    """Return the class and the message of an exception."""
    text = str(error)
    message = text if len(text) <= MAX_WORDS else text[: MAX_WORDS - 1] + "…"
    name = type(error).__name__
    return f"{name}: {message}" if message else name
