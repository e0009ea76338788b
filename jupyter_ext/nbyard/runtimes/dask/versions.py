"""Whether a cluster's software fits ours: what travels between us is read by both sides."""

from typing import Any


def differences(found: dict[str, Any]) -> list[str]:
    """Sentences on what differs, of what a client's `get_versions` tells."""
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
    """Python up to its minor version (what is sent is not byte code, but its pickles differ),
    msgpack up to its major one, distributed whole, as Dask itself wants it."""
    packages = told.get("packages", {})
    python = str(packages.get("python") or told.get("host", {}).get("python") or "")
    return {
        "Python": ".".join(python.split(".")[:2]),
        "distributed": str(packages.get("distributed") or ""),
        "msgpack": str(packages.get("msgpack") or "").split(".")[0],
    }
