"""Versions of a cluster: what has to agree, and how a difference is told."""

from typing import Any

from nbyard.reasons.structs import because
from nbyard.runtimes.dask.cluster import version_differences


def told(python: str = "3.11.7.final.0", dask: str = "2026.8.0", msgpack: str = "1.1.0") -> Any:
    return {"host": {"python": python}, "packages": {"distributed": dask, "msgpack": msgpack}}


def found(scheduler: Any, worker: Any) -> dict[str, Any]:
    return {"client": told(), "scheduler": scheduler, "workers": {"tcp://w:1": worker}}


def test_small_differences_are_accepted() -> None:
    assert version_differences(found(told(python="3.11.9.final.0"), told(msgpack="1.2.4"))) == []


def test_each_difference_is_reported() -> None:
    other = found(told(dask="2024.1.0"), told(python="3.12.1.final.0", msgpack="2.0"))
    scheduler = {"package": "distributed", "theirs": "2024.1.0", "own": "2026.8.0"}
    python = {"package": "Python", "theirs": "3.12", "own": "3.11"}
    msgpack = {"package": "msgpack", "theirs": "2", "own": "1"}
    assert version_differences(other) == [
        because("scheduler-differs", **scheduler),
        because("worker-differs", worker="tcp://w:1", **python),
        because("worker-differs", worker="tcp://w:1", **msgpack),
    ]


def test_unknown_versions_differ() -> None:
    first = version_differences(found({}, told()))[0]
    assert first == because("scheduler-differs", package="Python", theirs="none", own="3.11")
