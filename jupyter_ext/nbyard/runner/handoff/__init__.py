"""The hand-off: the API for code that nbyard runs.

It has a decorator for functions, typed inputs and outputs, metrics and ports. It imports only
modules of the standard library that a kernel has loaded anyway. So it also works where nbyard is
not installed. Data frames and arrays are handled by their own libraries.
"""

from __future__ import annotations

from .value_files import NotGiven, Unfit
from .work_functions import executable, input, log_metric, output, port, secret

__all__ = ["NotGiven", "Unfit", "executable", "input", "log_metric", "output", "port", "secret"]
