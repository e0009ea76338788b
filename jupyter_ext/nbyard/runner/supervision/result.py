"""Writes the result of an attempt, even when the disk is full."""

from __future__ import annotations

import contextlib
import time
from typing import Any

from ..attempt_folder import AttemptFolder
from .disk_reserve import Reserve

RETRY_SECONDS = 2.0
RETRIES = 300


def write_result(
    folder: AttemptFolder, task: dict[str, Any], result: dict[str, Any], reserve: Reserve
) -> None:
    """Write result.json as the last step of an attempt, and wake the dispatcher.

    On a full disk, the reserved space is freed. If that does not help, writing is retried for ten
    minutes.
    """
    result = {"attempt_id": task["attempt_id"], "token": task["token"], **result}
    for _ in range(RETRIES):
        try:
            folder.write_whole("result.json", result)
            break
        except OSError:
            if reserve.release():
                continue
            time.sleep(RETRY_SECONDS)
            with contextlib.suppress(OSError):
                folder.touch_heartbeat()  # the supervisor is still here
    folder.poke(task.get("wake") or "", task["attempt_id"])
