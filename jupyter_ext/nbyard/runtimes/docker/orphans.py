"""What an engine has of deployments that do not run, and may be gone altogether: a dispatcher that
was killed, or had lost its lease, may have left it."""

from collections.abc import Iterable

from nbyard.dockerd import DEPLOYMENT, REVISION, Engine, Owned


def of_deployments(things: Iterable[Owned]) -> dict[str, list[Owned]]:
    """What of a store's things is of its deployments, by their ids."""
    found: dict[str, list[Owned]] = {}
    for one in things:
        if _is_ours(one):
            found.setdefault(one.labels[DEPLOYMENT], []).append(one)
    return found


def clear(engine: Engine, things: Iterable[Owned], *, with_files: bool) -> list[str]:
    """Remove it, its volume only `with_files`; the names of what was removed."""
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


def _is_ours(one: Owned) -> bool:
    """A label can be forged or copied; the name must agree with it."""
    name = f"nby-d-{one.labels.get(DEPLOYMENT)}"
    if one.kind == "container":
        name += f"-{one.labels.get(REVISION)}"
    return DEPLOYMENT in one.labels and one.name == name
