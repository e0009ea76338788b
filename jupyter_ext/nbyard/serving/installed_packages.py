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
    """The packages that provide modules."""

    lines: list[str]  # pin packages from an index
    elsewhere: list[str]  # names of packages from a folder, an archive or a repository
    unknown: list[str]  # modules that no installed package provides


def required_packages(modules: Iterable[str]) -> Needed:
    """Return the packages that provide these modules, in their installed versions.

    Modules of the standard library are left out. So is the local part of a version, as in
    `2.3.0+cpu`: any build of the version fits.
    """
    known = metadata.packages_distributions()
    tops = {module.partition(".")[0] for module in modules}
    tops -= {*sys.stdlib_module_names, OWN, "__main__", ""}
    names = {name for top in tops for name in known.get(top, ())}
    lines, elsewhere = [], []
    for name in names:
        package = metadata.distribution(name)
        # pip writes this file for packages that do not come from an index (PEP 610)
        origin = json.loads(package.read_text("direct_url.json") or "{}")
        if isinstance(origin, Mapping) and origin.get("url"):
            elsewhere.append(name)
        else:
            lines.append(f"{name}=={package.version.partition('+')[0]}")
    return Needed(sorted(lines), sorted(elsewhere), sorted(tops - {*known}))


class Imports(NamedTuple):
    """The imports of a module."""

    modules: set[str]  # full names of those that are always imported
    tried: set[str]  # those that are only imported in `try` or under `TYPE_CHECKING`
    near: set[str]  # relative imports, such as `.other`


def imports_of(tree: ast.Module) -> Imports:
    """Return the imports in a module's source, without importing anything."""
    imports = Imports(set(), set(), set())
    _gather(tree, imports, is_tried=False)
    return Imports(imports.modules, imports.tried - imports.modules, imports.near)


def _gather(node: ast.AST, imports: Imports, *, is_tried: bool) -> None:
    into = imports.tried if is_tried else imports.modules
    if isinstance(node, ast.Import):
        into |= {alias.name for alias in node.names}
    elif isinstance(node, ast.ImportFrom) and node.level:
        names = [node.module] if node.module else [alias.name for alias in node.names]
        imports.near.update("." * node.level + name for name in names)
    elif isinstance(node, ast.ImportFrom):
        into |= {node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)}
    elif isinstance(node, ast.Try):
        is_tried = True
    elif isinstance(node, ast.If) and isinstance(node.test, ast.Name | ast.Attribute):
        is_tried = is_tried or ast.unparse(node.test).endswith("TYPE_CHECKING")
    for inside in ast.iter_child_nodes(node):
        _gather(inside, imports, is_tried=is_tried)
