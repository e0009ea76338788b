"""Threads decode structs that no thread has decoded before."""

import subprocess
import sys

import pytest

DECODE = """
import sys, threading
import msgspec
from nbyard.ipc.struct_types import prepare_structs

sys.setswitchinterval(1e-6)
class Broken(msgspec.Struct):
    of: "Nothing"
made = []
for _ in range(300):
    class Inner(msgspec.Struct):
        kind: str
    class Outer(msgspec.Struct):
        inner: Inner
        words: dict[str, str] = {}
    made.append(Outer)
if "prepare" in sys.argv:
    prepare_structs()
    prepare_structs()
for kind in made:
    start = threading.Barrier(8)
    def decode():
        start.wait()
        assert msgspec.json.decode(b'{"inner": {"kind": "x"}}', type=kind).inner.kind == "x"
    threads = [threading.Thread(target=decode) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
print("done")
"""


@pytest.mark.slow
def test_threads_decode_at_once() -> None:
    """I11: else msgspec 0.22 crashes the process within some of these types."""
    command = [sys.executable, "-c", DECODE, "prepare"]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, "done\n"), done.stderr
