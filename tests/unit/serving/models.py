"""A model written for the tests."""

from pathlib import Path

MODEL = """
import time
from src.near import FACTOR


class Doubling:
    def __init__(self):
        self.calls = []

    def predict(self, frame):
        self.calls.append(len(frame))
        slow = float(frame["x"].max())
        if slow >= 1000:
            time.sleep(slow / 1000 - 1)
        if (frame["x"] < 0).any():
            raise ValueError("x is negative")
        if (frame["x"] == 13).any():
            return frame[["x"]]
        found = frame[["x"]] * FACTOR
        found["calls"] = len(self.calls)
        found["rows"] = len(frame)
        return found.rename(columns={"x": "y"})
"""
SPEC = {
    "name": "doubling",
    "version": "v1",
    "mode": "http",
    "flavour": "class",
    "src": "src",
    "module": "model",
    "class": "Doubling",
    "input_schema": [
        {"name": "x", "type": "float"},
        {"name": "note", "type": "str", "nullable": True},
    ],
    "output_schema": [
        {"name": "y", "type": "float"},
        {"name": "calls", "type": "int"},
        {"name": "rows", "type": "int"},
    ],
    "metadata": {"author": "ann"},
}


def write_model(folder: Path, text: str = MODEL) -> None:
    (folder / "src").mkdir(parents=True)
    (folder / "src/near.py").write_text("FACTOR = 2\n")
    (folder / "src/model.py").write_text(text)
