"""Request counts and latency of a deployment: counted per minute, reported in equal spans."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

import msgspec

from nbyard.errors import Invalid

MINUTE_SECONDS = 60
# each step of the scale is a fifth longer than the one before
LEAST_SECONDS, STEPS_TO_DOUBLE, MAX_STEP = 0.0005, 4, 100
REFUSED_STATUS, ERROR_STATUS = 400, 500
# for each span: seconds per part and number of parts
SPANS: Mapping[str, tuple[int, int]] = {"hour": (60, 60), "day": (900, 96)}


class Counted(msgspec.Struct, frozen=True, array_like=True):
    """A part of the counts of one minute since 1970.

    An error is a missing answer or a status of 500 or more. A refused request was answered with a
    status from 400 to 499. `times` counts the answers for each step of the latency scale.
    """

    minute: int
    requests: int
    errors: int
    times: dict[int, int]
    refused: int = 0


class TrafficPart(msgspec.Struct, frozen=True):
    """The counts from `at` on.

    Half of the requests were answered within `p50_seconds`, 99 of 100 within `p99_seconds`.
    Both are null without requests.
    """

    at: datetime
    requests: int
    errors: int
    p50_seconds: float | None
    p99_seconds: float | None
    refused: int = 0


class Traffic(msgspec.Struct, frozen=True):
    """The request counts of a deployment, oldest part first. Each part has `part_seconds`.

    `requests`, `errors`, `p50_seconds`, `p99_seconds` and `refused` cover all parts together.
    Refused requests have a status from 400 to 499 and are no errors.
    """

    part_seconds: int
    requests: int
    errors: int
    p50_seconds: float | None
    p99_seconds: float | None
    parts: list[TrafficPart]
    refused: int = 0


class Tally:
    """Counts requests by minute, for one deployment."""

    def __init__(self) -> None:
        self._requests: Counter[int] = Counter()
        self._errors: Counter[int] = Counter()
        self._refused: Counter[int] = Counter()
        self._times: dict[int, Counter[int]] = {}

    def count(self, at: float, seconds: float, status: int) -> None:
        """Count a request answered at that time, in seconds since 1970, after that many seconds.

        A missing answer has the status `ERROR_STATUS`.
        """
        minute = int(at // MINUTE_SECONDS)
        self._requests[minute] += 1
        self._errors[minute] += status >= ERROR_STATUS
        self._refused[minute] += REFUSED_STATUS <= status < ERROR_STATUS
        # Counts per step can be added over servers and minutes. Percentiles cannot.
        self._times.setdefault(minute, Counter())[latency_bin(seconds)] += 1

    def take(self) -> list[Counted]:
        """Return all counts and reset them."""
        counts = [
            Counted(
                minute,
                requests,
                self._errors[minute],
                dict(self._times[minute]),
                self._refused[minute],
            )
            for minute, requests in sorted(self._requests.items())
        ]
        self._requests, self._errors, self._refused = Counter(), Counter(), Counter()
        self._times = {}
        return counts


def latency_bin(seconds: float) -> int:
    """Return the step of the latency scale for an answer.

    It is the shortest time on the scale that is not below `seconds`.
    """
    if seconds <= LEAST_SECONDS:
        return 0
    # the small difference keeps exact lengths from rounding up
    step = math.ceil(math.log2(seconds / LEAST_SECONDS) * STEPS_TO_DOUBLE - 1e-9)
    # The last step is about 4.7 hours. Longer answers count there, too.
    return min(step, MAX_STEP)


def latency_for_share(times: Mapping[int, int], share: float) -> float | None:
    """Return the seconds within which that share of requests was answered.

    The result is accurate to a tenth, and None without requests.
    """
    wanted = share * sum(times.values())
    seen = 0
    for step, count in sorted(times.items()):
        if seen + count >= wanted and count:
            least, most = _length(step - 1) if step else 0.0, _length(step)
            return least + (most - least) * max(wanted - seen, 0.0) / count
        seen += count
    return None


def traffic_of(counted: Iterable[Counted], span: str, now: float) -> Traffic:
    """Return the counts of the span that ends at `now`, in seconds since 1970.

    Raises:
        Invalid: the span does not exist.
    """
    if span not in SPANS:
        reason = f"unknown time span {span[:40]!r}; must be one of {', '.join(SPANS)}"
        raise Invalid.field("span", reason)
    seconds, number = SPANS[span]
    last = int(now // seconds)
    parts: dict[int, list[Counted]] = {at: [] for at in range(last - number + 1, last + 1)}
    for count in counted:
        at = count.minute * MINUTE_SECONDS // seconds
        if at in parts:
            parts[at].append(count)
    traffic_parts = [_part(at * seconds, those) for at, those in parts.items()]
    whole = _part(0, [count for those in parts.values() for count in those])
    return Traffic(
        *(seconds, whole.requests, whole.errors, whole.p50_seconds, whole.p99_seconds),
        traffic_parts,
        whole.refused,
    )


def _part(at: int, counted: Iterable[Counted]) -> TrafficPart:
    requests = errors = refused = 0
    times: Counter[int] = Counter()
    for count in counted:
        requests, errors = requests + count.requests, errors + count.errors
        refused += count.refused
        times.update(count.times)
    moment = datetime.fromtimestamp(at, UTC)
    p50, p99 = latency_for_share(times, 0.5), latency_for_share(times, 0.99)
    return TrafficPart(moment, requests, errors, p50, p99, refused)


def _length(step: int) -> float:
    return float(LEAST_SECONDS * 2 ** (step / STEPS_TO_DOUBLE))
