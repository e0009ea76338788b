"""What code may look for beside the files that it reads: names in its text, and whether it opens or
tests names that it computes. Nothing is run."""

import ast
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

import msgspec

from nbyard.domain.formats import is_data
from nbyard.domain.literals import NotConstant, evaluate
from nbyard.domain.mentions import code_of
from nbyard.domain.notebooks import parse

PYTHON = (".py", ".ipynb")
# programs of a Python that are no text
COMPILED = (".egg", ".pyc", ".whl", ".zip")
PROGRAM = b"\x7fELF"
# the last word of what opens a file or asks about one, beside all that begins as BEGINNINGS say
_PROBES = (
    "CDLL Dataset ExcelFile File ParquetFile TarFile ZipFile __import__ access connect eval exec"
    " exists find_spec fromfile genfromtxt getctime getmtime getsize glob iglob imread is_dir"
    " is_file is_symlink isdir isfile islink iterdir lexists listdir lstat memmap parse reload"
    " rglob run_module run_path samefile scandir stat walk which"
)
PROBES = frozenset(_PROBES.split())
# of these what was opened is read later
OPENERS = frozenset({"Dataset", "ExcelFile", "File", "TarFile", "ZipFile", "connect", "open"})
BEGINNINGS = ("from_", "import_", "load", "open", "read", "scan_")
# these are also what texts and data frames do
_MOVES = "compile copy copy2 copyfile copytree link move rename replace symlink"
MOVES = frozenset(_MOVES.split())
MODULES = ("os", "shutil")
# what runs other programs, of which nothing is known
SHELLS = re.compile(
    r"subprocess|popen|pexpect|posix_spawn|\bpty\b|\bsystem\b|get_ipython|\bos\.(?:exec|spawn)"
    r"|(?:^|=)\s*[!%]",
    re.MULTILINE | re.IGNORECASE,
)
SHELL = (".bash", ".sh")
COMMENT = re.compile(r"^\s*#.*$", re.MULTILINE)
COMMAND = re.compile(r"(?:^|[|;&(`]|\b(?:do|else|then)\b)\s*(?:\w+=\S*\s+)*([^\s|;&()<>=]+)", re.M)
# what reads the files that it is given, and asks about no others
_READERS = (
    "cat cd cut do done echo exit export false fi for gunzip gzip head join mkdir paste printf"
    " seq set sleep sort tail tee tr true uniq wc zcat"
)
READERS = frozenset(_READERS.split())
HARMLESS = re.compile(
    r"^[ \t]*%(?:(?:matplotlib|autoreload|load_ext|reload_ext)\b.*$"
    r"|%?time(?:it)?\b(?:[ \t]+-\S+)*[ \t]*)",
    re.MULTILINE,
)
SIZES = re.compile(
    r"\bl?stat\b|getsize|getmtime|getctime|st_size|st_mtime|scandir|sendfile|filecmp|fsspec"
    r"|X_OK|\bwhich\(|\.(?:size|info|du)\("
)


class Probes(msgspec.Struct, frozen=True):
    """What a text may ask for: `text` and the `names` that it puts together, any name where it
    `is_open`, and sizes, times or modes of files that it does not open."""

    text: str = ""
    names: frozenset[str] = frozenset()
    is_open: bool = False
    asks_sizes: bool = False


def probes_of(
    filename: str,
    content: bytes,
    given: Mapping[str, Any] = MappingProxyType({}),
    *,
    is_own: bool = False,
    is_python: bool = True,
) -> Probes:
    """Read a file that work opened; `is_own` where it is the work's own, `is_python` as its
    notebook's language is. `given` are the values of variables that are set from outside.

    Other languages than Python are not understood. What else was opened only names files: whatever
    runs it is not understood itself, or runs other programs.
    """
    suffix = filename[filename.rfind(".") :].lower()
    if suffix == ".ipynb" and not is_python:
        return _unknown(content)
    if suffix in SHELL:
        return _of_shell(content.decode("utf-8", "replace"))
    if suffix not in PYTHON:
        if is_own or suffix in COMPILED or content.startswith(PROGRAM):
            return _unknown(content)
        is_text = not is_data(filename) and b"\0" not in content
        return Probes(content.decode("utf-8", "replace") if is_text else "")
    try:
        text = HARMLESS.sub("", code_of(filename, content))
        tree, _ = parse(text)
    except (SyntaxError, ValueError, KeyError, TypeError):
        return _unknown(content)
    names, is_open = _Reader(tree, given).look()
    runs_others = SHELLS.search(text) is not None
    asks = runs_others or SIZES.search(text) is not None
    return Probes(text, frozenset(names), is_open or runs_others, asks)


def _of_shell(text: str) -> Probes:
    told = COMMENT.sub("", text)
    is_unknown = "[" in told or any(word not in READERS for word in COMMAND.findall(told))
    return Probes(told, is_open=is_unknown or "$" in told, asks_sizes=is_unknown)


def _unknown(content: bytes) -> Probes:
    return Probes(content.decode("utf-8", "replace"), is_open=True, asks_sizes=True)


class _Reader:
    """Names in a module that have one constant value wherever they are read, and open files."""

    def __init__(self, tree: ast.Module, given: Mapping[str, Any]) -> None:
        self._tree = tree
        self._given = given
        self._known: dict[str, Any] = {}
        self._handles: set[str] = set()
        self._names: set[str] = set()
        self._imported = {
            (one.asname or one.name).partition(".")[0]
            for node in ast.walk(tree)
            if isinstance(node, ast.Import | ast.ImportFrom)
            for one in node.names
        }

    def look(self) -> tuple[set[str], bool]:
        """Return the names that it asks for, and whether it asks for others."""
        self._learn()
        nodes = list(ast.walk(self._tree))
        apart = {id(node.func) for node in nodes if isinstance(node, ast.Call)}
        apart |= {id(node.value) for node in nodes if isinstance(node, ast.Attribute)}
        return self._names, any([self._is_open(node, apart) for node in nodes])

    def _is_open(self, node: ast.AST, apart: Collection[int]) -> bool:
        """Whether it is a call with a name that is not known, or a function that others may call;
        `apart` are what is called and whose attribute it is."""
        match node:
            case ast.Call():
                return self._is_probe(node) and not self._is_fixed(node)
            case ast.Name(ctx=ast.Load()) | ast.Attribute(ctx=ast.Load()):
                return id(node) not in apart and _last(node) in PROBES | {"open"}
            case ast.ImportFrom(names=names):
                return any(one.asname and _is_word(one.name) for one in names)
        return False

    def _learn(self) -> None:
        bound: dict[str, list[ast.expr | None]] = {}
        for name, value in _bindings(self._tree):
            bound.setdefault(name, []).append(value)
        for name, values in bound.items():
            if all(isinstance(one, ast.Call) and _last(one.func) in OPENERS for one in values):
                self._handles.add(name)
            elif name in self._given and len(values) == 1:
                self._known[name] = self._given[name]
            elif len(values) == 1 and values[0] is not None:
                value = self._value(values[0])
                if value is not None:
                    self._known[name] = value

    def _value(self, node: ast.expr) -> Any:
        try:
            return evaluate(node, self._known)
        except NotConstant:
            return None

    def _is_probe(self, node: ast.Call) -> bool:
        word, owner = _last(node.func), getattr(node.func, "value", None)
        if word in MOVES:
            return owner is None or (isinstance(owner, ast.Name) and owner.id in MODULES)
        is_of_handle = owner is not None and word.startswith("read") and not node.args
        return _is_word(word) and not (is_of_handle and not word.startswith("read_"))

    def _is_fixed(self, node: ast.Call) -> bool:
        """Whether all that may be a path in a call is known."""
        told = [*node.args[:2], *(one.value for one in node.keywords)]
        if isinstance(node.func, ast.Attribute) and not self._is_module(node.func.value):
            told.append(node.func.value)
        return all(self._is_known(one) for one in told)

    def _is_module(self, node: ast.expr) -> bool:
        while isinstance(node, ast.Attribute):
            node = node.value
        return isinstance(node, ast.Name) and node.id in self._imported

    def _is_known(self, node: ast.expr) -> bool:
        if isinstance(node, ast.Name) and node.id in self._handles:
            return True
        if isinstance(node, ast.Call) and (_last(node.func) in OPENERS or _is_handed(node)):
            return True  # the one is looked at itself, the other is no file of the code
        value = self._value(node)
        if isinstance(value, str):
            self._names.add(value)
        return value is not None or isinstance(node, ast.Constant | ast.Lambda)


def _bindings(tree: ast.Module) -> Iterator[tuple[str, ast.expr | None]]:
    """Yield each name that is bound, with its value where that is one expression."""
    told = set()
    for node in ast.walk(tree):
        match node:
            case (
                ast.Assign(targets=[ast.Name() as target], value=value)
                | ast.AnnAssign(target=ast.Name() as target, value=value)
                | ast.withitem(context_expr=value, optional_vars=ast.Name() as target)
            ):
                told.add(target)
                yield target.id, value
            case ast.arg(arg=name) | ast.ExceptHandler(name=str(name)):
                yield name, None
            case ast.Name(id=name, ctx=ast.Store()) if node not in told:
                yield name, None


def _is_word(word: str) -> bool:
    return word in PROBES or (word.startswith(BEGINNINGS) and word != "loads")


def _is_handed(node: ast.Call) -> bool:
    """Whether it is `nbyard.input(…)` or its like."""
    owner = getattr(node.func, "value", None)
    return isinstance(owner, ast.Name) and owner.id == "nbyard"


def _last(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def asks_for(probes: Iterable[Probes], name: str) -> bool:
    """Whether a text names a file or folder of the bundle, by its last part, with or without its
    ending. Of `__init__.py` it is the folder."""
    parts = name.split("/")
    last = parts[-2] if parts[-1].startswith("__init__.") and len(parts) > 1 else parts[-1]
    stem = last.partition(".")[0] or last
    word = re.compile(rf"(?<!\w){re.escape(stem)}(?!\w)")
    return any(word.search(one.text) or any(map(word.search, one.names)) for one in probes)
