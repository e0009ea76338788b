"""Finds the installed packages of modules, as lines of a requirements file."""

from __future__ import annotations

import ast
import json
import sys
from collections.abc import Iterable, Mapping
from importlib import metadata
from typing import NamedTuple

OWN = "__future__"


class Needed(NamedTuple):
    """The packages of modules.

    `lines` pin packages from an index. `elsewhere` names packages from a folder, an archive or a
    repository. `unknown` names modules that no installed package provides.
    """

    lines: list[str]
    elsewhere: list[str]
    unknown: list[str]


def needed(modules: Iterable[str]) -> Needed:
    """Return the packages of these modules in their installed versions, without Python's own.

    A local part of a version (`2.3.0+cpu`) is omitted: any build of the version fits.
    """
    known = metadata.packages_distributions()
    tops = {module.partition(".")[0] for module in modules}
    tops -= {*sys.stdlib_module_names, OWN, "__main__", ""}
    names = {name for top in tops for name in known.get(top, ())}
    found = {name: metadata.distribution(name) for name in names}
    away = {name for name, one in found.items() if _is_elsewhere(one)}
    return Needed(
        sorted(
            f"{name}=={_public(one.version)}" for name, one in found.items() if name not in away
        ),
        sorted(away),
        sorted(tops - {*known}),
    )


def _is_elsewhere(one: metadata.Distribution) -> bool:
    # pip writes this file for packages that do not come from an index (PEP 610)
    text = one.read_text("direct_url.json")
    found = json.loads(text) if text else {}
    return isinstance(found, Mapping) and bool(found.get("url"))


def _public(version: str) -> str:
    return version.partition("+")[0]


class Imports(NamedTuple):
    """The imports of a module.

    `modules` are full names. `tried` are imports that may fail, as the code handles that. `near`
    are relative ones, such as `.other`.
    """

    modules: set[str]
    tried: set[str]
    near: set[str]


def imports_of(tree: ast.Module) -> Imports:
    """Return the imports in a module's source, without importing anything."""
    found = Imports(set(), set(), set())
    _gather(tree, found, is_tried=False)
    return Imports(found.modules, found.tried - found.modules, found.near)


def _gather(node: ast.AST, found: Imports, *, is_tried: bool) -> None:
    into = found.tried if is_tried else found.modules
    if isinstance(node, ast.Import):
        into |= {alias.name for alias in node.names}
    elif isinstance(node, ast.ImportFrom) and node.level:
        found.near.update(_near(node))
    elif isinstance(node, ast.ImportFrom):
        into |= {node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)}
    is_tried = is_tried or isinstance(node, ast.Try) or _is_for_types(node)
    for inside in ast.iter_child_nodes(node):
        _gather(inside, found, is_tried=is_tried)


def _near(node: ast.ImportFrom) -> set[str]:
    dots = "." * node.level
    if node.module:
        return {f"{dots}{node.module}"}
    return {f"{dots}{alias.name}" for alias in node.names}


def _is_for_types(node: ast.AST) -> bool:
    test = node.test if isinstance(node, ast.If) else None
    return isinstance(test, ast.Name | ast.Attribute) and ast.unparse(test).endswith(
        "TYPE_CHECKING"
    )
