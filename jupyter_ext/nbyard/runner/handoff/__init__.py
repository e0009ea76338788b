"""What code uses to be run by nbyard: marks for functions, typed data in and out, metrics, ports.

Standard library only, and none of it that a kernel has not loaded before: it is also there where
nothing else of nbyard is installed. Data frames and arrays are handled by what made them.
"""

from __future__ import annotations

from .links import port
from .marks import executable
from .measures import metric
from .ports import input, output, secret
from .values import NotGiven, Unfit

__all__ = ["NotGiven", "Unfit", "executable", "input", "metric", "output", "port", "secret"]
