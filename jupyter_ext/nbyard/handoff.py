"""Functions for users' code: marks, typed inputs and outputs, metrics and ports."""

from nbyard.runner.handoff import (
    NotGiven,
    Unfit,
    executable,
    input,
    log_metric,
    output,
    port,
    secret,
)

__all__ = ["NotGiven", "Unfit", "executable", "input", "log_metric", "output", "port", "secret"]
