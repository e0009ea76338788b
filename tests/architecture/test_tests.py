"""Tests use public names: what they need of a class has one."""

import ast
import re

import measures

# The tests of automations take their place.
REPLACED = re.compile(r"schedule|trigger|backfill")


def test_tests_use_no_private_attributes():
    uses = {
        str(path.relative_to(measures.TESTS)): measures.private_attributes(
            ast.parse(path.read_bytes())
        )
        for path in measures.TESTS.rglob("*.py")
        if not REPLACED.search(str(path))
    }
    assert {path: count for path, count in uses.items() if count} == {}
