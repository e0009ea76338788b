"""Measures the resources that a command's container uses, through the engine.

No process of nbyard runs in that container, which could measure them.
"""

import threading
import time
from pathlib import Path
from typing import Any

from nbyard.dockerd import Engine
from nbyard.domain.attempts.structs import USAGE
from nbyard.errors import NbyardError
from nbyard.runner.supervision.usage_recorder import UsageFile


class Meter:
    """Records the container's usage in usage.jsonl, in a thread, during the block."""

    def __init__(self, engine: Engine, name: str, folder: Path):
        self._engine = engine
        self._name = name
        self._file = UsageFile(str(folder / USAGE))
        self._last: dict[str, Any] = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"{name} usage", daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._over.set()

    def _run(self) -> None:
        try:
            while self._record_sample() and not self._over.wait(self._file.pause):
                pass
        except NbyardError:
            pass  # the engine is down, which the thread that follows the log also notices
        if self._last:
            ended = {"at": round(time.time(), 2), "memory": 0, "processes": 0}
            self._file.write(self._last | ended)

    def _record_sample(self) -> bool:
        usage = self._engine.usage(self._name)
        if usage is not None:
            self._last = {
                "at": round(time.time(), 2),
                "cpu": round(usage.cpu_seconds, 2),
                "memory": usage.memory_bytes,
                "processes": usage.processes,
            }
            self._file.write(self._last)
        return usage is not None
