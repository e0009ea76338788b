"""pyproject.toml lists exactly the distributions that the package imports."""

import ast
import re
import sys
import tomllib
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from .sources import PACKAGE, nodes

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
# Their presence is needed, not their import: the host, what polars reads Excel with, a program.
UNIMPORTED = {"fastexcel", "jupyterlab", "pip", "tzdata"}
OPTIONAL = {
    "distributed",
    "jupyterhub",
    "nbdime",
    "optuna",
    "jupyter-ydoc",
    "pycrdt",
    "psycopg",
    "pytest",
    "s3fs",
}
# The Docker SDK raises their exceptions, so they come with it.
WITH_DOCKER = {"requests", "urllib3"}
# Imported on a Dask worker only, where distributed has brought it.
WITH_DISTRIBUTED = {"psutil"}

# Installed in the image of a model, by the mode that it is served in.
IN_IMAGES = {"orjson", "uvicorn"}
# In the standard library from Python 3.14 on.
NEWER = {"compression"}
# What hands a value over is what the value was made with.
HANDED_OVER = {"numpy", "pandas", "pyarrow"}


@cache
def imported() -> list[set[str]]:
    """Return, for each foreign module imported anywhere, the distributions that provide it."""
    names = set()
    for module in PACKAGE.rglob("*.py"):
        for node in nodes(module):
            if isinstance(node, ast.Import):
                names |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                names.add((node.module or "").partition(".")[0])
    known = packages_distributions()
    foreign = names - set(sys.stdlib_module_names) - NEWER - {"nbyard"}
    return [{normal(each) for each in known.get(name, [name])} for name in sorted(foreign)]


def declared() -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return {normal(Requirement(line).name) for line in project["dependencies"]}


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_every_import_is_declared():
    allowed = declared() | OPTIONAL | WITH_DOCKER | WITH_DISTRIBUTED | IN_IMAGES | HANDED_OVER
    assert [brought for brought in imported() if not brought & allowed] == []


def test_every_declared_dependency_is_imported():
    assert declared() - UNIMPORTED - set().union(*imported()) == set()
