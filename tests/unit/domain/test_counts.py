"""Counts travel as JSON as they are."""

import msgspec

from nbyard.domain.counts import AttemptSum, Counts, UsageSum


def test_counts_survive_json():
    counts = Counts({"queued": 1}, {}, 2, 0.5, [AttemptSum("process", "lost", 3, 4.0)])
    used = [UsageSum("ada", "notebook", "docker", 1.5, 2.0**33, 0.0)]
    counts = msgspec.structs.replace(counts, used=used, granted_gpus=1)
    assert msgspec.json.decode(msgspec.json.encode(counts), type=Counts) == counts
    assert not counts.dispatcher_lives
