"""What travels to a worker, which can import nothing of ours."""

import pickle
import subprocess
import sys

from nbyard.runtimes.dask.cluster import CODE
from nbyard.serving.dask_worker_code import EXPRESSION

ANSWER = """
import pickle, sys
expression, packed = pickle.load(sys.stdin.buffer)
assert all(eval(expression, packed) == eval(expression, packed) for _ in range(2))
print(eval(expression, packed)[0]["path"], "nbyard" in sys.modules)
"""


def test_a_function_runs_without_nbyard_on_the_worker(tmp_path):
    """The Python has only its standard library."""
    (tmp_path / "attempt").mkdir()
    (tmp_path / "attempt/log").write_text("x")
    told = pickle.dumps((EXPRESSION, CODE.call("outputs", str(tmp_path), ["log"])))
    command = [sys.executable, "-I", "-S", "-c", ANSWER]
    done = subprocess.run(command, input=told, capture_output=True, check=True)
    assert done.stdout.split() == [b"log", b"False"]
