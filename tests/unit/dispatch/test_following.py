"""P3: what a container prints is copied, and gone on with where it ended."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from nbyard.dispatch.following import Follower
from nbyard.errors import Unavailable
from nbyard.kept_logs import KeptLog


class Printing:
    """An engine whose container prints one line a nanosecond, and which is lost now and then."""

    def lines(self, name: str, since: int) -> Iterator[tuple[int, bytes]]:
        for moment in range(max(since, 5), 10):
            yield moment, b"%d\n" % moment
            if moment == 7 and since < 7:
                raise Unavailable("lost")


def test_a_log_has_no_gap_and_no_line_twice(tmp_path: Path) -> None:
    kept, engine = KeptLog(tmp_path / "1.log"), Printing()
    for _ in range(3):
        given: Any = engine
        Follower(given, "c", kept).join()
    assert kept.read(0, done=True).text == "5\n6\n7\n8\n9\n"
