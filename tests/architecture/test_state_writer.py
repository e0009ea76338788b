"""`store/transition.py` is the only writer of every `state` column."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "jupyter_ext/nbyard"
WRITER = PACKAGE / "store/transition.py"
SQL = re.compile(r"\b(update\b.*\bset\b.*\bstate\s*=|insert\s+into\b.*\bstate\b)", re.I | re.S)


def state_writes(source: str) -> Iterator[int]:
    """Lines that write a state: `values(state=…)`, a `…Row(state=…)`, setattr, SQL text."""
    for node in ast.walk(ast.parse(source)):
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
    """By keyword, by a dict literal, or by a column as key (`{TaskRow.state: …}`)."""
    keys = [key for each in call.args if isinstance(each, ast.Dict) for key in each.keys]
    return any(keyword.arg == "state" for keyword in call.keywords) or any(
        (isinstance(key, ast.Constant) and key.value == "state")
        or (isinstance(key, ast.Attribute) and key.attr == "state")
        for key in keys
    )


def assigned_states(source: str) -> Iterator[int]:
    for node in ast.walk(ast.parse(source)):
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
        for line in state_writes(module.read_text())
    }
    assert found == set()


def test_rows_have_no_state_assigned():
    found = {
        f"{module.relative_to(PACKAGE)}:{line}"
        for room in ("store", "services", "dispatch")
        for module in (PACKAGE / room).rglob("*.py")
        if module != WRITER
        for line in assigned_states(module.read_text())
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
def test_the_rule_sees(line):
    assert list(state_writes(line))


def test_reading_a_state_is_no_write():
    assert not list(state_writes("select(t).where(t.c.state == 'x'); Task(state=row.state)"))
