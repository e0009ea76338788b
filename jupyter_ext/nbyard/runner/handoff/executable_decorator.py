"""The decorator that marks a function as a node of workflows. It has no effect elsewhere."""

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
    """Mark a function as a node of workflows. The function itself stays unchanged.

    `outputs` names the function's outputs, each with its file format ("csv", "json", "txt" …, empty
    for any). It is read from the source, so it must be written out there.

    If an output has the name of a parameter, the function writes it to the path in that argument.
    All other outputs are the return value: one alone, or several as a dict by name or a tuple in
    order.
    """
    if function is not None:
        return function
    return lambda decorated: decorated
