"""Names are specific: words that fit everything are banned."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from .sources import PACKAGE, nodes

BANNED = {
    "common", "core", "helper", "helpers", "manager", "managers", "util", "utils", "utilities",
}  # fmt: skip


def words(name: str) -> set[str]:
    return {word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)}


def named(module: Path) -> Iterator[str]:
    yield from module.relative_to(PACKAGE).with_suffix("").parts
    source = module.read_text("utf-8").lower()
    if not any(word in source for word in BANNED):
        return  # most modules need no parsing
    for node in nodes(module):
        match node:
            case ast.ClassDef() | ast.FunctionDef() | ast.AsyncFunctionDef():
                yield node.name
            case ast.arg():
                yield node.arg


def test_no_name_contains_a_banned_word():
    bad = {
        f"{module.relative_to(PACKAGE)}: {name}"
        for module in PACKAGE.rglob("*.py")
        for name in named(module)
        if words(name) & BANNED
    }
    assert bad == set()
