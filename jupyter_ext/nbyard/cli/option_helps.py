"""The help of options that are generated from the query of an operation."""

from collections.abc import Mapping

from nbyard.domain.runs.origins import KINDS
from nbyard.domain.state_machines import RUN, TASK
from nbyard.services.operation import Field, Operation

RUNS: Mapping[str, str] = {
    "state": f"Only runs in this state: {', '.join(RUN.moves)}.",
    "workflow": "Only runs of this workflow or file: its path or ID.",
    "executable": "Only runs of this executable: its name, ID or file.",
    "search": "Only runs with this text in their title or name.",
    "node": "Only runs in which this node succeeded.",
    "since": "Only runs submitted at this date or time, or later.",
    "until": "Only runs submitted before this date or time.",
    "origin": f"Only runs started in this way: {', '.join(KINDS)}.",
    "schedule": "Only runs of this schedule: its name or ID.",
    "project": "Only runs of this project: its name or ID.",
    "person": "Only runs that this user submitted.",
}
BY_OPERATION: Mapping[str, Mapping[str, str]] = {
    "runs.list": RUNS,
    "runs.tasks": {"state": f"Only tasks in these states, with commas: {', '.join(TASK.moves)}."},
}
OF_LISTS: Mapping[str, str] = {
    "project": "Only what belongs to this project: its name or ID.",
    "search": "Only items with this text, for example in the name.",
}
# The fields of pages, with the same meaning in each operation that returns a page.
OF_PAGES: Mapping[str, str] = {
    "limit": "Most items to list. Default: {default}.",
    "after": "Continue after this value, which the last page printed.",
}


def option_help(operation: Operation, field: Field) -> str | None:
    """Return the help of the option for a field of the query, None if its name says it all."""
    named = BY_OPERATION.get(operation.id, {}).get(field.name)
    if named is not None:
        return named
    if operation.verb == "list" and field.name in OF_LISTS:
        return OF_LISTS[field.name]
    is_page = any(other.name == "after" for other in operation.fields)
    text = OF_PAGES.get(field.name) if is_page else None
    return text.format(default=field.default) if text else None
