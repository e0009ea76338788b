"""Operations: declared once in the services, used by REST, OpenAPI, clients and commands."""

import functools
import inspect
import re
import typing
from collections.abc import Callable, Iterable
from typing import Any, Literal, Self, TypeVar, cast

import msgspec

from nbyard.domain.paging import check_count, check_limit

F = TypeVar("F", bound=Callable[..., Any])
Place = Literal["path", "query", "body", "header"]
# What an operation does with files of the user that its request does not name.
Files = Literal["", "lists", "writes"]
HEADER = "idempotency_key"


class Field(msgspec.Struct, frozen=True):
    """An argument of an operation, and which part of a request carries it."""

    name: str
    place: Place
    type: Any
    default: Any = msgspec.UNSET

    @classmethod
    def of(cls, parameter: inspect.Parameter, kind: Any, in_path: set[str]) -> Self:
        """Return the field for a method's parameter.

        `kind` is its type, `in_path` has the path's variables.
        """
        default = msgspec.UNSET if parameter.default is parameter.empty else parameter.default
        if parameter.name in in_path:
            place: Place = "path"
        elif parameter.name == HEADER:
            place = "header"
        elif isinstance(kind, type) and issubclass(kind, msgspec.Struct):
            place = "body"
        else:
            place = "query"
        return cls(parameter.name, place, kind, default)


class Operation(msgspec.Struct, frozen=True):
    """A service method as clients see it. `path` has its variables in braces."""

    noun: str
    verb: str
    method: str
    path: str
    scope: str
    status: int
    files: Files
    fields: tuple[Field, ...]
    returns: Any
    summary: str
    description: str

    @classmethod
    def of(cls, service: Any, verb: str, function: Callable[..., Any]) -> Self:
        """Return the operation that a service method with the decorator `operation` declares."""
        method, path, scope, status, files = function.__operation__  # type: ignore[attr-defined]
        # Most modules of services postpone annotations, so these are texts, which this call
        # evaluates. Their types must therefore be imported at run time, not only for type checkers.
        hints = typing.get_type_hints(function)
        # Skip `self` and `caller`, which no request carries.
        parameters = list(inspect.signature(function).parameters.values())[2:]
        doc = inspect.getdoc(function) or ""
        # The OpenAPI document lists the errors of each status itself.
        summary, _, description = doc.partition("\nRaises:")[0].partition("\n")
        in_path = set(re.findall(r"{(\w+)}", path))
        return cls(
            noun=service.noun,
            verb=verb,
            method=method,
            path=path,
            scope=scope,
            status=status,
            files=files,
            fields=tuple(Field.of(p, hints[p.name], in_path) for p in parameters),
            returns=hints["return"],
            summary=summary.rstrip("."),
            description=description.strip(),
        )

    @property
    def id(self) -> str:
        return f"{self.noun}.{self.verb}"

    @property
    def arguments(self) -> list[Field]:
        """Return the fields that a command takes as arguments: those of the path, or a file."""
        needed = [field for field in self.placed("query") if field.default is msgspec.UNSET]
        return self.placed("path") or [field for field in needed if field.name == "path"]

    def placed(self, place: Place) -> list[Field]:
        return [field for field in self.fields if field.place == place]


def operation(
    method: str, path: str, *, scope: str, status: int = 200, files: Files = ""
) -> Callable[[F], F]:
    """Mark a service method `(self, caller, …)` as an operation.

    Requests carry arguments named in `path` there, structs as the body, `idempotency_key` as the
    header Idempotency-Key, and all others in the query. The caller must have `scope`. `files` tells
    whether the operation lists the user's files or writes some: a server that forwards it then
    sends them, or takes them back.

    The method is called only if each number is a count, and `limit` the size of a page.
    """

    def mark(function: F) -> F:
        signature = inspect.signature(function)

        @functools.wraps(function)
        def checked(*given: Any, **named: Any) -> Any:
            for name, value in signature.bind(*given, **named).arguments.items():
                if name == "limit":
                    check_limit(value)
                elif isinstance(value, int):
                    check_count(value, name)
            return function(*given, **named)

        checked.__operation__ = (method, path, scope, status, files)  # type: ignore[attr-defined]
        return cast("F", checked)

    return mark


def operations(services: Iterable[type]) -> list[Operation]:
    """Return all operations that these service classes declare."""
    return [
        Operation.of(service, name, function)
        for service in services
        # RunService and ProjectService inherit most operations from their parts.
        for part in service.__mro__
        for name, function in vars(part).items()
        if hasattr(function, "__operation__")
    ]
