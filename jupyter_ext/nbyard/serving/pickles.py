"""Reads files of pickle and joblib."""

from __future__ import annotations

import importlib.util
import pickle
from typing import Any, cast

JOBLIB = "joblib"


def read_pickle(path: str) -> Any:
    """Return the object in a file. Reading it runs code that it names.

    joblib also reads files of plain pickle, and is installed wherever it wrote the file.

    Raises:
        Exception: Whatever reading the file raises.
    """
    if importlib.util.find_spec(JOBLIB) is not None:
        return cast(Any, importlib.import_module(JOBLIB)).load(path)
    with open(path, "rb") as file:
        return pickle.load(file)
