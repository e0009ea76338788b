"""A kernel that is spawned over TCP keeps its chosen ports."""

import json
import os
import sys
from pathlib import Path

import pytest

from nbyard.runtimes.process import ProcessRuntime
from nbyard.testing.conformance.runtimes import finish

from .attempts import log_of, place_notebook, printed
from .foreign import KERNEL, OWN

# A kernel before whose start another program takes the port for outputs, if it can be had.
ROBBED = """
import json, os, socket, sys
with open(sys.argv[2]) as file:
    connection = json.load(file)
end = socket.socket()
try:
    end.bind((connection["ip"], connection["iopub_port"]))
    end.listen()
    end.set_inheritable(True)
except OSError:
    print("refused", file=sys.stderr)
os.execv(sys.executable, [sys.executable, "-m", "ipykernel_launcher", *sys.argv[1:]])
"""
# An address of a socket has no room for it.
LONG_NAME = "long" * 25


@pytest.mark.skipif(sys.platform != "linux", reason="ports are reserved on Linux only")
def test_other_programs_cannot_take_the_ports_of_the_kernel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without its port for outputs, ipykernel neither responds nor exits."""
    (tmp_path / LONG_NAME).mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / LONG_NAME))
    place = Path(os.environ["JUPYTER_DATA_DIR"]) / "kernels" / KERNEL / "kernel.json"
    place.parent.mkdir(parents=True, exist_ok=True)
    argv = [sys.executable, "-c", ROBBED, "-f", "{connection_file}"]
    place.write_text(json.dumps({"argv": argv, "language": "python", "display_name": "robbed"}))
    order = place_notebook(tmp_path, OWN["python"], kernel=KERNEL)
    runtime = ProcessRuntime()
    runtime.start(order)
    assert finish(runtime, order).failure is None
    assert printed(order) > 0
    assert "refused" in log_of(order)
