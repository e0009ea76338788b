"""Which names are left out of code bundles and of other files."""

import pytest

from nbyard.domain.ignore_rules import is_cache, is_ignored, is_named, may_hold_secrets, rule_for


@pytest.mark.parametrize("name", [".git/", ".env", "a/__pycache__/", "a/b.pyc", "venv/"])
def test_caches_and_hidden_files_are_ignored(name: str) -> None:
    assert is_cache(name) and is_ignored(name)


@pytest.mark.parametrize(
    ("name", "ignored"),
    [("dist/", True), ("flow.nbflow", True), (".dockerignore", False), ("data/a.csv", False)],
)
def test_files_outside_bundles_are_ignored(name: str, ignored: bool) -> None:
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
def test_the_last_matching_rule_decides(name: str, rules: list[str], rule: str) -> None:
    """As in gitignore."""
    assert rule_for(name, rules) == rule


@pytest.mark.parametrize(
    "path",
    [
        *("local.nbvars", "a/.env", ".env.prod", ".env-prod", ".envrc", "a/b/TLS.PEM", "x.key"),
        *(".Renviron", "conf/secrets.yaml"),
        *("id_rsa", "a/id_ed25519", ".netrc", "_netrc", ".pypirc", ".npmrc", "rclone.conf"),
        *(".aws/", ".aws/config", "a/.ssh/known", ".gnupg/x", ".config/gcloud/x.db"),
        *(".docker/config.json", "service-account-prod.json", "keys.kdbx", "a.p12", "a.pfx"),
    ],
)
def test_files_with_secrets_are_known_by_name(path: str) -> None:
    assert may_hold_secrets(path) and is_ignored(path)


@pytest.mark.parametrize(
    "path",
    [
        *(".env.example", "a/.env.prod.sample", ".env.template", ".env.dist", "id_rsa.pub"),
        *("environment.yml", "monkey.py", "x.pem.md", "a.key/b.csv", "keys/a.csv", "id_map.csv"),
        *("docker/config.json", "config.json", "aws/x", "data.env.csv", ".ssh-notes"),
    ],
)
def test_templates_and_other_files_hold_no_secrets(path: str) -> None:
    assert not may_hold_secrets(path)


@pytest.mark.parametrize(
    ("path", "rules", "named"),
    [
        ("a/b.pem", ["b.pem"], True),
        ("a/b.pem", ["/b.pem"], False),
        ("a/b.pem", ["a/b.pem"], True),
        ("a/b.pem", ["a"], True),
        ("a/", ["a/b.pem"], True),
        ("c/", ["a/b.pem"], False),
        ("a/b.pem", [], False),
    ],
)
def test_a_rule_matches_a_path_or_its_parents(path: str, rules: list[str], named: bool) -> None:
    assert is_named(path, rules) == named
