"""Print how the package is built, and fail where a figure is worse than its limit.

Run it as `python buildtools/figures.py`. `./check --fast` runs it as the step `figures`.
"""

import ast
import re
import sys
import tokenize
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "jupyter_ext" / "nbyard"
IGNORED = {"labextension", "versions"}  # the browser bundle, and migrations that must not change
# Limits only get stricter: whoever improves a figure changes its limit in the same commit.
MAX_MODULES = 16
LARGER = {"runner": 45, "testing": 17}  # to be divided
MAX_CYCLES = {"cli.commands": 4, "runner": 9, "serving.batch": 2}  # modules in a cycle
MAX_LAZY_IMPORTS = 135
MAX_USED_ONCE = 970
MIN_COMMENTS = 1.9  # lines in 100
MIN_VERBS = 98  # of 100 docstrings of functions
# Names that WORDS replaced: no module may have one again.
REPLACED = frozenset(
    [
        "answering",
        "archiving",
        "asking",
        "awaiting",
        "calling",
        "candidates",
        "carrying",
        "clicking",
        "argparsing",
        "conclusions",
        "crash",
        "departures",
        "endings",
        "fields",
        "guesses",
        "guest",
        "handed",
        "kept_logs",
        "kept_traffic",
        "last_words",
        "listening",
        "localpaths",
        "making",
        "missing",
        "noting",
        "nouns",
        "openings",
        "parts",
        "placing",
        "reaches",
        "room",
        "seats",
        "strays",
        "takeovers",
        "trials",
        "unfinished",
        "unknowns",
        "using",
        "working",
    ]
)
STILL_THERE = {
    "domain.models.trials",
    "importers.cwl.fields",
    "serving.batch.parts",
}  # to be renamed
VERBS = frozenset(
    Path(__file__).with_name("verbs.txt").read_text("utf-8").split()
)  # that docstrings start with


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


def imported(module: Module, all_modules: Mapping[str, Module]) -> set[str]:
    """Return the modules of the package that a module imports, except only for types."""
    found: set[str] = set()
    for node in _without_types(module.tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
            found |= {name.removeprefix("nbyard.") for name in names if name.startswith("nbyard.")}
        elif isinstance(node, ast.ImportFrom):
            base = _base(node, module)
            if base is not None:
                inner = {f"{base}.{alias.name}".lstrip(".") for alias in node.names}
                found |= {name if name in all_modules else base for name in inner}
    return (found & set(all_modules)) - {module.name}


def _base(node: ast.ImportFrom, module: Module) -> str | None:
    """Return the module that names come from, without "nbyard."; None for other packages."""
    if node.level == 0:
        name = node.module or ""
        return name.partition("nbyard")[2].lstrip(".") if _is_ours(name) else None
    parts = module.folder.split(".") if module.folder else []
    kept = parts[: len(parts) - node.level + 1]
    return ".".join([*kept, *([node.module] if node.module else [])])


def _is_ours(name: str) -> bool:
    return name == "nbyard" or name.startswith("nbyard.")


def _without_types(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield all nodes except those below `if TYPE_CHECKING`."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        yield node
        yield from _without_types(node)


def cycles(all_modules: Mapping[str, Module]) -> dict[str, list[set[str]]]:
    """Return the import cycles among the children of each folder: modules and subfolders."""
    edges = [(m.name, other) for m in all_modules.values() for other in imported(m, all_modules)]
    found = {}
    for folder in sorted({"", *sizes(all_modules)}):
        prefix = f"{folder}." if folder else ""
        graph: dict[str, set[str]] = defaultdict(set)
        for one, other in edges:
            if one.startswith(prefix) and other.startswith(prefix):
                start, end = (name[len(prefix) :].split(".")[0] for name in (one, other))
                if start and end and start != end:
                    graph[start].add(end)
        if groups := [group for group in strongly_connected(graph) if len(group) > 1]:
            found[folder] = groups
    return found


def strongly_connected(graph: Mapping[str, set[str]]) -> list[set[str]]:
    """Return the strongly connected components of a small graph (transitive closure)."""
    reached = {node: _reachable(node, graph) for node in graph}
    groups: list[set[str]] = []
    for node in graph:
        if not any(node in group for group in groups):
            groups.append({node} | {o for o in reached[node] if node in reached.get(o, set())})
    return groups


def _reachable(start: str, graph: Mapping[str, set[str]]) -> set[str]:
    waiting, seen = [start], set[str]()
    while waiting:
        for other in graph.get(waiting.pop(), set()) - seen:
            seen.add(other)
            waiting.append(other)
    return seen


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
    for folder, groups in cycles(found).items():
        for group in groups:
            line = f"import cycle in {folder or 'nbyard'}: {', '.join(sorted(group))}"
            yield line, len(group) <= MAX_CYCLES.get(folder, 0)
    for name in sorted(set(found) - STILL_THERE):
        if name.rpartition(".")[2] in REPLACED:
            yield f"{name} has a name that WORDS replaced", False
    lazy = function_imports(found.values())
    yield f"imports inside functions: {lazy} (at most {MAX_LAZY_IMPORTS})", lazy <= MAX_LAZY_IMPORTS
    once = used_once(found.values())
    yield f"private functions used once: {once} (at most {MAX_USED_ONCE})", once <= MAX_USED_ONCE
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
