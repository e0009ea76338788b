"""Counts of a deployment are kept, within limits."""

from functools import partial
from pathlib import Path

import pytest
from nbyard.logs.rotating_log import RotatingLog
from nbyard.logs.traffic_log import KeptTraffic

from nbyard.domain.deployments.traffic import Counted
from nbyard.logs import traffic_log

ONE, TWO = Counted(1, 2, 0, {3: 2}), Counted(2, 1, 1, {0: 1})


def test_counts_of_several_servers_are_merged(tmp_path: Path) -> None:
    here, there = KeptTraffic(tmp_path), KeptTraffic(tmp_path)
    assert list(here.read()) == []
    here.add([ONE])
    there.add([TWO, ONE])
    there.add([])
    assert list(here.read()) == [ONE, TWO, ONE]


def test_a_partial_line_of_a_killed_writer_hides_no_others(tmp_path: Path) -> None:
    kept = KeptTraffic(tmp_path)
    kept.add([ONE])
    RotatingLog(tmp_path / traffic_log.NAME).write(b'[2,1\n"?"\n')
    kept.add([TWO])
    assert list(kept.read()) == [ONE, TWO]


def test_only_the_newest_part_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traffic_log, "RotatingLog", partial(RotatingLog, piece_bytes=1000))
    kept = KeptTraffic(tmp_path)
    for minute in range(1000):
        kept.add([Counted(minute, 1, 0, {1: 1})])
    found = [one.minute for one in kept.read()]
    assert found == list(range(found[0], 1000)) and found[0] > 0
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) < 2100
