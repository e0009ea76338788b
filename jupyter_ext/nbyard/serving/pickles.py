"""Reads files of pickle and joblib."""

from __future__ import annotations

import importlib.util
import pickle
from typing import Any, cast

JOBLIB = "joblib"


def read_pickle(path: str) -> Any:
    """Load the object in a file of pickle or joblib. Loading runs code that the file refers to.

    If joblib is installed, it loads both kinds of files. Its own files are only created where it
    is installed.

    Raises:
        Exception: The file is invalid, or the code that it refers to failed.
    """
    if importlib.util.find_spec(JOBLIB) is not None:
        return cast(Any, importlib.import_module(JOBLIB)).load(path)
    with open(path, "rb") as file:
        return pickle.load(file)
