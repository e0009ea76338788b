"""Which names are left out of code bundles and of other files."""

import pytest

from nbyard.domain.ignore_rules import is_cache, is_ignored, rule_for


@pytest.mark.parametrize("name", [".git/", ".env", "a/__pycache__/", "a/b.pyc", "venv/"])
def test_caches_and_hidden_files_are_ignored(name: str) -> None:
    assert is_cache(name) and is_ignored(name)


@pytest.mark.parametrize(
    ("name", "ignored"),
    [("dist/", True), ("flow.nbflow", True), (".dockerignore", False), ("data/a.csv", False)],
)
def test_what_bundles_leave_out_is_ignored(name: str, ignored: bool) -> None:
    assert is_ignored(name) == ignored


@pytest.mark.parametrize(
    ("name", "rules", "rule"),
    [
        ("a.csv", ["*.csv", "!a.csv"], ""),
        ("a.csv", ["!a.csv", "*.csv"], "*.csv"),
        ("data", ["data/"], ""),
        ("data/", ["data/"], "data/"),
        ("x/data/a.csv", ["x/**/*.csv"], "x/**/*.csv"),
        ("data/a.csv", ["/a.csv"], ""),
    ],
)
def test_the_last_rule_that_fits_decides(name: str, rules: list[str], rule: str) -> None:
    """As in gitignore."""
    assert rule_for(name, rules) == rule
