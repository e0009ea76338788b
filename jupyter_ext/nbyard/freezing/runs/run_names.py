"""Rules for the names of runs, which are unique among the runs of an owner."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from nbyard.domain.naming.names import name_key
from nbyard.domain.naming.unique_names import check_free, name_taken, next_name
from nbyard.domain.state_machines import RUN
from nbyard.errors import Conflict
from nbyard.reasons.structs import because

if TYPE_CHECKING:
    from nbyard.store import Connection, Store


def check_run_name_free(store: Store, c: Connection, owner: str, name: str) -> None:
    """Check that no run of the owner has this name.

    Raises:
        NameTaken: another run has the name.
    """
    names = store.runs.names(c, owner)
    same = (taken for taken in names.values() if name_key(taken) == name_key(name))
    is_artifact = store.runs.named(c, owner, next(same, "")) is not None
    check_free(names, "artifact" if is_artifact else "run", name)


def check_outputs_unambiguous(
    store: Store, c: Connection, owner: str, name: str, outputs: Sequence[str]
) -> None:
    """Check that NAME.OUTPUT stays unambiguous if an artifact with these outputs gets this name.

    For example, `b.train` is the output `train` of the artifact `b`.

    Raises:
        NameTaken: the name means an output of another artifact, or another artifact has the name
            of such an output.
    """
    stem, _, last = name.rpartition(".")
    older = store.runs.named(c, owner, stem) if stem else None
    tasks = store.tasks.of_run(c, older.id) if older else []
    of_older = {a.name for task in tasks for a in task.plan.arguments if a.role == "output"}
    like = [output for output in outputs if store.runs.named(c, owner, f"{name}.{output}")]
    if last in of_older:
        why = f"'{name}' is the output '{last}' of the artifact '{stem}'."
    elif like:
        taken = f"{name}.{like[0]}"
        why = (
            f"The artifact {taken} already exists: the output '{like[0]}' would have the same name."
        )
    else:
        return
    # The name itself was refused, so do not suggest it.
    free = next_name([*store.runs.names(c, owner).values(), name], name)
    raise name_taken(why, f"Choose another name; '{free}' is free.")


def take_name(store: Store, c: Connection, owner: str, name: str, *, replace: bool) -> None:
    """Check that a new run may have this name. With `replace`, an ended run loses the name.

    Raises:
        NameTaken: another run has the name, and `replace` is not set.
        Conflict: the run that has the name has not ended.
    """
    names = store.runs.names(c, owner)
    same = [key for key, taken in names.items() if name_key(taken) == name_key(name)]
    older = store.runs.get(c, owner, same[0]) if replace and same else None
    if older is None:
        check_run_name_free(store, c, owner, name)
        return
    if older.state in RUN.live:
        raise Conflict(
            f"'{older.name}' is {older.state}; it can be replaced when it has finished.",
            hint=because("cancel-run", number=older.number),
        )
    store.runs.pass_name(c, older)
