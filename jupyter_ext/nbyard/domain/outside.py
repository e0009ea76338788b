"""What code may open outside of its own folder, as its text tells: files by absolute paths, and
datasets by the folder that shows them."""

import ast
import os.path
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

import msgspec

from nbyard.domain.digest import DATASET
from nbyard.domain.mentions import code_of
from nbyard.domain.notebooks import parse
from nbyard.domain.probe_words import QUIET
from nbyard.domain.probed_names import texts_of
from nbyard.domain.probes import PYTHON, SHELL

RESOURCES = re.compile(r"NBYARD_RESOURCES|\bresources\b\W|%nbyard\s+dataset\b")
ID = re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")
NOTEBOOKS = re.compile(r"%run\b|ipynb\b")
QUOTED = re.compile(r"(?P<mark>[\"'])(?P<text>~?/(?!/)[^\\\n\"']{1,1000})(?P=mark)")
WORD = re.compile(r"(?<![\w./~$}*-])~?/[\w.][^\s\"'`$|;&<>(){}\\]*")
PLAIN = re.compile(
    r"(?m)(?:^|[\s:=,\[])(?P<text>~?/(?!/)[\w.][\w./ @+-]{0,300}[\w])\s*(?:$|[,\]#])"
)
# what stands before or behind a path that is written, and not read
INTO = re.compile(r"(?<!<)>\s*[\"']?$")
CALL = re.compile(r"(\w+)\(\s*$")
TO_WRITE = re.compile(r"\s*,\s*(?:mode\s*=\s*)?[\"'][wax][bt]?[\"']")
CODE = (*PYTHON, *SHELL, ".r", ".jl")
SETTINGS = (".cfg", ".env", ".ini", ".json", ".toml", ".yaml", ".yml")
# What belongs to the system or to environments, of which keys have what counts.
SYSTEM = (
    *("/bin/", "/boot/", "/dev/", "/etc/", "/lib/", "/lib64/", "/proc/", "/run/", "/sbin/"),
    *("/sys/", "/usr/"),
)
PACKAGES = ("/site-packages/", "/dist-packages/")


class Mentions(msgspec.Struct, frozen=True):
    """Absolute `paths` and `ids` in a text, and whether it `asks_datasets` by their folder and runs
    other notebooks."""

    paths: frozenset[str] = frozenset()
    ids: frozenset[str] = frozenset()
    asks_datasets: bool = False
    runs_notebooks: bool = False

    def __or__(self, other: "Mentions") -> "Mentions":
        asks = self.asks_datasets or other.asks_datasets
        runs = self.runs_notebooks or other.runs_notebooks
        return Mentions(self.paths | other.paths, self.ids | other.ids, asks, runs)

    def datasets(self, known: Collection[str]) -> set[str]:
        """Which of the known datasets the text may open: all, if it names none of them."""
        named = {*known} & self.ids
        return named or ({*known} if self.asks_datasets else set())


def is_read_for(filename: str) -> bool:
    """Whether files of this name are looked into."""
    return filename.lower().endswith(CODE + SETTINGS)


def mentions_of(filename: str, content: bytes) -> Mentions:
    """Return what a file with code or settings mentions."""
    suffix = filename[filename.rfind(".") :].lower()
    try:
        text = code_of(filename, content)
    except (ValueError, KeyError, TypeError):
        text = content.decode("utf-8", "replace").replace('\\"', '"')
    quoted = [(match["text"], _is_written(suffix, text, match)) for match in QUOTED.finditer(text)]
    if suffix in SHELL:
        quoted += [(match[0], _is_written(suffix, text, match)) for match in WORD.finditer(text)]
    found = {path for path, is_written in quoted if not is_written}
    written = {path for path, _ in quoted} - found
    if suffix in SETTINGS:
        found |= {match["text"] for match in PLAIN.finditer(text)}
    elif suffix in PYTHON and quoted:
        found |= _put_together(text) - written
    asks, runs = (word.search(text) is not None for word in (RESOURCES, NOTEBOOKS))
    paths, ids = frozenset(filter(is_counted, found)), frozenset(ID.findall(text))
    return Mentions(paths, ids, asks, runs)


def _is_written(suffix: str, text: str, match: re.Match[str]) -> bool:
    """Whether a path is written there: `open(path, "a")`, `to_csv(path)`, `>> path`."""
    before = text[max(0, match.start() - 60) : match.start()]
    if suffix in SHELL:
        return INTO.search(before) is not None
    called = CALL.search(before)
    is_quiet = called is not None and QUIET.fullmatch(called[1]) is not None
    return is_quiet or TO_WRITE.match(text, match.end()) is not None


def mentions_in(values: Mapping[str, Any]) -> Mentions:
    """Return what the values of arguments mention."""
    texts = {one for one in values.values() if isinstance(one, str)}
    ids = {one for text in texts for one in ID.findall(text)}
    return Mentions(frozenset(filter(is_counted, texts)), frozenset(ids))


def _put_together(text: str) -> set[str]:
    """Texts such as `Path("/data") / "a.csv"`."""
    try:
        tree, _ = parse(text)
    except (SyntaxError, ValueError):
        return set()
    return texts_of(tree) if isinstance(tree, ast.Module) else set()


def is_counted(path: str) -> bool:
    """Whether a text is the absolute path of a file that may be somebody's data."""
    if not path.startswith(("/", "~/")) or path.startswith("//") or "\0" in path:
        return False
    plain = os.path.normpath(path)
    in_packages = any(one in plain for one in PACKAGES)
    return plain not in ("/", "~") and not plain.startswith(SYSTEM) and not in_packages


def changes_outside(
    old: Mapping[str, str], new: Mapping[str, str], mentions: Iterable[Mentions]
) -> Iterator[str]:
    """Yield what differs between two states of what lies outside, if the code that was read
    mentions it."""
    differing = {name for name in {*old, *new} if old.get(name) != new.get(name)}
    if not differing:
        return
    known = {name.removeprefix(DATASET) for name in {*old, *new} if name.startswith(DATASET)}
    asked: set[str] = set()
    for one in mentions:
        asked |= one.paths | {f"{DATASET}{name}" for name in one.datasets(known)}
    yield from sorted(differing & asked)
