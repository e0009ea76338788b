"""Files that pickle or joblib wrote."""

from __future__ import annotations

import importlib.util
import pickle
from typing import Any, cast

JOBLIB = "joblib"


def read_pickle(path: str) -> Any:
    """What the file holds; reading it runs what it names.

    joblib reads what plain pickle wrote, too, and is there wherever it wrote the file.

    Raises:
        Exception: whatever reading it raises.
    """
    if importlib.util.find_spec(JOBLIB) is not None:
        return cast(Any, importlib.import_module(JOBLIB)).load(path)
    with open(path, "rb") as file:
        return pickle.load(file)
