"""Turn errors into the problems that a node or a field shows."""

from collections.abc import Iterable

from nbyard.domain.executables.structs import display_name
from nbyard.domain.workflows.structs import Node, NodeView
from nbyard.errors import NbyardError, with_hint
from nbyard.reasons.structs import Reason, because

# The hints for a script that is not valid Python.
UNREADABLE = ("python-line-invalid", "script-no-python")


def problem_view(node: Node, error: NbyardError) -> NodeView:
    """Return the view of a node that cannot be read, with the error as its problem."""
    path = display_name(node.path)
    name = node.label or path or node.executable or node.dataset or node.artifact
    return NodeView(name, node.type, [], problem=problem_of(error))


def unread_reason(hints: Iterable[Reason]) -> Reason | None:
    """Return the hint why the arguments of a script could not be read; None if they could."""
    return next((hint for hint in hints if hint.code in UNREADABLE), None)


def problem_of(error: NbyardError) -> Reason:
    """Return the reason of an error with its hint, to show at a node.

    The field `path` is left out, because the node itself shows the place.
    """
    why = error.reason
    if why.code == "field" and why.params["path"] == "path":
        why = first_problem(error)
    if error.hint_reason is None:
        return why
    return with_hint(error, why, error.hint_reason)


def first_problem(error: NbyardError) -> Reason:
    """Return the reason of the first refused field, else the reason of the error."""
    for detail in error.details[:1]:
        return detail.reason or because("text", text=detail.message)
    return error.reason
