"""Print how the package is built, and fail where a figure is worse than its limit.

Run it as `python buildtools/figures.py`. `./check --fast` runs it as the step `figures`. Where a
figure fails, it names what a change added, and the remedy.
"""

import ast
import graphlib
import re
import subprocess
import sys
import tempfile
import tokenize
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "jupyter_ext" / "nbyard"
SOURCES = "src"  # those of the browser
UNCHECKED = {"api", "codes.ts", "__tests__"}  # generated, and tests
IGNORED = {"labextension", "versions"}  # the browser bundle, and migrations that must not change
FEATURES = ROOT / "docs/reference/features.md"
CLAIM = re.compile(r"^\| [A-Z]\d+ \|", re.MULTILINE)
# A limit leaves room for some changes. A commit that improves a figure lowers its limit.
# The size of the product may grow with a claim, and falls for each; measures.py prints its goal.
MAX_PRODUCT_LINES = 137_740
MAX_PRODUCT_MODULES = 645
MAX_LINES_PER_CLAIM = 1_465
MAX_MODULES = 16
# Per module: the number of its imports of our own modules inside functions, and why.
LAZY_IMPORTS = Path(__file__).with_name("lazy_imports.txt")
MAX_USED_ONCE = 3.6  # in 1,000 lines
MIN_COMMENTS = 2.2  # lines in 100
MIN_VERBS = 100  # of 100 docstrings of functions
LINE_CHARS = 60  # of the first line of a docstring
MAX_LONG = 22.4  # functions with a longer one, in 1,000 lines
MAX_SHOWN = 20  # new items that a failed figure names
# Names that WORDS replaced: no module may have one again.
REPLACED = frozenset(
    [
        "ahead",
        "alone",
        "answering",
        "archiving",
        "argparsing",
        "asking",
        "awaiting",
        "beside",
        "call_forms",
        "calling",
        "candidates",
        "carrying",
        "cases",
        "changes",
        "claimed",
        "clicking",
        "conclusions",
        "crash",
        "crew",
        "departures",
        "direct",
        "endings",
        "fields",
        "following",
        "foreign",
        "found",
        "guesses",
        "guest",
        "handed",
        "keeping_bytes",
        "kept_logs",
        "kept_traffic",
        "last_words",
        "listening",
        "localpaths",
        "locks",
        "made_before",
        "making",
        "masks",
        "missing",
        "noting",
        "nouns",
        "openings",
        "parts",
        "pinned",
        "placing",
        "printed",
        "reaches",
        "rehearsal",
        "report",
        "reserve",
        "returned",
        "rollouts",
        "room",
        "seats",
        "single",
        "spared",
        "standby",
        "started",
        "strays",
        "takeovers",
        "trials",
        "unfinished",
        "unknowns",
        "uses",
        "using",
        "verdict",
        "working",
    ]
)
# `facts`, `reasons`, `restoring` and the folder `work` are in use again, for what they mean.
REPLACED_CLASSES = frozenset({"Case", "Crew", "Desk", "Room"})
REPLACED_FUNCTIONS = frozenset({"hear", "heard", "said", "say", "tell", "told"})
# Names that say nothing of what a variable holds. Those that are left are fields of stored
# documents, and words of a text or of a command.
VAGUE = frozenset({"found", "one", "told", "words"})
MAX_VAGUE = 38
# In TypeScript: what declares a variable, a function, a parameter or a field.
VAGUE_TYPESCRIPT = re.compile(
    rf"(?:\b(?:const|let|function) |[({{,;]\s*|^\s*(?:readonly )?)({'|'.join(sorted(VAGUE))})"
    r"(?=\??:(?!:)| = | =>|\(\w*: |,.*=> )",
    re.MULTILINE,
)
# Words that docstrings of functions may start with. Verbs that WORDS discourages are left out.
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
    by_name = {}
    for path in sorted(package.rglob("*.py")):
        place = path.relative_to(package)
        if IGNORED & set(place.parts):
            continue
        is_package = path.name == "__init__.py"
        name = ".".join(place.parent.parts if is_package else place.with_suffix("").parts)
        by_name[name] = Module(name, is_package, ast.parse(path.read_bytes()), path)
    return by_name


def product_lines(folder: Path) -> int:
    """Return the lines of Python in a folder, migrations and empty lines included."""
    return sum(len(path.read_bytes().splitlines()) for path in folder.rglob("*.py"))


def product_modules(all_modules: Mapping[str, Module]) -> list[str]:
    """Return the modules, without each `__init__` and migration."""
    return [module.name for module in all_modules.values() if not module.is_package]


def claims() -> int:
    """Return the number of features that docs/reference/features.md claims."""
    return len(CLAIM.findall(FEATURES.read_text("utf-8")))


def sizes(all_modules: Mapping[str, Module]) -> dict[str, list[str]]:
    """Return the modules of each folder, without its `__init__`."""
    by_folder: dict[str, list[str]] = {}
    for module in all_modules.values():
        if not module.is_package:
            by_folder.setdefault(module.folder, []).append(module.name)
    return by_folder


def function_imports(all_modules: Iterable[Module]) -> list[str]:
    """Return the imports of our own modules inside functions."""
    inside = {
        id(node): f"{module.name}: {ast.unparse(node)}"
        for module in all_modules
        for function in functions(module.tree)
        for node in ast.walk(function)
        if isinstance(node, ast.ImportFrom | ast.Import) and "nbyard" in ast.unparse(node)
    }
    return list(inside.values())


def lazy_import_counts(text: str) -> Counter[str]:
    """Return the allowed imports inside functions of each module in `lazy_imports.txt`.

    Raises:
        ValueError: a line lacks the number or the reason.
    """
    allowed = Counter[str]()
    for line in text.splitlines():
        if line.strip() and not line.startswith("#"):
            module, number, _reason = line.split(maxsplit=2)
            allowed[module] = int(number)
    return allowed


def cycles(all_modules: Mapping[str, Module]) -> list[str]:
    """Return the modules of one cycle of imports, those inside functions included."""
    graph = {name: set(imported(module, all_modules)) for name, module in all_modules.items()}
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        return list(error.args[1])
    return []


def imported(module: Module, all_modules: Mapping[str, Module]) -> Iterator[str]:
    """Yield the modules of ours that a module imports."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.ImportFrom):
            start = node.module or ""
            if node.level:
                parts = module.folder.split(".") if module.folder else []
                parts = parts[: len(parts) - node.level + 1]
                start = ".".join(["nbyard", *parts, *filter(None, [node.module])])
            wanted = [f"{start}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            start, wanted = "", [alias.name for alias in node.names]
        else:
            continue
        for name in wanted:
            place = name.removeprefix("nbyard.")
            if place == name:
                continue
            place = place if place in all_modules else start.removeprefix("nbyard").strip(".")
            if place in all_modules and place != module.name:
                yield place


def replaced_names(all_modules: Iterable[Module]) -> list[str]:
    """Return the classes and functions with a name that WORDS replaced."""
    return [
        f"{module.name}: {node.name}"
        for module in all_modules
        for node in ast.walk(module.tree)
        if (isinstance(node, ast.ClassDef) and node.name.strip("_") in REPLACED_CLASSES)
        or (
            isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            and node.name.strip("_") in REPLACED_FUNCTIONS
        )
    ]


def vague_names(all_modules: Iterable[Module], typescript: Path) -> list[str]:
    """Return variables, parameters, fields and functions with a name of `VAGUE`.

    `typescript` is the folder of the browser's sources.
    """
    vague = []
    for module in all_modules:
        for node in ast.walk(module.tree):
            match node:
                case (
                    ast.Name(id=name, ctx=ast.Store())
                    | ast.Attribute(attr=name, ctx=ast.Store())
                    | ast.arg(arg=name)
                    | ast.MatchAs(name=str(name))
                    | ast.FunctionDef(name=name)
                ) if name.strip("_") in VAGUE:
                    vague.append(f"{module.name}: {name}")
    for path in sorted(typescript.rglob("*.ts*")):
        place = path.relative_to(typescript)
        if not UNCHECKED & set(place.parts):
            names = VAGUE_TYPESCRIPT.findall(path.read_text("utf-8"))
            vague += [f"{place}: {name}" for name in names]
    return vague


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Yield all functions and methods of a module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def used_once(all_modules: Iterable[Module]) -> list[str]:
    """Return private functions of modules that are named once besides their definition."""
    private = []
    for module in all_modules:
        names = [
            node.name
            for node in module.tree.body
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name[0] == "_"
        ]
        words = Counter(re.findall(r"\w+", module.path.read_text("utf-8")))
        private += [f"{module.name}: {name}" for name in names if words[name] == 2]
    return private


def line_count(all_modules: Iterable[Module]) -> int:
    """Return the number of lines of all modules."""
    return sum(len(module.path.read_bytes().splitlines()) for module in all_modules)


def comment_share(all_modules: Collection[Module]) -> float:
    """Return the lines with nothing but a comment in 100 lines."""
    comments = 0
    for module in all_modules:
        with module.path.open("rb") as file:
            tokens = [*tokenize.tokenize(file.readline)]
        comments += sum(
            t.type == tokenize.COMMENT and t.line.lstrip().startswith("#") for t in tokens
        )
    return 100 * comments / line_count(all_modules)


def long_first_lines(all_modules: Iterable[Module]) -> list[str]:
    """Return the functions whose docstring has a first line beyond `LINE_CHARS`."""
    return [
        f"{module.name}.{function.name}: {len(text.splitlines()[0])}"
        for module in all_modules
        for function in functions(module.tree)
        if (text := ast.get_docstring(function)) and len(text.splitlines()[0]) > LINE_CHARS
    ]


def first_words(all_modules: Iterable[Module]) -> list[str]:
    """Return the name and the first word of the docstring of each function, without tests."""
    return [
        f"{module.name}.{function.name}: {text.split()[0].strip('.,:;')}"
        for module in all_modules
        for function in functions(module.tree)
        if not function.name.startswith("test_") and (text := ast.get_docstring(function))
    ]


@dataclass(frozen=True)
class Figure:
    """One figure: its line, whether it keeps its limit, what it counts, and the remedy."""

    line: str
    is_kept: bool
    counted: tuple[str, ...] = ()
    remedy: str = ""


def figures(package: Mapping[str, Module], typescript: Path) -> Iterator[Figure]:
    """Yield each figure of the package, and of the names in the browser's sources."""
    yield from _product(package)
    for folder, names in sorted(sizes(package).items(), key=lambda folder: -len(folder[1])):
        if len(names) > 12:
            line = f"modules in {folder or 'nbyard'}: {len(names)} (at most {MAX_MODULES})"
            remedy = "Add to a module that fits, or make a folder of modules that belong together."
            yield Figure(line, len(names) <= MAX_MODULES, tuple(names), remedy)
    for name in sorted(package):
        if name.rpartition(".")[2] in REPLACED:
            line = f"{name} has a name that the field does not use"
            yield Figure(
                line, False, (), "Name the module by what it has: REPLACED lists old names."
            )
    names = replaced_names(package.values())
    yield Figure(
        f"classes and functions with a name that the field does not use: {len(names)} (none)",
        not names,
        tuple(names),
        "Name it by what it is or does: WORDS has the terms.",
    )
    vague = vague_names(package.values(), typescript)
    yield Figure(
        f"names that say nothing of what they hold: {len(vague)} (at most {MAX_VAGUE})",
        len(vague) <= MAX_VAGUE,
        tuple(vague),
        f"Name it by what it holds, not {', '.join(sorted(VAGUE))}.",
    )
    cycle = cycles(package)
    yield Figure(
        f"cycles of imports: {' → '.join(cycle) or 'none'} (none)",
        not cycle,
        tuple(cycle),
        "Move what both modules need into a third one.",
    )
    yield _lazy_imports(package.values())
    once = used_once(package.values())
    share = 1000 * len(once) / line_count(package.values())
    yield Figure(
        f"private functions used once, in 1,000 lines: {share:.2f} (at most {MAX_USED_ONCE})",
        share <= MAX_USED_ONCE,
        tuple(once),
        "Write the lines where the function is called, if that stays below 45 lines.",
    )
    comments = comment_share(package.values())
    yield Figure(
        f"comments in 100 lines: {comments:.1f} (at least {MIN_COMMENTS})",
        comments >= MIN_COMMENTS,
        remedy="Say why, where a reader would wonder.",
    )
    long = long_first_lines(package.values())
    share = 1000 * len(long) / line_count(package.values())
    yield Figure(
        f"docstrings with a first line beyond {LINE_CHARS} characters, in 1,000 lines:"
        f" {share:.1f} (at most {MAX_LONG})",
        share <= MAX_LONG,
        tuple(long),
        "Say in the first line what the function does, and details below it.",
    )
    firsts = first_words(package.values())
    others = [word for word in firsts if word.rpartition(" ")[2] not in VERBS]
    verbs = 100 - 100 * len(others) / len(firsts)
    yield Figure(
        f"docstrings of functions with a verb first: {verbs:.0f} % (at least {MIN_VERBS})",
        verbs >= MIN_VERBS,
        tuple(others),
        "Begin with a verb: `Return …`, not Make, Take, Give, Say, Tell, Hear, Let or End."
        " A new verb is a line of buildtools/verbs.txt.",
    )


def _product(package: Mapping[str, Module]) -> Iterator[Figure]:
    """Yield the figures of the size of the product."""
    lines, names = product_lines(package[""].path.parent), product_modules(package)
    remedy = "Remove what repeats something, or what only one place uses; then lower the limit."
    yield Figure(
        f"lines of Python: {lines:,} (at most {MAX_PRODUCT_LINES:,})",
        lines <= MAX_PRODUCT_LINES,
        remedy=remedy,
    )
    yield Figure(
        f"modules of Python: {len(names)} (at most {MAX_PRODUCT_MODULES})",
        len(names) <= MAX_PRODUCT_MODULES,
        tuple(names),
        "Add to the module that has the idea. Merge a module that only one neighbour imports.",
    )
    share = lines // claims()
    yield Figure(
        f"lines of Python for each claim of features.md: {share:,}"
        f" (at most {MAX_LINES_PER_CLAIM:,})",
        share <= MAX_LINES_PER_CLAIM,
        remedy=remedy,
    )


def _lazy_imports(all_modules: Iterable[Module]) -> Figure:
    """Return the figure of the imports inside functions, which `lazy_imports.txt` lists."""
    lazy = function_imports(all_modules)
    counted = Counter(each.partition(":")[0] for each in lazy)
    allowed = lazy_import_counts(LAZY_IMPORTS.read_text("utf-8"))
    unlisted = {name for name in counted | allowed if counted[name] != allowed[name]}
    line = f"imports inside functions: {len(lazy)} (at most {allowed.total()}, as listed)"
    if unlisted:
        line += f"; not as listed: {', '.join(sorted(unlisted))}"
    return Figure(
        line,
        not unlisted,
        tuple(each for each in lazy if each.partition(":")[0] in unlisted),
        "Import at the top of the module. Commands take `connect` from nbyard.cli.shared_options."
        " Where laziness matters, write number and reason into buildtools/lazy_imports.txt.",
    )


def before_the_change() -> Counter[str]:
    """Return what the figures counted in HEAD, or before the last commit of a clean tree."""
    place = PACKAGE.relative_to(ROOT).as_posix()
    is_clean = not _git("status", "--porcelain", "--", place, SOURCES)
    packed = _git("archive", "HEAD~1" if is_clean else "HEAD", "--", place, SOURCES)
    if not packed:
        return Counter()
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["tar", "-x", "-C", folder], input=packed, check=True)
        former = figures(modules(Path(folder, place)), Path(folder, SOURCES))
        return Counter(item for figure in former for item in figure.counted)


def _git(*words: str) -> bytes:
    """Return what git prints; nothing where it fails, as in a copy without a history."""
    return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, check=False).stdout


def main() -> int:
    """Print the figures; return 1 if one is worse than its limit."""
    all_figures = list(figures(modules(), ROOT / SOURCES))
    is_kept = all(figure.is_kept for figure in all_figures)
    before = Counter[str]() if is_kept else before_the_change()
    for figure in all_figures:
        sys.stdout.write(f"{'  ' if figure.is_kept else 'X '}{figure.line}\n")
        if not figure.is_kept:
            new = sorted((Counter(figure.counted) - before).elements()) if before else []
            lines = [*(f"new: {item}" for item in new[:MAX_SHOWN]), figure.remedy]
            sys.stdout.writelines(f"    {line}\n" for line in lines)
    return not is_kept


if __name__ == "__main__":
    sys.exit(main())
