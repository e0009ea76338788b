"""From looks at an attempt to columns."""

import msgspec

from nbyard.domain.attempts.metric_series import (
    MAX_POINTS,
    UsageSample,
    read_samples,
    thin_samples,
    usage_of,
)


def sample(at: float, cpu: float = 0, memory: float = 0, **gpus: tuple[float, float]):
    return UsageSample(at, cpu, memory, 1, gpus)


def test_cpu_time_becomes_cores_between_two_samples() -> None:
    found = usage_of([sample(100, 1), sample(102, 5), sample(103, 5.5)], 1, done=True)
    assert found.seconds == [0, 2, 3]
    assert found.cores == [0, 2, 0.5]
    assert found.cpu_seconds == 5.5
    assert found.started_at is not None and found.started_at.timestamp() == 100
    assert (found.attempt, found.done) == (1, True)


def test_a_quick_last_sample_shows_no_peak() -> None:
    found = usage_of([sample(100, 1), sample(102, 1), sample(102.02, 1.4)], 1, done=True)
    assert found.cores == [0, 0, 0.8]


def test_columns_are_of_equal_length_and_never_too_long() -> None:
    samples = [sample(n, n / 2, n, a=(n % 100, n)) for n in range(1999)]
    found = usage_of(samples, 1, done=False)
    lengths = {len(found.seconds), len(found.cores), len(found.memory_bytes), len(found.processes)}
    lengths |= {len(found.gpus["a"].percent), len(found.gpus["a"].memory_bytes)}
    assert len(lengths) == 1 and lengths.pop() <= MAX_POINTS
    assert found.memory_bytes[-1] == 1998 and found.seconds[-1] > 1990


def test_thinning_keeps_peaks_and_cpu_time() -> None:
    samples = [sample(1, 1, 5), sample(2, 2, 90), sample(3, 3, 7, a=(10, 1)), sample(4, 9, 1)]
    first, last = thin_samples(samples, 2)
    assert (first.at, first.cpu, first.memory) == (2, 2, 90)
    assert (last.at, last.cpu, last.memory, last.gpus) == (4, 9, 7, {"a": (10, 1)})
    assert thin_samples(samples, 4) == samples


def test_a_later_gpu_has_gaps() -> None:
    found = usage_of([sample(1), sample(2, a=(50, 2.0))], 1, done=False)
    assert found.gpus["a"].percent == [None, 50]
    assert found.gpus["a"].memory_bytes == [None, 2]


def test_an_empty_record_is_no_error() -> None:
    found = usage_of([], 2, done=True)
    assert (found.seconds, found.started_at, found.attempt) == ([], None, 2)


def test_invalid_lines_are_left_out() -> None:
    """What the work may have done to the file."""
    good = msgspec.json.encode(sample(5, 1))
    later = msgspec.json.encode(sample(6, 1))
    lines = [b"", b"\xff", b"[" * 5000, b'{"at": "x"}', good, good, b'{"at": 7, "cp', later]
    assert [found.at for found in read_samples(lines)] == [5, 6]


def test_cpu_that_went_down_counts_as_none() -> None:
    assert usage_of([sample(1, 5), sample(2, 3)], 1, done=True).cores == [0, 0]
