"""Counts travel as JSON as they are."""

import msgspec

from nbyard.domain.counts import AttemptSum, Counts


def test_a_round_trip():
    counts = Counts({"queued": 1}, {}, 2, 0.5, [AttemptSum("process", "lost", 3, 4.0)])
    assert msgspec.json.decode(msgspec.json.encode(counts), type=Counts) == counts
    assert not counts.dispatcher_lives
