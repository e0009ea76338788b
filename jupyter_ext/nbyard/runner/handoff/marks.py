"""The mark of a function that is a node of workflows; it means nothing anywhere else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar, overload

F = TypeVar("F", bound=Callable[..., Any])


@overload
def executable(function: F) -> F: ...


@overload
def executable(*, outputs: Mapping[str, str] | None = None) -> Callable[[F], F]: ...


def executable(
    function: F | None = None, *, outputs: Mapping[str, str] | None = None
) -> F | Callable[[F], F]:
    """Say that a function is meant to be a node of workflows; it stays the function that it is.

    `outputs` names what comes out of it, each with the format of its file ("csv", "json", "txt" …,
    empty for any). It is read from the source, so it is written out there. An output with the name
    of a parameter is written by the function to the path given to it; the others are what it
    returns: one alone, or several as a dict by name or in their order as a tuple.
    """
    if function is not None:
        return function
    return lambda decorated: decorated
