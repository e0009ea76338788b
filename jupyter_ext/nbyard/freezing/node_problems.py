"""Problems of a node or a field, taken from the errors of its parts."""

from collections.abc import Iterable

from nbyard.domain.executables.structs import display_name
from nbyard.domain.workflows.structs import Node, NodeView
from nbyard.errors import NbyardError, with_hint
from nbyard.reasons.structs import Reason, because

# The hints of a script that is no valid Python.
UNREADABLE = ("python-line-invalid", "script-no-python")


def problem_view(node: Node, error: NbyardError) -> NodeView:
    """Return a node that cannot be read, for the canvas."""
    path = display_name(node.path)
    name = node.label or path or node.executable or node.dataset or node.artifact
    return NodeView(name, node.type, [], problem=problem_of(error))


def unread_reason(hints: Iterable[Reason]) -> Reason | None:
    """Return why the arguments of a script could not be read; None if they were."""
    return next((hint for hint in hints if hint.code in UNREADABLE), None)


def problem_of(error: NbyardError) -> Reason:
    """Return what is wrong, with the hint, without the field `path`: the node shows the place."""
    why = error.reason
    if why.code == "field" and why.params["path"] == "path":
        why = first_problem(error)
    if error.hint_reason is None:
        return why
    return with_hint(error, why, error.hint_reason)


def first_problem(error: NbyardError) -> Reason:
    """Return what is wrong with the first refused field; without one, the reason of the error."""
    for detail in error.details[:1]:
        return detail.reason or because("text", text=detail.message)
    return error.reason
