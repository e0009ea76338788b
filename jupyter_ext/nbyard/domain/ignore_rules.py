"""Rules of code bundles: which files count as code or results, by name.

`transfer.bundles` adds the rules of .gitignore and .nbyardignore.
"""

import fnmatch
from collections.abc import Sequence

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


def is_cache(name: str) -> bool:
    """Return whether a file is hidden or recreated when missing. Folder names end in /."""
    return bool(rule_for(name, CACHES))


def is_ignored(name: str) -> bool:
    """Return whether bundles always exclude a file, whatever the project's ignore files say."""
    return bool(rule_for(name, IGNORED))


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
