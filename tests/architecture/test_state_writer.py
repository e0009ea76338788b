"""`store/transition.py` is the only writer of every `state` column."""

import ast
import re
from collections.abc import Iterable, Iterator

import pytest

from .sources import PACKAGE, nodes

WRITER = PACKAGE / "store/transition.py"
SQL = re.compile(r"\b(update\b.*\bset\b.*\bstate\s*=|insert\s+into\b.*\bstate\b)", re.I | re.S)


def state_writes(nodes: Iterable[ast.AST]) -> Iterator[int]:
    """Yield lines that write a state: `values(state=…)`, a `…Row(state=…)`, setattr, SQL text."""
    for node in nodes:
        match node:
            case ast.Call(func=ast.Attribute(attr="values")) if _sets_state(node):
                yield node.lineno
            case ast.Call(func=ast.Name(id=name)) if name.endswith("Row") and _sets_state(node):
                yield node.lineno
            case ast.Call(func=ast.Name(id="setattr"), args=[_, ast.Constant(value="state"), _]):
                yield node.lineno
            case ast.Constant(value=str(text)) if SQL.search(text):
                yield node.lineno


def _sets_state(call: ast.Call) -> bool:
    """Return whether a call sets a state by keyword, dict literal or column key (`{TaskRow.state:
    …}`)."""
    keys = [key for each in call.args if isinstance(each, ast.Dict) for key in each.keys]
    return any(keyword.arg == "state" for keyword in call.keywords) or any(
        (isinstance(key, ast.Constant) and key.value == "state")
        or (isinstance(key, ast.Attribute) and key.attr == "state")
        for key in keys
    )


def assigned_states(nodes: Iterable[ast.AST]) -> Iterator[int]:
    for node in nodes:
        if (
            isinstance(node, ast.Attribute)
            and node.attr == "state"
            and isinstance(node.ctx, ast.Store)
        ):
            yield node.lineno


def test_only_transition_writes_states():
    found = {
        f"{module.relative_to(PACKAGE)}:{line}"
        for module in PACKAGE.rglob("*.py")
        if module != WRITER and "migrations" not in module.parts
        for line in state_writes(nodes(module))
    }
    assert found == set()


def test_rows_have_no_state_assigned():
    found = {
        f"{module.relative_to(PACKAGE)}:{line}"
        for layer in ("store", "services", "dispatch")
        for module in (PACKAGE / layer).rglob("*.py")
        if module != WRITER
        for line in assigned_states(nodes(module))
    }
    assert found == set()


@pytest.mark.parametrize(
    "line",
    [
        "update(tasks).values(state='failed')",
        "insert(tasks).values({'state': 'failed'})",
        "insert(tasks).values({TaskRow.state: 'failed'})",
        "TaskRow(id=1, state='waiting')",
        "setattr(row, 'state', 'failed')",
        "text('UPDATE task SET state = :s')",
    ],
)
def test_state_writes_are_detected(line):
    assert list(state_writes(ast.walk(ast.parse(line))))


def test_reading_a_state_is_not_a_write():
    source = "select(t).where(t.c.state == 'x'); Task(state=row.state)"
    assert not list(state_writes(ast.walk(ast.parse(source))))
