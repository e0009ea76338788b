"""Finds objects in an engine that belong to deployments which do not run or were deleted.

A dispatcher that was killed or had lost its lease may have left them.
"""

from collections.abc import Iterable

from nbyard.dockerd import DEPLOYMENT, REVISION, Engine, OwnedObject


def objects_of_deployments(things: Iterable[OwnedObject]) -> dict[str, list[OwnedObject]]:
    """Return the containers, volumes and networks of deployments among these, by deployment ID."""
    objects_by_deployment: dict[str, list[OwnedObject]] = {}
    for owned_object in things:
        # Labels can be forged or copied, so the name must match them.
        name = f"nby-d-{owned_object.labels.get(DEPLOYMENT)}"
        if owned_object.kind == "container":
            name += f"-{owned_object.labels.get(REVISION)}"
        if DEPLOYMENT in owned_object.labels and owned_object.name == name:
            objects_by_deployment.setdefault(owned_object.labels[DEPLOYMENT], []).append(
                owned_object
            )
    return objects_by_deployment


def remove_objects(engine: Engine, things: Iterable[OwnedObject], *, with_files: bool) -> list[str]:
    """Remove objects, volumes only `with_files`. Return the names of the removed objects."""
    removed = []
    for owned_object in things:
        if owned_object.kind == "container":
            engine.remove(owned_object.name)
        elif owned_object.kind == "volume" and with_files:
            engine.remove_volume(owned_object.name)
        elif owned_object.kind == "volume" or not engine.remove_network(owned_object.name):
            continue
        removed.append(owned_object.name)
    return removed
