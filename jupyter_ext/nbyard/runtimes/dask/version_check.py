"""Checks that a cluster's software matches that of the dispatcher, as both exchange data."""

from typing import Any

from nbyard.reasons.structs import Reason, because


def version_differences(versions: dict[str, Any]) -> list[Reason]:
    """Return how scheduler and workers differ from the client, from `get_versions`."""
    own = _versions(versions["client"])
    pairs = [
        because("scheduler-differs", **difference)
        for difference in _unlike(own, _versions(versions["scheduler"]))
    ]
    for address, worker_versions in versions["workers"].items():
        unlike = _unlike(own, _versions(worker_versions))
        pairs += [because("worker-differs", worker=address, **difference) for difference in unlike]
    return pairs


def _unlike(own: dict[str, str], theirs: dict[str, str]) -> list[dict[str, str]]:
    return [
        {"package": name, "theirs": version or "none", "own": own[name] or "none"}
        for name, version in theirs.items()
        if version != own[name]
    ]


def _versions(versions: dict[str, Any]) -> dict[str, str]:
    """Return the versions that must match, from the entry of one machine.

    Python's minor version counts because pickles differ. Only the major version of msgpack counts.
    Dask itself requires the same version of distributed.
    """
    packages = versions.get("packages", {})
    python = str(packages.get("python") or versions.get("host", {}).get("python") or "")
    return {
        "Python": ".".join(python.split(".")[:2]),
        "distributed": str(packages.get("distributed") or ""),
        "msgpack": str(packages.get("msgpack") or "").split(".")[0],
    }
