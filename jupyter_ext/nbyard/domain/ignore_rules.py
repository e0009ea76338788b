"""Rules of code bundles: which files count as code, results or secrets, by name.

`transfer.bundles` adds the rules of .gitignore and .nbyardignore.
"""

import fnmatch
import re
from collections.abc import Iterable, Sequence

STORE_MARK = "store-id"  # marks the folder of a store, which is not code
CACHES = (".*", "__pycache__", "*.pyc", "node_modules", "*.egg-info", "venv")
IGNORED = (
    *CACHES,
    # Hidden, but the build of an image from the bundle needs it.
    "!.dockerignore",
    # Links to datasets, which may be large: see `transfer.dataset_links`.
    "resources",
    "build",
    "dist",
    "*.nbflow",  # each node would get a copy of the whole workflow
)
# Files that hold passwords, keys or tokens by convention, in lower case.
SECRETS = (
    *(".env", ".env[._-]*", ".envrc", ".renviron", "*.nbvars"),
    *("secrets.json", "secrets.toml", "secrets.yaml", "secrets.yml"),
    *("*.pem", "*.key", "*.p12", "*.pfx", "*.jks", "*.keystore", "*.kdbx", "*.ppk"),
    *("id_rsa", "id_dsa", "id_ecdsa", "id_ecdsa_sk", "id_ed25519", "id_ed25519_sk"),
    *(".netrc", "_netrc", ".pgpass", "pgpass.conf", ".my.cnf", ".htpasswd", ".git-credentials"),
    *(".pypirc", ".npmrc", ".dockercfg", ".docker/config.json", ".kube/config", ".vault-token"),
    *("rclone.conf", ".s3cfg", ".boto", ".databrickscfg", "kaggle.json", "credentials.json"),
    *("client_secret*.json", "service[_-]account*.json", "application_default_credentials.json"),
)
SECRET_FOLDERS = (".aws", ".azure", ".config/gcloud", ".gnupg", ".ssh")
TEMPLATES = (".env*.example", ".env*.sample", ".env*.template", ".env*.dist")


def _any_of(patterns: Iterable[str]) -> str:
    # No pattern spans a slash.
    return "|".join(fnmatch.translate(pattern).replace(".*", "[^/]*") for pattern in patterns)


# One expression, because folders may have 100,000 files.
_SECRET = re.compile(
    rf"(?:^|/)(?:(?!{_any_of(TEMPLATES)})(?:{_any_of(SECRETS)})"
    rf"|(?:{'|'.join(map(re.escape, SECRET_FOLDERS))})/)"
)


def may_hold_secrets(path: str) -> bool:
    """Return whether a file holds secrets by convention. Folder paths end in /."""
    return _SECRET.search(path.lower()) is not None


def is_named(path: str, rules: Sequence[str]) -> bool:
    """Return whether rules match a path, a folder above it, or something in it."""
    parts = path.rstrip("/").split("/")
    folders = ("/".join(parts[:depth]) + "/" for depth in range(1, len(parts)))
    return any(rule_for(candidate, rules) for candidate in (*folders, path)) or any(
        path.endswith("/") and rule.strip("/").startswith(path) for rule in rules
    )


def is_cache(name: str) -> bool:
    """Return whether a file is hidden or recreated when missing. Folder names end in /."""
    return bool(rule_for(name, CACHES))


def is_ignored(name: str) -> bool:
    """Return whether bundles always exclude a file, whatever the project's ignore files say."""
    return may_hold_secrets(name) or bool(rule_for(name, IGNORED))


def rule_for(name: str, rules: Sequence[str]) -> str:
    """Return the rule that excludes a name or path, empty if none does.

    As in gitignore, the last matching rule decides, and `!` includes again.
    """
    deciding = ""
    for rule in rules:
        pattern = rule.removeprefix("!")
        if pattern.endswith("/") and not name.endswith("/"):
            continue
        parts, pattern = name.rstrip("/").split("/"), pattern.rstrip("/")
        if "/" in pattern:
            fits = _path_fits(parts, pattern.strip("/").split("/"))
        else:
            fits = fnmatch.fnmatchcase(parts[-1], pattern)
        if fits:
            deciding = "" if rule.startswith("!") else rule
    return deciding


def _path_fits(parts: list[str], patterns: list[str]) -> bool:
    if not parts or not patterns:
        return not parts and all(pattern == "**" for pattern in patterns)
    if patterns[0] == "**":
        return _path_fits(parts, patterns[1:]) or _path_fits(parts[1:], patterns)
    return fnmatch.fnmatchcase(parts[0], patterns[0]) and _path_fits(parts[1:], patterns[1:])
