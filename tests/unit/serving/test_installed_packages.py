"""Packages of modules, pinned to what is installed."""

import ast
from importlib import metadata

import pytest

from nbyard.serving.installed_packages import imports_of, required_packages

pytestmark = pytest.mark.slow


def test_modules_are_pinned_to_installed_versions():
    found = required_packages(
        ["msgspec.json", "os.path", "yaml", "__main__", "no_such_module.deep", "json"]
    )
    own = [f"{name}=={metadata.version(name)}" for name in ("msgspec", "PyYAML")]
    assert sorted(found.lines, key=str.lower) == own
    assert (found.elsewhere, found.unknown) == ([], ["no_such_module"])


def test_packages_from_folders_are_reported_and_not_pinned(monkeypatch):
    one = metadata.distribution("msgspec")

    class Local:
        version = "1.2+cpu"

        def __init__(self, url: str | None):
            self.url = url

        def read_text(self, name: str) -> str | None:
            return self.url

    monkeypatch.setattr(metadata, "distribution", lambda _: Local('{"url": "file:///x"}'))
    assert required_packages(["msgspec"]) == ([], [one.name], [])
    monkeypatch.setattr(metadata, "distribution", lambda _: Local(None))
    assert required_packages(["msgspec"]).lines == ["msgspec==1.2"], "any build of a version fits"


CODE = """
import numpy as np, os.path
from near.deep import thing
from . import beside
from .other import x
if typing.TYPE_CHECKING:
    import slow
try:
    import orjson
except ImportError:
    orjson = None


def later():
    import pandas
"""


def test_imports_are_read_from_the_text():
    found = imports_of(ast.parse(CODE))
    assert found.modules == {"numpy", "os.path", "near.deep", "near.deep.thing", "pandas"}
    assert found.tried == {"slow", "orjson"}
    assert found.near == {".beside", ".other"}
