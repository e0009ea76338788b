"""Python and browser parts state the same version."""

import json

import nbyard


def test_python_and_browser_parts_have_the_same_version(repository):
    assert json.loads((repository / "package.json").read_text())["version"] == nbyard.__version__
