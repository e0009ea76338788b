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
    """Otherwise, msgspec 0.22 crashes the process within some of these types."""
    command = [sys.executable, "-c", DECODE, "prepare"]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, "done\n"), done.stderr


OPEN = """
import sys
from pathlib import Path
from types import SimpleNamespace
import msgspec
from nbyard import extension
from nbyard.ipc import struct_types
from nbyard.rest.operation_handler import RestContext
from nbyard.settings import Settings

root = Path(sys.argv[1])
settings = Settings(store_dir=str(root / "store"), inline_dispatch=True)
web_app = SimpleNamespace(settings={"base_url": "/"})
server = SimpleNamespace(web_app=web_app, custom_display_url="", connection_url="http://a/")
context = RestContext(lambda: extension._open(settings, root, server), settings)
assert context.services
found = [msgspec.Struct]
for one in found:
    found += one.__subclasses__()
print(set(found[1:]) - struct_types._prepared)
context.close()
"""


@pytest.mark.slow
def test_opening_the_store_of_a_server_leaves_no_struct_unprepared(tmp_path):
    """Modules that are imported at the first request have structs, too."""
    command = [sys.executable, "-c", OPEN, str(tmp_path)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, "set()\n"), done.stderr
