"""Finds what an engine has of deployments that do not run or were deleted.

A dispatcher that was killed or had lost its lease may have left it.
"""

from collections.abc import Iterable

from nbyard.dockerd import DEPLOYMENT, REVISION, Engine, OwnedObject


def objects_of_deployments(things: Iterable[OwnedObject]) -> dict[str, list[OwnedObject]]:
    """Return those of a store's objects that belong to deployments, by deployment ID."""
    found: dict[str, list[OwnedObject]] = {}
    for one in things:
        # Labels can be forged or copied, so the name must match them.
        name = f"nby-d-{one.labels.get(DEPLOYMENT)}"
        if one.kind == "container":
            name += f"-{one.labels.get(REVISION)}"
        if DEPLOYMENT in one.labels and one.name == name:
            found.setdefault(one.labels[DEPLOYMENT], []).append(one)
    return found


def remove_objects(engine: Engine, things: Iterable[OwnedObject], *, with_files: bool) -> list[str]:
    """Remove objects, volumes only `with_files`. Return the names of what was removed."""
    removed = []
    for one in things:
        if one.kind == "container":
            engine.remove(one.name)
        elif one.kind == "volume" and with_files:
            engine.remove_volume(one.name)
        elif one.kind == "volume" or not engine.remove_network(one.name):
            continue
        removed.append(one.name)
    return removed
