"""A dispatcher in a process of its own, and the yard of its store."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nbyard.settings import Settings
from nbyard.yard import Yard


@contextmanager
def dispatching(settings: Settings, root: Path) -> Iterator[tuple[int, Yard]]:
    """Yield the ID of the process of a dispatcher, and the yard."""
    variables = {**os.environ, **settings.environment(), "NBYARD_IDLE_SECONDS": "600"}
    words = [sys.executable, "-m", "nbyard.dispatch"]
    log = (root / "log").open("ab")
    with log, subprocess.Popen(words, env=variables, stdout=log, stderr=log) as process:
        try:
            with Yard.open(settings, root, root) as yard:
                yield process.pid, yard
        finally:
            process.terminate()
            process.wait()
