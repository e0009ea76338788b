"""Metrics of the server in the text format of Prometheus."""

from __future__ import annotations

from collections import Counter

BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """Counts of requests by route and status, with their durations."""

    def __init__(self) -> None:
        self._requests: Counter[tuple[str, int]] = Counter()
        self._buckets: dict[str, list[int]] = {}
        self._seconds: Counter[str] = Counter()

    def note(self, route: str, status: int, seconds: float) -> None:
        """Record one answered request."""
        self._requests[route, status] += 1
        buckets = self._buckets.setdefault(route, [0] * (len(BUCKETS) + 1))
        place = 0
        while place < len(BUCKETS) and seconds > BUCKETS[place]:
            place += 1
        buckets[place] += 1
        self._seconds[route] += seconds  # type: ignore[assignment]

    def text(self, gauges: dict[str, float]) -> str:
        """Return all metrics as text. `gauges` are more metrics, by name, with current values."""
        lines = [
            "# HELP nbyard_requests_total Requests by route and status.",
            "# TYPE nbyard_requests_total counter",
        ]
        lines += [
            f'nbyard_requests_total{{route="{route}",status="{status}"}} {count}'
            for (route, status), count in sorted(self._requests.items())
        ]
        lines += [
            "# HELP nbyard_request_seconds How long requests took.",
            "# TYPE nbyard_request_seconds histogram",
        ]
        for route, buckets in sorted(self._buckets.items()):
            lines += self._histogram(route, buckets)
        for name, value in gauges.items():
            kind = "counter" if name.endswith("_total") else "gauge"
            lines += [f"# TYPE {name} {kind}", f"{name} {value}"]
        return "\n".join([*lines, ""])

    def _histogram(self, route: str, buckets: list[int]) -> list[str]:
        total, lines = 0, []
        for bound, count in zip((*map(str, BUCKETS), "+Inf"), buckets, strict=True):
            # Buckets of Prometheus are cumulative: each contains the counts of the smaller ones.
            total += count
            lines.append(f'nbyard_request_seconds_bucket{{route="{route}",le="{bound}"}} {total}')
        return [
            *lines,
            f'nbyard_request_seconds_sum{{route="{route}"}} {self._seconds[route]:.6f}',
            f'nbyard_request_seconds_count{{route="{route}"}} {total}',
        ]
