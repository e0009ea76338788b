"""What was counted of a deployment, kept in a log of lines: its newest part, from all who count."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from nbyard.domain.deployments.traffic import Counted
from nbyard.logs.rotating import KeptLog

NAME = "traffic"


class KeptTraffic:
    """In the folder of a deployment. More than a day of it is kept: every ten seconds comes one
    line at most from each server."""

    def __init__(self, folder: Path):
        self._log = KeptLog(folder / NAME)

    def add(self, counted: Iterable[Counted]) -> None:
        """One line for each."""
        lines = b"".join(msgspec.json.encode(one) + b"\n" for one in counted)
        if lines:
            self._log.write(lines)

    def read(self) -> Iterator[Counted]:
        """All that is kept, in the order in which it came."""
        decoder = msgspec.json.Decoder(Counted)
        after, is_over = 0, False
        while not is_over:
            chunk = self._log.read(after, done=True)
            after, is_over = chunk.next, chunk.done
            for line in chunk.text.splitlines():
                try:
                    yield decoder.decode(line)
                except msgspec.DecodeError:
                    continue  # who wrote it was killed meanwhile
