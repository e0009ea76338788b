"""Stores the request counts of a deployment in a log of bounded size, one line for each count."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from nbyard.domain.deployments.traffic import Counted
from nbyard.logs.rotating_log import RotatingLog

NAME = "traffic"


class KeptTraffic:
    """The traffic log in the folder of a deployment.

    It contains more than a day, because each server writes at most one line in ten seconds.
    """

    def __init__(self, folder: Path):
        self._log = RotatingLog(folder / NAME)

    def add(self, counted: Iterable[Counted]) -> None:
        """Append one line for each count."""
        lines = b"".join(msgspec.json.encode(count) + b"\n" for count in counted)
        if lines:
            self._log.write(lines)

    def read(self) -> Iterator[Counted]:
        """Yield all counts that are still stored, in the order in which they were written."""
        decoder = msgspec.json.Decoder(Counted)
        after, is_over = 0, False
        while not is_over:
            chunk = self._log.read(after, done=True)
            after, is_over = chunk.next, chunk.done
            for line in chunk.text.splitlines():
                try:
                    yield decoder.decode(line)
                except msgspec.DecodeError:
                    continue  # the writer was killed in the middle of the line
