"""Print how the package is built, and fail where a figure is worse than its limit.

Run it as `python buildtools/figures.py`. `./check --fast` runs it as the step `figures`.
"""

import ast
import re
import sys
import tokenize
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "jupyter_ext" / "nbyard"
IGNORED = {"labextension", "versions"}  # the browser bundle, and migrations that must not change
# Limits only get stricter: a commit that improves a figure also changes its limit.
MAX_MODULES = 16
LARGER: dict[str, int] = {}
MAX_LAZY_IMPORTS = 133
MAX_USED_ONCE = 300
MIN_COMMENTS = 2.4  # lines in 100
MIN_VERBS = 98  # of 100 docstrings of functions
# Names that WORDS replaced: no module may have one again.
REPLACED = frozenset(
    [
        "alone",
        "answering",
        "archiving",
        "argparsing",
        "asking",
        "awaiting",
        "calling",
        "candidates",
        "carrying",
        "claimed",
        "clicking",
        "conclusions",
        "crash",
        "crew",
        "departures",
        "direct",
        "endings",
        "fields",
        "foreign",
        "found",
        "guesses",
        "guest",
        "handed",
        "kept_logs",
        "kept_traffic",
        "last_words",
        "listening",
        "localpaths",
        "making",
        "masks",
        "missing",
        "noting",
        "nouns",
        "openings",
        "parts",
        "placing",
        "printed",
        "reaches",
        "rehearsal",
        "reserve",
        "returned",
        "room",
        "seats",
        "spared",
        "standby",
        "started",
        "strays",
        "takeovers",
        "trials",
        "unfinished",
        "unknowns",
        "using",
        "verdict",
        "working",
    ]
)
STILL_THERE = {"domain.models.trials", "importers.cwl.fields", "serving.batch.parts"}
# Words that docstrings of functions may start with.
VERBS = frozenset(Path(__file__).with_name("verbs.txt").read_text("utf-8").split())


@dataclass(frozen=True)
class Module:
    """One source file, parsed."""

    name: str  # without "nbyard."
    is_package: bool
    tree: ast.Module
    path: Path

    @property
    def folder(self) -> str:
        return self.name if self.is_package else self.name.rpartition(".")[0]


def modules(package: Path = PACKAGE) -> dict[str, Module]:
    """Return the modules of a package by their name below it; the package itself is ''."""
    found = {}
    for path in sorted(package.rglob("*.py")):
        place = path.relative_to(package)
        if IGNORED & set(place.parts):
            continue
        is_package = path.name == "__init__.py"
        name = ".".join(place.parent.parts if is_package else place.with_suffix("").parts)
        found[name] = Module(name, is_package, ast.parse(path.read_bytes()), path)
    return found


def sizes(all_modules: Mapping[str, Module]) -> Counter[str]:
    """Count the modules of each folder, without its `__init__`."""
    return Counter(m.folder for m in all_modules.values() if not m.is_package)


def function_imports(all_modules: Iterable[Module]) -> int:
    """Count imports of our own modules inside functions."""
    inside = {
        id(node): node
        for module in all_modules
        for function in functions(module.tree)
        for node in ast.walk(function)
        if isinstance(node, ast.ImportFrom | ast.Import)
    }
    return sum("nbyard" in ast.unparse(node) for node in inside.values())


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Yield all functions and methods of a module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def used_once(all_modules: Iterable[Module]) -> int:
    """Count private functions of modules that are named once besides their definition."""
    total = 0
    for module in all_modules:
        names = [
            node.name
            for node in module.tree.body
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name[0] == "_"
        ]
        words = Counter(re.findall(r"\w+", module.path.read_text("utf-8")))
        total += sum(words[name] == 2 for name in names)
    return total


def texts_of_errors(all_modules: Iterable[Module]) -> int:
    """Count the errors of `nbyard.errors` that have a text instead of a reason or a hint.

    The runner has errors of its own.
    """
    found = [module for module in all_modules if module.name.partition(".")[0] != "runner"]
    names = {
        node.name
        for module in found
        if module.name == "errors"
        for node in module.tree.body
        if isinstance(node, ast.ClassDef) and "Struct" not in ast.unparse(node.bases[0])
    }
    total = 0
    for node in (node for module in found for node in ast.walk(module.tree)):
        match node:
            case ast.Call(func=ast.Name(id=name), args=[why, *_]) if name in names:
                told = [why]
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id=name), attr="field"), args=[_, why, *_]
            ) if name in names:
                told = [why]
            case ast.Call(func=ast.Name(id=name)) if name in names:
                told = []
            case _:
                continue
        told += [keyword.value for keyword in node.keywords if keyword.arg == "hint"]
        total += sum(map(_is_text, told))
    return total


def _is_text(node: ast.AST) -> bool:
    """Return whether an expression is a text that the code composes."""
    match node:
        case ast.Constant(value=str()) | ast.JoinedStr():
            return True
        case ast.BinOp(left=left, right=right) | ast.IfExp(body=left, orelse=right):
            return _is_text(left) or _is_text(right)
        case ast.Call(func=ast.Attribute(value=inner, attr="format" | "join")):
            return _is_text(inner)
    return False


def comment_share(all_modules: Iterable[Module]) -> float:
    """Return the lines with a comment in 100 lines that are not empty."""
    comments = lines = 0
    for module in all_modules:
        with module.path.open("rb") as file:
            comments += sum(t.type == tokenize.COMMENT for t in tokenize.tokenize(file.readline))
        lines += sum(bool(line.strip()) for line in module.path.read_text("utf-8").splitlines())
    return 100 * comments / lines


def first_words(all_modules: Iterable[Module]) -> list[str]:
    """Return the first word of the docstring of each function."""
    texts = (ast.get_docstring(f) for module in all_modules for f in functions(module.tree))
    return [text.split()[0].strip(".,:;") for text in texts if text]


def report(found: Mapping[str, Module]) -> Iterator[tuple[str, bool]]:
    """Yield each figure as a line, and whether it keeps its limit."""
    for folder, count in sizes(found).most_common():
        limit = LARGER.get(folder, MAX_MODULES)
        if count > 12:
            line = f"modules in {folder or 'nbyard'}: {count} (at most {limit})"
            yield line, count <= limit
    for name in sorted(set(found) - STILL_THERE):
        if name.rpartition(".")[2] in REPLACED:
            yield f"{name} has a name that WORDS replaced", False
    lazy = function_imports(found.values())
    yield f"imports inside functions: {lazy} (at most {MAX_LAZY_IMPORTS})", lazy <= MAX_LAZY_IMPORTS
    once = used_once(found.values())
    yield f"private functions used once: {once} (at most {MAX_USED_ONCE})", once <= MAX_USED_ONCE
    texts = texts_of_errors(found.values())
    yield f"errors with a text instead of a reason: {texts} (none)", not texts
    comments = comment_share(found.values())
    line = f"comments in 100 lines: {comments:.1f} (at least {MIN_COMMENTS})"
    yield line, comments >= MIN_COMMENTS
    words = first_words(found.values())
    verbs = 100 * sum(word in VERBS for word in words) / len(words)
    line = f"docstrings of functions with a verb first: {verbs:.0f} % (at least {MIN_VERBS})"
    yield line, verbs >= MIN_VERBS


def main() -> int:
    """Print the figures; return 1 if one is worse than its limit."""
    lines = list(report(modules()))
    for line, is_kept in lines:
        sys.stdout.write(f"{'  ' if is_kept else 'X '}{line}\n")
    return not all(is_kept for _, is_kept in lines)


if __name__ == "__main__":
    sys.exit(main())
