"""Problems of a node or a field, taken from the errors of its parts."""

from nbyard.errors import NbyardError, with_hint
from nbyard.reasons.structs import Reason, because


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
