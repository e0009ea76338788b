"""Print how large the project is, what it repeats and what its tests lean on, with the goals.

Run it as `python buildtools/measures.py`. The counts agree with those of issue 42, which set the
goals at commit 252d44c3, within 3 in 100. `figures.py` limits the size of the product.
"""

import ast
import json
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import figures
from checks.results import processor
from figures import ROOT, Module
from nbyard.reasons.codes import CODES

TESTS = ROOT / "tests"
RESULT = ROOT / ".check/result.json"
GENERATED = re.compile(r"do not edit|auto-generated", re.IGNORECASE)  # at the top of a file
SENTENCE_WORDS = 5
PRIVATE = re.compile(r"_[a-z]\w*(?<!_)")  # neither `__init__` nor `_repr_html_`
# The standard library documents the first; argparse and openlineage have no other names.
PUBLIC = frozenset({"_asdict", "_exit", "_fields", "_replace", "_actions", "_get_schema"})


@dataclass(frozen=True)
class Measure:
    """One line of the table; a `goal` of None means that the issue set none."""

    name: str
    before: int
    now: int
    goal: int | None


def measures() -> Iterator[Measure]:
    """Yield the measures that one can count; the issue has others, which are tried by hand."""
    package = figures.modules()
    lines = figures.product_lines(figures.PACKAGE)
    yield Measure("Python of the product: lines", 129_300, lines, 120_000)
    yield Measure("Python of the product: modules", 880, len(figures.product_modules(package)), 620)
    yield Measure("lines for each claim of features.md", 1_600, lines // figures.claims(), 1_500)
    typescript = typescript_lines(ROOT / figures.SOURCES)
    yield Measure("TypeScript without tests and generated files", 43_500, typescript, 41_500)
    yield Measure("tests (Python): lines", 118_900, figures.product_lines(TESTS), 112_000)
    yield Measure("codes", 1_727, len(CODES), 700)
    yield Measure("private functions used once", 1_025, used_once(package.values()), 700)
    yield Measure("modules with a single importer", 162, len(single_importers(package)), None)
    tests = [ast.parse(path.read_bytes()) for path in sorted(TESTS.rglob("*.py"))]
    yield Measure("tests: private attributes", 356, sum(map(private_attributes, tests)), 0)
    names = sum(map(private_names, tests))
    yield Measure("tests: private names, patched or imported", 83, names, None)
    asserted = sum(map(asserted_sentences, tests))
    yield Measure("tests: sentences in an assertion", 547, asserted, 0)
    yield Measure("tests: sentences in a `match`", 205, sum(map(matched_sentences, tests)), None)


def typescript_lines(folder: Path) -> int:
    """Return the lines of TypeScript in a folder, without tests and generated files."""
    texts = [
        path.read_text("utf-8")
        for path in folder.rglob("*.ts*")
        if "__tests__" not in path.relative_to(folder).parts
    ]
    return sum(len(text.splitlines()) for text in texts if not GENERATED.search(text[:200]))


def used_once(all_modules: Iterable[Module]) -> int:
    """Return the number of private functions and methods whose only use is one call.

    A use is a name, or an attribute, in the module of the function. `figures.used_once` looks only
    at functions of modules, for a share that may not grow.
    """
    count = 0
    for module in all_modules:
        uses, calls = Counter[str](), Counter[str]()
        for node in ast.walk(module.tree):
            match node:
                case ast.Name(id=name) | ast.Attribute(attr=name):
                    uses[name] += 1
                case ast.Call(
                    func=ast.Name(id=name)
                    | ast.Attribute(value=ast.Name(id="self" | "cls"), attr=name)
                ):
                    calls[name] += 1
        private = {each.name for each in figures.functions(module.tree) if is_private(each.name)}
        count += sum(uses[name] == calls[name] == 1 for name in private)
    return count


def is_private(name: str) -> bool:
    """Return whether a name is one that other modules should not use."""
    return PRIVATE.fullmatch(name) is not None and name not in PUBLIC


def single_importers(all_modules: Mapping[str, Module]) -> list[str]:
    """Return the modules whose only importer is another module of their folder."""
    importers: dict[str, set[str]] = {}
    for module in all_modules.values():
        for name in figures.imported(module, all_modules):
            importers.setdefault(name, set()).add(module.name)
    only = {name: all_modules[min(of)] for name, of in importers.items() if len(of) == 1}
    return [
        name
        for name, importer in only.items()
        if not importer.is_package
        and not all_modules[name].is_package
        and importer.folder == all_modules[name].folder
    ]


def private_attributes(test: ast.Module) -> int:
    """Return how often a test reads or sets a private attribute of another object."""
    return sum(
        isinstance(node, ast.Attribute)
        and is_private(node.attr)
        and not (isinstance(node.value, ast.Name) and node.value.id in ("self", "cls"))
        for node in ast.walk(test)
    )


def private_names(test: ast.Module) -> int:
    """Return how often a test imports a private name of ours, or patches one by its text."""
    count = 0
    for node in ast.walk(test):
        match node:
            case ast.ImportFrom(module=str(module)) if module.startswith("nbyard"):
                count += sum(is_private(alias.name) for alias in node.names)
            case ast.Call(func=ast.Attribute(attr="setattr" | "delattr")):
                texts = (text for each in node.args for text in _texts(each))
                count += sum(is_private(text.rpartition(".")[2]) for text in texts)
    return count


def asserted_sentences(test: ast.Module) -> int:
    """Return the assertions with a text of one line and five words or more."""
    found = (node.test for node in ast.walk(test) if isinstance(node, ast.Assert))
    return sum(any(map(_is_sentence, _texts(node))) for node in found)


def matched_sentences(test: ast.Module) -> int:
    """Return the arguments `match=` with a text of one line and five words or more."""
    found = (node for node in ast.walk(test) if isinstance(node, ast.keyword))
    return sum(node.arg == "match" and any(map(_is_sentence, _texts(node))) for node in found)


def _texts(node: ast.AST) -> Iterator[str]:
    """Yield the constant texts in an expression."""
    for each in ast.walk(node):
        if isinstance(each, ast.Constant) and isinstance(each.value, str):
            yield each.value


def _is_sentence(text: str) -> bool:
    return "\n" not in text and len(text.split()) >= SENTENCE_WORDS


def last_check() -> str:
    """Return the processor time of the last check; empty before the first one."""
    try:
        record = json.loads(RESULT.read_text())
        command = " ".join(record["command"])
        seconds = (record[f"{name}_seconds"] for name in ("cpu", "loop", "idle"))
        return f"{command}: {processor(*seconds).strip()}"
    except (FileNotFoundError, KeyError):
        return ""


def main() -> int:
    """Print the table."""
    sys.stdout.write(f"{'':48}{'at 252d44c3':>12}{'now':>10}{'goal':>10}\n")
    for row in measures():
        goal = "" if row.goal is None else f"{row.goal:,}"
        sys.stdout.write(f"{row.name:48}{row.before:>12,}{row.now:>10,}{goal:>10}\n")
    sys.stdout.write(f"{last_check()}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
