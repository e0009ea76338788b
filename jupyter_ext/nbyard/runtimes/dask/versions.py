"""Checks whether a cluster's software matches ours, because both sides exchange data."""

from typing import Any


def differences(found: dict[str, Any]) -> list[str]:
    """Return sentences about differences in what a client's `get_versions` returns."""
    own = _versions(found["client"])
    others = {"the scheduler": found["scheduler"]}
    others |= {f"the worker {address}": told for address, told in found["workers"].items()}
    return [
        f"{who} has {name} {theirs or 'none'}, here is {own[name] or 'none'}"
        for who, told in others.items()
        for name, theirs in _versions(told).items()
        if theirs != own[name]
    ]


def _versions(told: dict[str, Any]) -> dict[str, str]:
    """Return the parts of versions that must match.

    Python's minor version matters as pickles differ (byte code is not sent). Only the major version
    of msgpack matters. Dask itself requires the same version of distributed.
    """
    packages = told.get("packages", {})
    python = str(packages.get("python") or told.get("host", {}).get("python") or "")
    return {
        "Python": ".".join(python.split(".")[:2]),
        "distributed": str(packages.get("distributed") or ""),
        "msgpack": str(packages.get("msgpack") or "").split(".")[0],
    }
