"""Place, type and default of every argument are declared once."""

import re
from functools import partial
from typing import Any

import msgspec
import pytest

from nbyard.domain.callers import Caller
from nbyard.errors import Invalid
from nbyard.services.operation import operation, operations
from nbyard.services.operation_table import table


class Body(msgspec.Struct):
    name: str


class Example:
    noun = "examples"

    @operation("POST", "/examples/{example}", scope="examples:write", status=201)
    def make(
        self,
        caller: Caller,
        example: str,
        body: Body,
        deep: bool = False,
        limit: int = 50,
        after: int = 0,
        idempotency_key: str = "",
    ) -> Body:
        """Make one.

        At length.
        """
        return body

    def internal(self) -> None:
        pass


def test_a_declared_method_is_an_operation():
    (found,) = operations([Example])
    assert (found.id, found.method, found.path, found.status) == (
        "examples.make", "POST", "/examples/{example}", 201,
    )  # fmt: skip
    assert {f.name: f.place for f in found.fields} == {
        "example": "path", "body": "body", "deep": "query", "limit": "query", "after": "query",
        "idempotency_key": "header",
    }  # fmt: skip
    assert (found.summary, found.description) == ("Make one", "At length.")
    assert found.placed("query")[0].default is False
    make: Any = partial(Example().make, Caller("ann"), "red", Body("a"))
    assert make(limit=500, after=2**63 - 1) == Body("a")
    for refused in ({"limit": 0}, {"limit": 501}, {"after": -1}, {"after": 2**63}):
        with pytest.raises(Invalid, match=f"^{next(iter(refused))}: "):
            make(**refused)


@pytest.mark.parametrize("op", table(), ids=lambda op: op.id)
def test_every_operation_keeps_the_rules(op):
    assert set(re.findall(r"{(\w+)}", op.path)) == {field.name for field in op.placed("path")}
    first, *below = op.path.strip("/").split("/")
    # First, or below the noun to which it belongs; `/channel-tests` hides no channel named test.
    assert op.noun in (first, *below) or first.startswith(f"{op.noun.removesuffix('s')}-")
    assert op.summary
    assert re.fullmatch(r"[a-z]+:(read|write|admin)", op.scope)
    assert (op.status == 204) == (op.returns is type(None))
    if op.method == "GET":
        assert not op.placed("body")
        assert op.scope.endswith((":read", ":admin")) or op.noun == "uploads"
    assert len(op.placed("body")) <= 1


def test_paths_are_unique():
    places = [(op.method, op.path) for op in table()]
    assert len(places) == len(set(places))
